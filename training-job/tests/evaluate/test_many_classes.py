"""Two thousand classes go through: no document of a model grows with their square."""

from pathlib import Path

import numpy as np
from dandelion_training.data.images.pixels import PixelFile
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.evaluate.figures.drift import drift_thresholds
from dandelion_training.evaluate.figures.reference import (
    ChannelStatistics,
    reference_answers,
    served_answers,
)
from dandelion_training.evaluate.precision.choice import evidence
from dandelion_training.evaluate.result import evaluated, write_result
from dandelion_training.export.engine import Precision
from dandelion_training.publish.contract import TrainingEnvironment, contract
from dandelion_training.publish.report import dataset_facts
from given.evaluation.made_up import collected, image
from given.runs import settings

CLASSES = [f"species number {n:04}" for n in range(2000)]
MOST_READ = 8 * 1024 * 1024  # what the operator takes of a contract
ETCD = 64 * 1024  # a twentieth of what a resource may take


def many(tmp_path: Path) -> Dataset:
    entries = tuple(
        Entry(f"{label}/{n}.jpg", image(5 * place + n), label, split)
        for place, label in enumerate(CLASSES)
        for n, split in enumerate((Split.HOLDOUT, *[Split.TRAIN] * 4))
    )
    version = DatasetVersion("s3://datasets/species", tuple(CLASSES), 0.2, entries)
    with PixelFile(tmp_path / "pixels") as file:
        return Dataset(version, None, file.close())


def test_the_contract_stays_small_enough_for_the_operator(tmp_path: Path) -> None:
    dataset = many(tmp_path)
    chance = np.random.default_rng(0)
    found = collected(CLASSES, CLASSES, chance.normal(size=(2000, 2000)))
    result = evaluated(found, "", "fp32", "openvino")
    answers = served_answers(found.logits, CLASSES, 1.3)
    answered = np.arange(2000)
    content = contract(
        settings(tmp_path),
        dataset,
        result,
        ChannelStatistics([0.5] * 3, [0.2] * 3),
        reference_answers(answers),
        drift_thresholds(answers, replicates=100),
        TrainingEnvironment("fp32", 1, "cpu", "none"),
        evidence(answered, {Precision.FP32: answered}),
        (),
    )
    assert len(content) < MOST_READ / 8
    assert len(write_result(result)) < MOST_READ / 8


def test_the_status_stays_small_enough_for_etcd(tmp_path: Path) -> None:
    dataset = many(tmp_path)
    facts = dataset_facts(dataset.version, dataset.report)
    assert facts["classCount"] == 2000
    assert len(repr(facts)) < ETCD
