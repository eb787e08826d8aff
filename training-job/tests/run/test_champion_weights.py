"""`initialWeights: champion` where there is no champion yet. Where there is one, the operator names
the address of its weights instead.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from dandelion_training.run.pipeline import run
from fakes.images import with_dataset
from fakes.mlflow import FakeMlflow
from fakes.s3 import MemoryStore
from given.quick import make_quick
from given.runs import DATASET, STATUS, WEIGHTS, task

PRETRAINED = "s3://models/pretrained/resnet18.safetensors"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


def told(work: Path, store: MemoryStore) -> dict[str, Any]:
    with_dataset(store, DATASET)
    run(task(work, store, FakeMlflow(), epochs=1, initial_weights="champion"))
    status: dict[str, Any] = json.loads(store.objects[STATUS])
    return status


def test_without_a_champion_training_starts_from_the_installations_weights_and_says_so(
    tmp_path: Path,
) -> None:
    donor, store = MemoryStore(), MemoryStore()
    told(tmp_path, donor)
    store.objects[PRETRAINED] = donor.objects[WEIGHTS]
    status = told(tmp_path, store)
    (warning,) = status["warnings"]
    assert status["initialWeights"] == PRETRAINED
    assert warning.startswith("There is no champion yet")
    assert PRETRAINED in warning


def test_without_a_champion_and_learnt_weights_it_starts_from_random_ones_and_says_so(
    tmp_path: Path,
) -> None:
    status = told(tmp_path, MemoryStore())
    (warning,) = status["warnings"]
    assert status["initialWeights"] == "random"
    assert warning.startswith("There is no champion yet")
    assert "began with random weights" in warning
