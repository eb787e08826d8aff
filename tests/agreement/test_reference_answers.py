"""What training writes of a model's answers is what serving reads, and both round alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dandelion_inference.model import reference as serving
from dandelion_inference.model.contract import Contract
from dandelion_training.data.images.pixels import PixelFile
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.evaluate.answers.collector import Collected, Collector
from dandelion_training.evaluate.figures import reference as training
from dandelion_training.evaluate.precision.choice import evidence
from dandelion_training.evaluate.result import evaluated
from dandelion_training.export.artifact import GRAPH
from dandelion_training.export.engine import Precision
from dandelion_training.ports.settings import Settings
from dandelion_training.publish.contract import TrainingEnvironment, contract

SOMEWHERE = "s3://models/default/lawn/somewhere"


def settings(work: Path) -> Settings:
    told = {
        "namespace": "default",
        "name": "lawn",
        "run": "a1b2c3d4e5",
        "dataset_uri": "s3://datasets/lawn",
        "registered_model": "default.lawn",
        "experiment": "default.lawn",
        "s3_endpoint": "http://127.0.0.1:9",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
        "work_dir": work,
    }
    places = (
        "dataset_manifests_uri",
        "evaluations_uri",
        "artifact_uri",
        "status_uri",
        "checkpoint_uri",
    )
    return Settings.model_validate(told | dict.fromkeys(places, SOMEWHERE))


def answered(classes: int, images: int) -> tuple[list[str], Collected]:
    names = [f"species {number:04}" for number in range(classes)]
    digests = [f"{number:064x}" for number in range(images)]
    chance = np.random.default_rng(classes)
    logits = chance.normal(scale=3, size=(images, classes)).astype(np.float32)
    collector = Collector(names, calibrate_on=digests)
    collector.add(digests, chance.integers(classes, size=images), logits)
    return names, collector.collected("sha256:" + "d" * 64, "")


def written(work: Path, classes: int, images: int) -> tuple[training.ReferenceAnswers, bytes]:
    """The reference of made-up answers, and the contract that holds it."""
    names, found = answered(classes, images)
    entries = tuple(
        Entry(f"{name}/1.jpg", f"{number:064x}", name, Split.HOLDOUT)
        for number, name in enumerate(names)
    )
    version = DatasetVersion("s3://datasets/lawn", tuple(names), 0.2, entries)
    with PixelFile(work / "pixels") as file:
        dataset = Dataset(version, None, file.close())
    graph = work / GRAPH
    graph.write_bytes(b"a graph")
    result = evaluated(found, "", "fp32", "openvino")
    made = training.reference_answers(found.logits, names, result.calibration.temperature)
    labels = np.arange(images)
    content = contract(
        settings(work),
        dataset,
        result,
        training.ChannelStatistics([0.5] * 3, [0.2] * 3),
        made,
        TrainingEnvironment("fp32", 1, "cpu", "random"),
        evidence(labels, {Precision.FP32: labels}),
        (graph,),
    )
    return made, content


@pytest.mark.parametrize(("classes", "images"), [(2, 1), (3, 400), (2000, 2000)])
def test_serving_reads_the_reference_answers_that_training_writes(
    tmp_path: Path, classes: int, images: int
) -> None:
    made, content = written(tmp_path, classes, images)
    told = Contract.model_validate_json(content).reference
    assert told is not None
    assert told.answers is not None
    assert told.answers.images == made.images == images
    assert told.answers.mean_confidence == made.mean_confidence
    assert told.answers.confidence == made.confidence
    assert told.answers.probability == made.probability


def test_both_round_a_probability_alike() -> None:
    """The holdout's own answers, rounded by serving, hold every quantile that training kept."""
    _, found = answered(3, 400)
    logits = found.logits.astype(np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    made = training.reference_answers(found.logits, ["a", "b", "c"], 1.0)
    for index, quantiles in enumerate(made.probability.values()):
        assert set(quantiles) <= set(serving.comparable(probabilities[:, index]).tolist())
