"""Class activation maps of a network as large as those that are trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dandelion_inference.answer.explain.activation import compile_activation_map
from resnet34 import write_resnet34
from running.loading import compiled

THREADS = 2


def test_the_positions_of_a_resnet_add_up_to_its_answer(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    write_resnet34(path, image_size=128, classes=5)
    resnet = compiled(path, size=128, classes=tuple("abcde"))
    tensor = np.random.default_rng(0).random((1, 3, 128, 128), dtype=np.float32)
    scores = compile_activation_map(resnet.artifact, resnet.precision, THREADS).scores(tensor)
    assert scores.shape == (5, 4, 4)
    whole = np.log(resnet.probabilities(tensor, alone=True))
    blank = np.log(resnet.probabilities(np.zeros_like(tensor), alone=True))
    nothing = compile_activation_map(resnet.artifact, resnet.precision, THREADS).scores(
        np.zeros_like(tensor)
    )
    parts = (scores - nothing).mean(axis=(1, 2))
    difference = whole - blank
    # Logarithms of probabilities are scores but for one number that all classes share.
    assert parts - parts.mean() == pytest.approx(difference - difference.mean(), abs=1e-4)
