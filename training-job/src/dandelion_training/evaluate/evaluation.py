"""The evaluation: what the network says about images it never learnt from, and the figures that
follow.

`pipeline` evaluates the network after each epoch and at the end; the last figures go into the
contract.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn


@dataclass(frozen=True)
class ClassFigures:
    """How well one class is told from the others."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class EvaluationResult:
    """Answers and truth for the whole holdout; all figures are derived from them."""

    logits: NDArray[np.float32]
    targets: NDArray[np.int64]

    @property
    def predicted(self) -> NDArray[np.int64]:
        return np.asarray(self.logits.argmax(axis=1), np.int64)

    @property
    def accuracy(self) -> float:
        return float((self.predicted == self.targets).mean())

    @property
    def confusion_matrix(self) -> NDArray[np.int64]:
        """Rows are the truth, columns what was predicted."""
        classes = self.logits.shape[1]
        counted = np.bincount(self.targets * classes + self.predicted, minlength=classes**2)
        return counted.reshape(classes, classes)

    @property
    def confidence(self) -> float:
        """The mean probability of the predicted class."""
        shifted = np.exp(self.logits - self.logits.max(axis=1, keepdims=True), dtype=np.float64)
        return float((shifted.max(axis=1) / shifted.sum(axis=1)).mean())

    def by_class(self) -> list[ClassFigures]:
        matrix = self.confusion_matrix
        return [_figures(matrix, index) for index in range(len(matrix))]

    @property
    def macro_f1(self) -> float:
        return float(np.mean([figures.f1 for figures in self.by_class()]))

    def predicted_shares(self, classes: Sequence[str]) -> dict[str, float]:
        shares = self.confusion_matrix.sum(axis=0) / max(1, len(self.targets))
        return {name: float(share) for name, share in zip(classes, shares, strict=True)}


def _figures(matrix: NDArray[np.int64], index: int) -> ClassFigures:
    right = int(matrix[index, index])
    support, said = int(matrix[index].sum()), int(matrix[:, index].sum())
    precision = right / said if said else 0.0
    recall = right / support if support else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return ClassFigures(precision, recall, f1, support)


def evaluate(
    network: nn.Module, batches: Iterable[tuple[torch.Tensor, torch.Tensor]]
) -> EvaluationResult:
    """The network's answers, in fp32 as they are served."""
    network.eval()
    logits, targets = [], []
    with torch.inference_mode():
        for inputs, truth in batches:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            logits.append(network(inputs).float().cpu().numpy())
            targets.append(truth.cpu().numpy())
    return EvaluationResult(np.concatenate(logits), np.concatenate(targets))
