"""Serving tells unknown images by the numbers that training chose the threshold by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from dandelion_inference.answer.prediction import Prediction, answered
from dandelion_inference.model.artifact import Artifact
from dandelion_inference.model.contract import Contract
from dandelion_inference.model.contract import Precision as ServedPrecision
from dandelion_inference.model.contract import UnknownScore as ServedScore
from dandelion_inference.model.network import Model, compile_model
from dandelion_inference.ports.settings import Asked
from dandelion_training.data.images.pixels import PixelFile
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.evaluate.answers.collector import Collected, Collector
from dandelion_training.evaluate.figures.calibration import UnknownScore, unknown_scores
from dandelion_training.evaluate.figures.drift import drift_thresholds
from dandelion_training.evaluate.figures.reference import (
    ChannelStatistics,
    reference_answers,
    served_answers,
)
from dandelion_training.evaluate.precision.choice import evidence
from dandelion_training.evaluate.result import EvaluationResult, evaluated
from dandelion_training.export.artifact import GRAPH, INT8_GRAPH
from dandelion_training.export.density import WithLogDensity, fitted
from dandelion_training.export.engine import Outputs, Precision, predictor
from dandelion_training.export.graph import export
from dandelion_training.export.quantize import quantize
from dandelion_training.learn.network import build
from dandelion_training.publish.contract import TrainingEnvironment, contract

from tests.agreement.training_and_serving.test_reference_answers import settings

SIZE = 32
CLASSES = ["dandelion", "grass", "moss"]
HOLDOUT = 60
Trained = tuple[Path, dict[Precision, Path]]


def images(seed: int, number: int, spread: float = 1.0) -> np.ndarray[Any, np.dtype[np.float32]]:
    chance = np.random.default_rng(seed)
    return (spread * chance.normal(size=(number, 3, SIZE, SIZE))).astype(np.float32)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The graphs of a ResNet that has learnt nothing, which is enough to answer by."""
    work = tmp_path_factory.mktemp("graphs")
    network = build("resnet18", len(CLASSES), seed=0)
    with torch.no_grad():
        torch.nn.init.normal_(network.get_parameter("fc.weight"))
    learnt_from = [image[np.newaxis] for image in images(0, 40)]
    graph, int8 = work / GRAPH, work / INT8_GRAPH
    export(WithLogDensity(network, fitted(network, learnt_from)), SIZE, graph)
    quantize(graph, learnt_from, int8)
    return work, {Precision.FP32: graph, Precision.INT8: int8}


def evaluation(outputs: Outputs) -> tuple[EvaluationResult, Collected]:
    """Of made-up truths."""
    digests = [f"{number:064x}" for number in range(HOLDOUT)]
    collector = Collector(CLASSES, calibrate_on=digests)
    labels = np.random.default_rng(1).integers(len(CLASSES), size=HOLDOUT)
    collector.add(digests, labels, outputs.logits, outputs.log_density, outputs.features)
    found = collector.collected("sha256:" + "d" * 64, "")
    return evaluated(found, "", "fp32", "openvino"), found


def written(trained: Trained, precision: Precision, tmp_path: Path) -> tuple[bytes, Outputs]:
    """The contract of a model that is served in this precision, and its answers to the holdout."""
    work, graphs = trained
    said = predictor(graphs[precision], precision, threads=1)(images(2, HOLDOUT))
    result, found = evaluation(said)
    answers = served_answers(
        found.logits, CLASSES, result.calibration.temperature, found.log_density, found.features
    )
    version = DatasetVersion(
        "s3://datasets/lawn",
        tuple(CLASSES),
        0.2,
        tuple(
            Entry(f"{name}/1.jpg", f"{number:064x}", name, Split.HOLDOUT)
            for number, name in enumerate(CLASSES)
        ),
    )
    with PixelFile(tmp_path / "pixels") as file:
        dataset = Dataset(version, None, file.close())
    right = np.arange(HOLDOUT)
    content = contract(
        settings(tmp_path).model_copy(update={"image_size": SIZE, "resize_short_side": SIZE}),
        dataset,
        result,
        ChannelStatistics([0.5] * 3, [0.2] * 3),
        reference_answers(answers),
        drift_thresholds(answers, replicates=100),
        TrainingEnvironment("fp32", 1, "cpu", "random"),
        evidence(right, dict.fromkeys((Precision.FP32, precision), right)),
        (graphs[Precision.FP32], graphs[Precision.INT8], work / "model.int8.bin"),
    )
    return content, said


def serving(trained: Trained, precision: Precision, content: bytes) -> Model:
    served = ServedPrecision(precision.value)
    told = Contract.model_validate_json(content)
    return compile_model(Artifact(told, trained[1][precision], Asked.AUTO, served), threads=1)


def predictions(model: Model, seen: np.ndarray[Any, np.dtype[np.float32]]) -> list[Prediction]:
    return [answered(model, model.outputs(image[np.newaxis], alone=True)) for image in seen]


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.INT8])
def test_serving_calls_those_unknown_that_training_does(
    trained: Trained, precision: Precision, tmp_path: Path
) -> None:
    content, said = written(trained, precision, tmp_path)
    calibration = json.loads(content)["calibration"]
    assert calibration["unknownScore"] == UnknownScore.WITH_LOG_DENSITY
    expected = unknown_scores(said.logits, calibration["temperature"], said.log_density)
    found = predictions(serving(trained, precision, content), images(2, HOLDOUT))
    assert [item.unknown_score for item in found] == pytest.approx(expected.tolist(), abs=1e-5)
    # At the threshold itself the last digit decides.
    clear = np.abs(expected - calibration["unknownThreshold"]) > 2e-5
    unknown = [item.unknown for item in found]
    assert np.array_equal(
        np.array(unknown)[clear], (expected < calibration["unknownThreshold"])[clear]
    )
    assert unknown.count(False) >= 0.95 * HOLDOUT


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.INT8])
def test_images_unlike_all_that_was_learnt_from_are_unknown(
    trained: Trained, precision: Precision, tmp_path: Path
) -> None:
    content, _ = written(trained, precision, tmp_path)
    found = predictions(serving(trained, precision, content), images(3, 20, spread=5))
    assert all(item.unknown for item in found)


def test_both_know_the_same_scores() -> None:
    assert [*ServedScore] == [*UnknownScore]
