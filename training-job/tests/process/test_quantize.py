"""The int8 graph: what it is made from, that it is the same each time, and a run without one."""

import json
from pathlib import Path

import numpy as np
import openvino
import pytest
import torch
from dandelion_training.evaluate.precision import assessment
from dandelion_training.export import artifact, quantize
from dandelion_training.export.engine import Precision, answers, predictor
from dandelion_training.run.pipeline import run
from fakes.images import with_dataset
from fakes.mlflow import FakeMlflow
from fakes.s3 import MemoryStore
from given.quick import build, make_quick, small_graph
from given.runs import ARTIFACT, DATASET, task

SIZE = 32
IMAGES = [np.random.default_rng(n).normal(size=(1, 3, SIZE, SIZE)).astype("f4") for n in range(8)]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_graph(tmp_path_factory.mktemp("graph") / "model.onnx", SIZE)


def test_a_process_that_has_quantised_before_writes_the_same_bytes(
    graph: Path, tmp_path: Path
) -> None:
    for name in ("first", "again"):
        quantize.quantize(graph, IMAGES, tmp_path / f"{name}.xml")
    for suffix in (".xml", ".bin"):
        first, again = (tmp_path / f"{name}{suffix}" for name in ("first", "again"))
        assert first.read_bytes() == again.read_bytes(), suffix


def test_the_int8_graph_computes_in_int8(graph: Path, tmp_path: Path) -> None:
    quantize.quantize(graph, IMAGES, tmp_path / "int8.xml")
    model = openvino.Core().read_model(tmp_path / "int8.xml")
    constants = [op for op in model.get_ops() if op.get_type_name() == "Constant"]
    assert {"i8"} <= {op.get_element_type().get_type_name() for op in constants}
    weights = 3 * 16 * 9 + 16 * 16 * 9 + 16 * 2
    assert (tmp_path / "int8.bin").stat().st_size < 2 * weights


def test_the_log_density_and_the_features_are_not_computed_in_int8(
    graph: Path, tmp_path: Path
) -> None:
    """Eight bits would round away the small differences that distances are made of."""
    quantize.quantize(graph, IMAGES, tmp_path / "int8.xml")
    images = np.concatenate(IMAGES)
    exact, found = (
        predictor(path, precision, threads=1)(images)
        for path, precision in ((graph, Precision.FP32), (tmp_path / "int8.xml", Precision.INT8))
    )
    for name in ("log_density", "features"):
        expected = getattr(exact, name)
        assert np.abs(getattr(found, name) - expected).max() < 0.1 * np.abs(expected).max()
    model = openvino.Core().read_model(tmp_path / "int8.xml")
    (of_whitening,) = [
        operation
        for operation in model.get_ops()
        if operation.get_type_name() == "MatMul"
        and tuple(operation.input_value(1).get_shape()) == (16, 16)
    ]
    assert {v.get_node().get_type_name() for v in of_whitening.input_values()} == {
        "Subtract",
        "Constant",
    }


def test_the_engine_answers_as_the_network_does(graph: Path) -> None:
    network = build("small", 2, seed=0).eval()
    with torch.inference_mode():
        expected = network(torch.from_numpy(np.concatenate(IMAGES))).numpy()
    batches = [np.concatenate(IMAGES[:5]), np.concatenate(IMAGES[5:])]
    assert np.allclose(answers(graph, Precision.FP32, batches, threads=1), expected, atol=1e-4)


class Calibrating:
    """Keeps the images that a graph was quantised with."""

    def __init__(self) -> None:
        self.images: list[bytes] = []

    def __call__(self, graph: Path, images: quantize.Images, target: Path) -> None:
        self.images = [image.tobytes() for image in images]
        raise quantize.NotQuantized("seen enough")


class Evaluating:
    """Keeps the images that a graph answered."""

    def __init__(self) -> None:
        self.images: list[bytes] = []

    def __call__(self, graph: Path, precision: Precision, images: object, threads: int) -> object:
        assert hasattr(images, "__iter__")
        self.images = [image.tobytes() for batch in images for image in batch]
        return np.zeros((len(self.images), 2), "f4")


def test_a_graph_is_calibrated_on_training_images_and_evaluated_on_the_holdout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_quick(monkeypatch)
    monkeypatch.setattr(artifact, "CALIBRATION_IMAGES", 7)
    drawn = []
    for seed in (0, 0, 1):
        calibrating, evaluating, store = Calibrating(), Evaluating(), MemoryStore()
        monkeypatch.setattr(artifact, "quantize", calibrating)
        monkeypatch.setattr(assessment, "answers", evaluating)
        with_dataset(store, DATASET)
        run(task(tmp_path, store, FakeMlflow(), epochs=1, seed=seed))
        contract = json.loads(store.objects[f"{ARTIFACT}/contract.json"])
        assert len(evaluating.images) == contract["dataset"]["holdout"]
        assert not set(calibrating.images) & set(evaluating.images)
        assert len(set(calibrating.images)) == 7
        drawn.append(calibrating.images)
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_run_whose_quantisation_fails_goes_on_without_and_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise IndexError("no such\n  layer")

    make_quick(monkeypatch)
    monkeypatch.setattr(artifact, "quantize", quantize.quantize)
    monkeypatch.setattr(quantize, "_quantize", broken)
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    assert run(task(tmp_path, store, mlflow, epochs=1)) == "1"
    contract = json.loads(store.objects[f"{ARTIFACT}/contract.json"])
    assert contract["graphs"] == {"fp32": "model.onnx"}
    assert set(contract["files"]) == {"model.onnx", "model.safetensors"}
    assert contract["precision"]["choice"] == "bf16"
    assert "int8" not in contract["precision"]
    tags = mlflow.runs[0].tags
    assert tags["dandelion.dev/quantization"] == "failed: IndexError: no such layer"
    assert mlflow.versions["default.lawn"][0].tags["dandelion.dev/precision"] == "bf16"
