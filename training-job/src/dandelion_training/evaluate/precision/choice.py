"""Which precision is good enough to serve: the choice, from what each answered on the holdout.

Nothing here has effects. `assessment` hands in the answers; the choice and its evidence go into the
contract and to MLflow.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dandelion_training.export.engine import Precision

LOST_PER_THOUSAND = 3  # right answers fewer than fp32's that are still as good
SAME_PER_HUNDRED = 99


@dataclass(frozen=True)
class Answered:
    """How a precision did on the holdout, counted in images, so that limits are met exactly."""

    right: int
    same: int  # the same top class as fp32


@dataclass(frozen=True)
class Evidence:
    """What is known of every precision; one that is missing was not measured."""

    images: int
    answered: Mapping[Precision, Answered]

    def as_good_as_fp32(self, precision: Precision) -> bool:
        found = self.answered[precision]
        lost = self.answered[Precision.FP32].right - found.right
        return (
            lost * 1000 <= LOST_PER_THOUSAND * self.images
            and found.same * 100 >= SAME_PER_HUNDRED * self.images
        )

    @property
    def choice(self) -> Precision:
        """What was not measured is not chosen."""
        for precision in (Precision.INT8, Precision.BF16):
            if precision in self.answered and self.as_good_as_fp32(precision):
                return precision
        return Precision.FP32

    def accuracy(self, precision: Precision) -> float:
        return self.answered[precision].right / self.images

    def agreement(self, precision: Precision) -> float:
        return self.answered[precision].same / self.images

    def described(self) -> dict[str, object]:
        """As it stands in the contract."""
        found: dict[str, object] = {"choice": self.choice.value, "images": self.images}
        for precision in self.answered:
            figures = {"accuracy": self.accuracy(precision)}
            if precision is not Precision.FP32:
                figures["agreement"] = self.agreement(precision)
            found[precision.value] = figures
        return found

    def figures(self) -> dict[str, float]:
        """As MLflow shows it."""
        accuracies = {f"holdout_accuracy_{p}": self.accuracy(p) for p in self.answered}
        agreements = {
            f"agreement_{p}": self.agreement(p) for p in self.answered if p is not Precision.FP32
        }
        return accuracies | agreements


def evidence(
    targets: NDArray[np.int64], predicted: Mapping[Precision, NDArray[np.int64]]
) -> Evidence:
    """Count what the precisions predicted; fp32 is among them."""
    reference = predicted[Precision.FP32]
    counted = {
        precision: Answered(
            right=int((found == targets).sum()), same=int((found == reference).sum())
        )
        for precision, found in predicted.items()
    }
    return Evidence(len(targets), counted)
