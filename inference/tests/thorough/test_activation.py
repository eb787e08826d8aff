"""Class activation maps of a network as large as those that are trained, and what they take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pictures
import pytest
from fakes.s3 import FakeS3
from given.resnet import resnet34
from resnet34 import write_resnet34
from running.loading import compiled
from running.service import environment, started

MIB = 1024 * 1024


def test_the_positions_of_a_resnet_add_up_to_its_answer(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    write_resnet34(path, image_size=128, classes=5)
    resnet = compiled(path, size=128, classes=tuple("abcde"))
    tensor = np.random.default_rng(0).random((1, 3, 128, 128), dtype=np.float32)
    scores = resnet.activation_map(tensor)
    assert scores.shape == (5, 4, 4)
    whole = np.log(resnet.probabilities(tensor, alone=True))
    blank = np.log(resnet.probabilities(np.zeros_like(tensor), alone=True))
    nothing = resnet.activation_map(np.zeros_like(tensor))
    parts = (scores - nothing).mean(axis=(1, 2))
    difference = whole - blank
    # Logarithms of probabilities are scores but for one number that all classes share.
    assert parts - parts.mean() == pytest.approx(difference - difference.mean(), abs=1e-4)


def test_explaining_takes_no_memory_to_speak_of(s3: FakeS3, tmp_path: Path) -> None:
    stored = resnet34(224)
    s3.objects.update(stored.objects())
    with started(environment(stored, s3.url, tmp_path)) as service:
        service.wait_ready()
        picture = pictures.encoded(pictures.noise((300, 200)), "JPEG")
        assert service.post("/predict", content=picture).status_code == 200
        before = service.resident_bytes()
        for _ in range(3):
            answer = service.post("/explain", content=picture)
            assert answer.headers["Dandelion-Method"] == "activation"
        assert service.resident_bytes() - before < 48 * MIB
