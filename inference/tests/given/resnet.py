"""An artifact as large as those that are trained: a ResNet-34 with random weights."""

from __future__ import annotations

import tempfile
from pathlib import Path

from resnet34 import write_resnet34

from given import artifacts
from given.artifacts import StoredArtifact


def resnet34(size: int) -> StoredArtifact:
    """In fp32, for images of `size` pixels."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        write_resnet34(path, size, len(artifacts.CLASSES))
        graph = path.read_bytes()
    fitting = artifacts.contract(graph)
    fitting["input"]["shape"] = [None, 3, size, size]
    fitting["preprocessing"] |= {"resizeShortSide": size * 8 // 7, "centerCrop": size}
    return artifacts.stored(graph, input=fitting["input"], preprocessing=fitting["preprocessing"])
