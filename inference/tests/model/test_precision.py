"""Which graph is fetched and what it computes in, by what is asked, found and there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dandelion_inference.errors import LoadError, Reason
from dandelion_inference.model.contract import Contract, Precision
from dandelion_inference.model.precision import served, wished
from dandelion_inference.ports.settings import Asked
from fakes.s3 import FakeS3
from given import artifacts
from running.loading import load


def contract(choice: str | None, int8: bool) -> Contract:
    document = artifacts.contract(artifacts.colour_graph())
    if choice is not None:
        document["precision"] = {"choice": choice}
    if int8:
        document["graphs"]["int8"] = "model.int8.xml"
        for name in ("model.int8.xml", "model.int8.bin"):
            document["files"][name] = {"sha256": "0" * 64, "bytes": 1}
    return Contract.model_validate(document)


@pytest.mark.parametrize(
    ("asked", "choice", "int8", "has_bf16", "expected"),
    [
        ("auto", None, False, True, "fp32"),
        ("auto", "int8", True, False, "int8"),
        ("auto", "bf16", True, True, "bf16"),
        ("auto", "bf16", True, False, "fp32"),
        ("auto", "fp32", True, True, "fp32"),
        ("fp32", "int8", True, True, "fp32"),
        ("bf16", "int8", True, True, "bf16"),
        ("int8", "bf16", True, True, "int8"),
    ],
)
def test_the_precision_that_is_served(
    asked: str, choice: str | None, int8: bool, has_bf16: bool, expected: str
) -> None:
    found = contract(choice, int8)
    assert served(Asked(asked), wished(Asked(asked), found), has_bf16) is Precision(expected)


def test_int8_of_an_artifact_without_it_is_refused_with_the_way_out() -> None:
    with pytest.raises(LoadError, match="no such graph; set it to auto, or train again"):
        wished(Asked.INT8, contract(None, int8=False))


def test_bf16_on_a_processor_without_it_is_refused_with_the_way_out() -> None:
    with pytest.raises(LoadError, match="no bf16; set it to auto") as failed:
        served(Asked.BF16, Precision.BF16, has_bf16=False)
    assert failed.value.reason is Reason.MODEL_INVALID


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"precision": {"choice": "int8"}}, "was chosen and has no graph"),
        ({"graphs": {"fp32": "model.onnx", "int8": "missing.xml"}}, "is not listed in files"),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Contract.model_validate(artifacts.contract(artifacts.colour_graph()) | change)


@pytest.mark.parametrize(("asked", "fetched"), [("auto", "int8"), ("fp32", "fp32")])
def test_only_the_graph_that_is_served_is_fetched(
    asked: str, fetched: str, s3: FakeS3, tmp_path: Path
) -> None:
    stored = artifacts.stored(
        extra=artifacts.colour_graph_as_ir("model.int8"),
        graphs={"fp32": "model.onnx", "int8": "model.int8.xml"},
        precision={"choice": "int8"},
    )
    model = load(stored, s3, tmp_path, precision=asked)
    assert model.precision.value == fetched
    names = {path.name for path in (tmp_path / "artifact").rglob("model*")}
    assert (
        names
        == {
            "int8": {"model.int8.xml", "model.int8.bin"},
            "fp32": {"model.onnx"},
        }[fetched]
    )
