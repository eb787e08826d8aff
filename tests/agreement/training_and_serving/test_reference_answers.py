"""What training writes of a model's answers is what serving reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dandelion_inference.model.contract import Contract
from dandelion_training.data.images.pixels import PixelFile
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.evaluate.answers.collector import Collected, Collector
from dandelion_training.evaluate.figures import reference as training
from dandelion_training.evaluate.figures.drift import ServedAnswers, drift_thresholds
from dandelion_training.evaluate.precision.choice import evidence
from dandelion_training.evaluate.result import evaluated
from dandelion_training.export.artifact import GRAPH
from dandelion_training.export.engine import Precision
from dandelion_training.ports.settings import Settings
from dandelion_training.publish.contract import TrainingEnvironment, contract

FEATURES = 12
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
    density = -np.square(chance.normal(size=images)).astype(np.float32)
    features = chance.normal(scale=0.1, size=(images, FEATURES)).astype(np.float32)
    labels = chance.integers(classes, size=images)
    collector.add(digests, labels, logits, density, features)
    return names, collector.collected("sha256:" + "d" * 64, "")


def written(work: Path, classes: int, images: int) -> tuple[ServedAnswers, bytes]:
    """Made-up answers, and the contract that holds their reference."""
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
    answers = training.served_answers(
        found.logits, names, result.calibration.temperature, found.log_density, found.features
    )
    labels = np.arange(images)
    content = contract(
        settings(work),
        dataset,
        result,
        training.ChannelStatistics([0.5] * 3, [0.2] * 3),
        training.reference_answers(answers),
        drift_thresholds(answers, replicates=100),
        TrainingEnvironment("fp32", 1, "cpu", "random"),
        evidence(labels, {Precision.FP32: labels}),
        (graph,),
    )
    return answers, content


@pytest.mark.parametrize(("classes", "images"), [(2, 1), (3, 400), (2000, 2000)])
def test_serving_reads_the_reference_answers_that_training_writes(
    tmp_path: Path, classes: int, images: int
) -> None:
    answers, content = written(tmp_path, classes, images)
    made = training.reference_answers(answers)
    told = Contract.model_validate_json(content).reference
    assert told is not None
    assert told.answers is not None
    assert told.answers.images == made.images == images
    assert told.answers.mean_confidence == made.mean_confidence
    assert told.answers.confidence == made.confidence
    assert told.answers.probability == made.probability
    assert told.answers.log_density == made.log_density
    assert told.answers.features == made.features
    assert [window.answers for window in told.drift.windows] == [
        size for size in (20, 50, 100) if size <= images
    ]
