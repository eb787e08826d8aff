"""Where a run starts from: learnt weights, the champion's, random ones, and what is told of it."""

import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location
from dandelion_training.run.pipeline import run
from fakes.images import with_dataset
from fakes.mlflow import FakeMlflow
from fakes.s3 import MemoryStore
from given.runs import (
    CONTRACT,
    DATASET,
    PRETRAINED,
    STATUS,
    WEIGHTS,
    Finished,
    task,
)


def test_the_champions_weights_are_a_better_start_than_chance(
    uninterrupted: Finished, quickly: None, tmp_path: Path
) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    champion = "s3://models/default/lawn/champion/model.safetensors"
    store.objects[champion] = uninterrupted.store.objects[WEIGHTS]
    frozen: dict[str, Any] = {"epochs": 1, "learning_rate": 1e-12, "initial_weights": champion}
    run(task(tmp_path, store, mlflow, **frozen))
    before = safetensors.torch.load(store.objects[champion])
    after = safetensors.torch.load(store.objects[WEIGHTS])
    assert torch.allclose(before["fc.weight"], after["fc.weight"], atol=1e-6)


@pytest.mark.parametrize(
    ("weights", "content", "named"),
    [
        ("imagenet", None, "s3://models/pretrained/resnet18.safetensors"),
        ("s3://models/gone.safetensors", None, "no weights at s3://models/gone.safetensors"),
        ("s3://models/x.safetensors", b"pickle?", "is not a safetensors file"),
        (
            "s3://models/x.safetensors",
            safetensors.torch.save({"conv1.weight": torch.zeros(1)}),
            "another architecture",
        ),
        ("best", None, "write auto, none, imagenet, champion or s3://"),
    ],
)
def test_starting_weights_that_cannot_be_used_are_named(
    quickly: None, tmp_path: Path, weights: str, content: bytes | None, named: str
) -> None:
    store = MemoryStore()
    with_dataset(store, DATASET)
    if content is not None:
        store.objects[weights] = content
    with pytest.raises(TrainingFailure, match=named) as caught:
        run(task(tmp_path, store, FakeMlflow(), initial_weights=weights))
    assert (caught.value.reason, caught.value.exit_code) == (Reason.WEIGHTS_UNAVAILABLE, 64)


def started(work: Path, store: MemoryStore, mlflow: FakeMlflow, **changed: Any) -> dict[str, Any]:
    """A run of one epoch; where its start is told, and the warnings of its status."""
    with_dataset(store, DATASET)
    run(task(work, store, mlflow, epochs=1, **changed))
    status = json.loads(store.objects[STATUS])
    return {
        "contract": json.loads(store.objects[CONTRACT])["training"]["initialWeights"],
        "status": status["initialWeights"],
        "mlflow": mlflow.runs[0].tags["dandelion.dev/initial-weights"],
        "warnings": status.get("warnings", []),
    }


def everywhere(source: str) -> dict[str, Any]:
    return {"contract": source, "status": source, "mlflow": source, "warnings": []}


def test_auto_starts_from_the_installations_learnt_weights(
    uninterrupted: Finished, quickly: None, tmp_path: Path
) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    store.objects[PRETRAINED] = uninterrupted.store.objects[WEIGHTS]
    told = started(tmp_path, store, mlflow, initial_weights="auto", learning_rate=1e-12)
    assert told == everywhere(PRETRAINED)
    learnt = safetensors.torch.load(store.objects[PRETRAINED])["conv1.weight"]
    now = safetensors.torch.load(store.objects[WEIGHTS])["conv1.weight"]
    assert torch.allclose(learnt, now, atol=1e-6)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="none there"),
        pytest.param(b"pickle?", id="no safetensors"),
        pytest.param(safetensors.torch.save({"fc.bias": torch.zeros(1)}), id="another network's"),
    ],
)
def test_auto_without_learnt_weights_starts_from_random_ones_and_says_what_that_costs(
    quickly: None, tmp_path: Path, content: bytes | None
) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    if content is not None:
        store.objects[PRETRAINED] = content
    told = started(tmp_path, store, mlflow, initial_weights="auto")
    (warning,) = told.pop("warnings")
    assert set(told.values()) == {"random"}
    assert PRETRAINED in warning
    assert "costs accuracy" in warning
    assert "pretrained.enabled=true" in warning


def test_auto_takes_a_key_that_may_not_look_as_there_being_none(
    quickly: None, tmp_path: Path
) -> None:
    class Forbidding(MemoryStore):
        def read(self, location: Location) -> bytes | None:
            if str(location) == PRETRAINED:
                raise TrainingFailure(Reason.CREDENTIALS_REJECTED, "AccessDenied")
            return super().read(location)

    told = started(tmp_path, Forbidding(), FakeMlflow(), initial_weights="auto")
    assert told["status"] == "random"
    assert len(told["warnings"]) == 1


def test_random_weights_that_were_asked_for_are_no_reason_to_warn(
    quickly: None, tmp_path: Path
) -> None:
    told = started(tmp_path, MemoryStore(), FakeMlflow(), initial_weights="none")
    assert told == everywhere("random")
