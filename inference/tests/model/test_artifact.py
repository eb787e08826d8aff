"""Only the very artifact that was promoted is served, in the precision that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dandelion_inference.errors import LoadError, Reason
from dandelion_pictures import VERSION
from fakes.s3 import FakeS3
from given import artifacts
from given.artifacts import StoredArtifact
from running.loading import load


def changed_graph(stored: StoredArtifact) -> None:
    graph = bytearray(stored.files["model.onnx"])
    graph[len(graph) // 2] ^= 1
    stored.files["model.onnx"] = bytes(graph)


def longer_graph(stored: StoredArtifact) -> None:
    stored.files["model.onnx"] += b"more"


def shorter_graph(stored: StoredArtifact) -> None:
    stored.files["model.onnx"] = stored.files["model.onnx"][:-1]


def no_contract(stored: StoredArtifact) -> None:
    del stored.files["contract.json"]


def no_graph(stored: StoredArtifact) -> None:
    del stored.files["model.onnx"]


TAMPERED: dict[str, tuple[Callable[[StoredArtifact], None], Reason]] = {
    "a contract changed after training": (artifacts.changed_contract, Reason.DIGEST_MISMATCH),
    "a graph changed after training": (changed_graph, Reason.DIGEST_MISMATCH),
    "a graph with bytes added": (longer_graph, Reason.DIGEST_MISMATCH),
    "a graph with its end missing": (shorter_graph, Reason.DIGEST_MISMATCH),
    "a contract that is gone": (no_contract, Reason.ARTIFACT_MISSING),
    "a graph that is gone": (no_graph, Reason.ARTIFACT_MISSING),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_an_artifact_that_is_not_the_promoted_one_is_never_loaded(
    case: str, s3: FakeS3, tmp_path: Path
) -> None:
    tamper, reason = TAMPERED[case]
    stored = artifacts.stored()
    tamper(stored)
    with pytest.raises(LoadError) as failed:
        load(stored, s3, tmp_path)
    assert failed.value.reason is reason
    assert stored.uri in failed.value.detail


INVALID: dict[str, dict[str, Any]] = {
    "a graph that is no ONNX": {"graph": b"not a graph"},
    "a graph that gives an output less than there are classes": {
        "graph": artifacts.colour_graph(classes=2)
    },
    "a graph for another input size": {"graph": artifacts.colour_graph(size=64)},
    "a graph whose output is not a number": {"graph": artifacts.colour_graph(gain=float("nan"))},
    "a contract of another version": {"apiVersion": "dandelion.dev/contract/v9"},
    "a contract with one class": {"classes": ["red"]},
    "a contract whose classes repeat": {"classes": ["red", "red", "blue"]},
    "a contract that leaves its graph out of the files": {"files": {}},
    "a contract with a file name that is a path": {"graphs": {"fp32": "../../etc/passwd"}},
}


@pytest.mark.parametrize("case", INVALID)
def test_an_artifact_that_cannot_be_served_is_named(case: str, s3: FakeS3, tmp_path: Path) -> None:
    with pytest.raises(LoadError) as failed:
        load(artifacts.stored(**INVALID[case]), s3, tmp_path)
    assert failed.value.reason is Reason.MODEL_INVALID
    assert failed.value.detail


PREPROCESSING = artifacts.contract(b"")["preprocessing"]
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a size that is no number": ({"resizeShortSide": "large"}, "preprocessing.resizeShortSide: "),
    "a way to resize that is not known": (
        {"interpolation": "bicubic"},
        "preprocessing.interpolation: ",
    ),
    "a crop that does not fit": ({"centerCrop": 40}, "preprocessing: the crop must "),
    "a channel that is divided by nothing": ({"std": [1, 0, 1]}, "preprocessing: scale and std "),
}


def test_a_model_that_was_made_with_another_reader_is_not_served(
    s3: FakeS3, tmp_path: Path
) -> None:
    reader = {"name": "dandelion-pictures", "version": VERSION + 1}
    with pytest.raises(LoadError) as failed:
        load(artifacts.stored(reader=reader), s3, tmp_path)
    assert failed.value.reason is Reason.MODEL_INVALID
    assert failed.value.detail == (
        f"contract.json cannot be served: reader.version: the model was made with "
        f"dandelion-pictures version {VERSION + 1}, and this image reads files as version "
        f"{VERSION} does: serve it with an inference image of the release that trained it"
    )


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_in_the_contract_is_told_with_its_place(
    case: str, s3: FakeS3, tmp_path: Path
) -> None:
    changes, words = FAULTS[case]
    with pytest.raises(LoadError) as failed:
        load(artifacts.stored(preprocessing=PREPROCESSING | changes), s3, tmp_path)
    assert failed.value.reason is Reason.MODEL_INVALID
    assert failed.value.detail.startswith(f"contract.json cannot be served: {words}")


def test_external_data_beside_the_graph_is_fetched_and_proven(s3: FakeS3, tmp_path: Path) -> None:
    graph, data = artifacts.colour_graph_with_external_data()
    stored = artifacts.stored(graph, extra={"model.onnx.data": data})
    model = load(stored, s3, tmp_path)
    assert model.probabilities(np.ones((1, 3, 32, 32), np.float32), alone=True) == pytest.approx(
        [1 / 3] * 3
    )
    stored.files["model.onnx.data"] = bytes(len(data))
    with pytest.raises(LoadError) as failed:
        load(stored, s3, tmp_path / "..")
    assert failed.value.reason is Reason.DIGEST_MISMATCH
