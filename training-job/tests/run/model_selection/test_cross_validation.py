"""A cross-validation tells its figures and changes nothing else."""

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest
from dandelion_training.ports.failures import Interrupted, Reason, TrainingFailure
from dandelion_training.run.model_selection import validation
from dandelion_training.run.pipeline import run
from fakes.images import with_dataset
from fakes.mlflow import FakeMlflow, FakeRun
from fakes.s3 import MemoryStore
from given.runs import DATASET, GRAPH, MODELS, RUN, STATUS, WEIGHTS, Finished, sha256, task

FOLDS = {"folds": 3, "folds_uri": f"{MODELS}/{RUN}/folds"}


@pytest.fixture(autouse=True)
def quick(quickly: None) -> None:
    """With the small network."""


def filled() -> MemoryStore:
    store = MemoryStore()
    with_dataset(store, DATASET)
    store.objects[f"{DATASET}/blue/notes.jpg"] = b"not an image"
    return store


def told(mlflow: FakeMlflow) -> tuple[FakeRun, list[dict[str, Any]]]:
    (logged,) = mlflow.runs
    return logged, json.loads(logged.files["report/cross-validation.json"])


def test_mlflow_has_every_fold_and_their_mean(tmp_path: Path) -> None:
    store, mlflow = filled(), FakeMlflow()
    run(task(tmp_path, store, mlflow, **FOLDS))
    logged, folds = told(mlflow)
    assert len(folds) == 3
    for name in ("accuracy", "macroF1"):
        figures = [fold[name] for fold in folds]
        assert logged.metrics[f"cross_validation_{name}"] == [mean(figures)]
        assert logged.metrics[f"cross_validation_{name}_deviation"] == [stdev(figures)]
    assert logged.metrics["cross_validation_folds"] == [3.0]


def test_the_model_is_what_it_would_be_without(tmp_path: Path, uninterrupted: Finished) -> None:
    store = filled()
    run(task(tmp_path, store, FakeMlflow(), **FOLDS))
    for uri in (WEIGHTS, GRAPH):
        assert sha256(store.objects[uri]) == sha256(uninterrupted.store.objects[uri])


@pytest.mark.parametrize("part", ["folds/1/checkpoint", "folds/1/figures", "folds/2/figures"])
def test_a_run_that_was_cut_off_learns_no_fold_twice(tmp_path: Path, part: str) -> None:
    whole, mlflow = filled(), FakeMlflow()
    run(task(tmp_path, whole, mlflow, checkpoint_seconds=1, **FOLDS))
    expected = told(mlflow)[1]
    store, again = filled(), FakeMlflow()

    def cut_off(uri: str) -> None:
        if part in uri:
            raise Interrupted

    store.before_write = cut_off
    with pytest.raises(Interrupted):
        run(task(tmp_path, store, again, checkpoint_seconds=1, **FOLDS))
    store.before_write = lambda uri: None
    store.written.clear()
    run(task(tmp_path, store, again, checkpoint_seconds=1, **FOLDS))
    assert told(again)[1] == expected
    assert not [uri for uri in store.written if "/folds/0/" in uri]
    assert not [uri for uri in store.objects if "checkpoint" in uri]


def test_a_fold_whose_loss_is_no_number_costs_the_figures_and_not_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, mlflow, learnt = filled(), FakeMlflow(), validation.learnt
    second = iter((False, True))

    def diverging(*arguments: Any) -> Any:
        if next(second):
            raise TrainingFailure(Reason.TRAINING_DIVERGED, "The loss stopped being a number.")
        return learnt(*arguments)

    monkeypatch.setattr(validation, "learnt", diverging)
    assert run(task(tmp_path, store, mlflow, **FOLDS)) == "1"
    (warning,) = (
        item for item in json.loads(store.objects[STATUS])["warnings"] if "cross-validation" in item
    )
    assert "in fold 2" in warning
    assert "cross_validation_accuracy" not in mlflow.runs[0].metrics


def test_images_that_cannot_be_parted_are_told(tmp_path: Path) -> None:
    """Too few are refused before, but a given split may leave a class one image to learn from."""
    store = MemoryStore()
    with_dataset(store, DATASET, images=5)
    for label in ("blue", "yellow"):
        for number in range(5):
            content = store.objects.pop(f"{DATASET}/{label}/{number:03d}.png")
            side = "train" if number == 0 else "val"
            store.objects[f"{DATASET}/{side}/{label}/{number:03d}.png"] = content
    with pytest.raises(TrainingFailure, match="No class has two images") as caught:
        run(task(tmp_path, store, FakeMlflow(), **FOLDS))
    assert caught.value.reason is Reason.TOO_FEW_IMAGES
