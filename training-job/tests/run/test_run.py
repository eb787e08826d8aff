"""Runs with stand-ins for what takes long: their determinism, and runs that are cut off."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
from dandelion_training.export import artifact
from dandelion_training.ports.failures import Interrupted, Reason, TrainingFailure
from dandelion_training.run.pipeline import run, stages
from dandelion_training.run.pipeline.task import Run
from fakes.images import encoded, picture, with_dataset
from fakes.mlflow import FakeMlflow
from fakes.s3 import MemoryStore
from given.runs import (
    ARTIFACT,
    CHECKPOINT,
    CONTRACT,
    DATASET,
    GRAPH,
    INT8,
    PRETRAINED,
    STATUS,
    WEIGHTS,
    Finished,
    sha256,
    task,
)


def test_the_same_seed_and_data_give_the_same_bytes_on_two_threads(
    quickly: None, tmp_path: Path
) -> None:
    first, again = (Finished(tmp_path, threads=2, image_size=64, epochs=1) for _ in range(2))
    assert first.contract["training"]["threads"] == 2
    assert sha256(first.store.objects[WEIGHTS]) == sha256(again.store.objects[WEIGHTS])


def test_another_seed_gives_other_weights(
    uninterrupted: Finished, quickly: None, tmp_path: Path
) -> None:
    other = Finished(tmp_path, seed=1)
    assert other.store.objects[WEIGHTS] != uninterrupted.store.objects[WEIGHTS]


def cut_off_at(part: str, occurrence: int = 1) -> Callable[[str], None]:
    """Stop the run right before a write to such a place."""
    seen = 0

    def before_write(uri: str) -> None:
        nonlocal seen
        seen += part in uri
        if seen == occurrence and part in uri:
            raise Interrupted

    return before_write


@pytest.mark.parametrize(
    ("part", "occurrence"),
    [
        pytest.param("/checkpoint/", 1, id="before any checkpoint"),
        pytest.param("/checkpoint/", 2, id="in the middle of the first epoch"),
        pytest.param("/checkpoint/", 3, id="between the epochs, before the figures of the first"),
        pytest.param("/checkpoint/", 4, id="between the epochs, after them"),
        pytest.param("/checkpoint/", 5, id="in the middle of the second epoch"),
        pytest.param("model.safetensors", 1, id="in the middle of the upload"),
        pytest.param("contract.json", 1, id="before the contract"),
        pytest.param("/evaluations/", 1, id="before the answers"),
        pytest.param("/evaluations/", 2, id="before the evaluation"),
    ],
)
def test_a_run_that_was_cut_off_ends_like_one_that_was_not(
    uninterrupted: Finished, quickly: None, tmp_path: Path, part: str, occurrence: int
) -> None:
    """With a checkpoint after every step, and after every epoch."""
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    store.objects[f"{DATASET}/blue/notes.jpg"] = b"not an image"
    store.before_write = cut_off_at(part, occurrence)
    with pytest.raises(Interrupted):
        run(task(tmp_path, store, mlflow, checkpoint_seconds=1))
    store.before_write = lambda uri: None
    assert run(task(tmp_path, store, mlflow)) == "1"
    assert_same_as(uninterrupted, store, mlflow)
    assert list(tmp_path.iterdir()) == []


def assert_same_as(uninterrupted: Finished, store: MemoryStore, mlflow: FakeMlflow) -> None:
    for uri in (WEIGHTS, GRAPH, *INT8, CONTRACT):
        assert sha256(store.objects[uri]) == sha256(uninterrupted.store.objects[uri]), uri
    assert CHECKPOINT not in store.objects
    assert len(mlflow.versions["default.lawn"]) == 1
    (logged,), (expected,) = mlflow.runs, uninterrupted.mlflow.runs
    assert logged.metrics.keys() == expected.metrics.keys()
    for name in ("loss", "learning_rate", "holdout_accuracy"):
        assert logged.metrics[name] == expected.metrics[name]
    assert len(logged.metrics["images_per_second"]) == 2


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_run_that_is_told_to_stop_keeps_every_step(
    uninterrupted: Finished, quickly: None, tmp_path: Path, steps: int
) -> None:
    """The epochs have two steps each."""
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    store.objects[f"{DATASET}/blue/notes.jpg"] = b"not an image"
    first, second = task(tmp_path, store, mlflow), task(tmp_path, store, mlflow)
    told = signalled_after(steps, first)
    with pytest.raises(Interrupted):
        run(first)
    assert len(told) == steps
    assert CHECKPOINT in store.objects
    others = signalled_after(None, second)
    run(second)
    assert len(others) == 4 - steps
    assert_same_as(uninterrupted, store, mlflow)


def signalled_after(steps: int | None, given: Run) -> list[float]:
    """Every share done that the run tells of; after so many it gets SIGTERM."""
    shares: list[float] = []
    learnt = given.progress.learnt

    def counted(share: float, epoch: int, loss: float) -> None:
        shares.append(share)
        learnt(share, epoch, loss)
        if len(shares) == steps:
            given.termination(signal.SIGTERM, None)

    given.progress.learnt = counted
    return shares


def test_a_signal_while_an_epoch_is_evaluated_keeps_the_epoch(
    uninterrupted: Finished, quickly: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    store.objects[f"{DATASET}/blue/notes.jpg"] = b"not an image"
    first, second = task(tmp_path, store, mlflow), task(tmp_path, store, mlflow)
    with monkeypatch.context() as patch:
        patch.setattr(stages, "accuracy", lambda *_: first.termination(signal.SIGTERM, None))
        with pytest.raises(Interrupted):
            run(first)
    others = signalled_after(None, second)
    run(second)
    assert len(others) == 2
    assert_same_as(uninterrupted, store, mlflow)


def test_a_store_that_is_away_costs_a_checkpoint_and_not_the_run(
    uninterrupted: Finished, quickly: None, tmp_path: Path
) -> None:
    def away(uri: str) -> None:
        if uri == CHECKPOINT:
            raise TrainingFailure(Reason.STORAGE_UNREACHABLE, "no answer")

    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    store.objects[f"{DATASET}/blue/notes.jpg"] = b"not an image"
    store.before_write = away
    run(task(tmp_path, store, mlflow, checkpoint_seconds=1))
    assert_same_as(uninterrupted, store, mlflow)


def test_checkpoints_are_written_by_time(quickly: None, tmp_path: Path) -> None:
    """Ten seconds pass whenever somebody looks at the clock."""
    often, seldom = (
        Finished(tmp_path, checkpoint_seconds=seconds, batch_size=2).store.written.count(CHECKPOINT)
        for seconds in (100, 100_000)
    )
    assert 2 <= seldom < often


@pytest.mark.parametrize("call", ["create_model_version", "set_terminated"])
def test_an_mlflow_that_fails_after_the_upload_costs_no_training(
    uninterrupted: Finished, tmp_path: Path, call: str
) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    store.objects = {CONTRACT: uninterrupted.store.objects[CONTRACT]}
    mlflow.outages[call] = [ConnectionError("away")] * 2
    with pytest.raises(TrainingFailure) as caught:
        run(task(tmp_path, store, mlflow))
    assert caught.value.reason is Reason.REGISTRY_UNREACHABLE
    assert run(task(tmp_path, store, mlflow)) == "1"
    assert len(mlflow.versions["default.lawn"]) == 1
    assert json.loads(store.objects[STATUS])["state"] == "succeeded"


def test_a_checkpoint_of_other_data_is_not_resumed(
    uninterrupted: Finished, quickly: None, tmp_path: Path
) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    store.objects[f"{DATASET}/blue/notes.jpg"] = b"not an image"
    store.objects[f"{DATASET}/blue/later.png"] = encoded(picture(4321, (40, 60, 200)))
    store.before_write = cut_off_at("/checkpoint/", 2)
    with pytest.raises(Interrupted):
        run(task(tmp_path, store, mlflow))
    del store.objects[f"{DATASET}/blue/later.png"]
    store.before_write = lambda uri: None
    run(task(tmp_path, store, mlflow))
    assert store.objects[WEIGHTS] == uninterrupted.store.objects[WEIGHTS]


def test_a_broken_checkpoint_is_not_resumed(quickly: None, tmp_path: Path) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    store.objects[CHECKPOINT] = b"no safetensors"
    run(task(tmp_path, store, mlflow, epochs=1))
    assert len(mlflow.runs[0].metrics["loss"]) == 1


def test_an_artifact_is_not_published_unless_it_is_proven(
    quickly: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prove_wrong(*_: object) -> float:
        raise TrainingFailure(Reason.ARTIFACT_MISMATCH, "differs")

    monkeypatch.setattr(artifact, "prove", prove_wrong)
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    with pytest.raises(TrainingFailure):
        run(task(tmp_path, store, mlflow, epochs=1))
    assert not any(uri.startswith(ARTIFACT) for uri in store.objects)
    assert mlflow.versions == {}


def test_a_rate_that_is_far_too_high_is_told_as_divergence(quickly: None, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailure, match=r"Lower training\.learningRate") as caught:
        Finished(tmp_path, learning_rate=1e30, epochs=3)
    assert (caught.value.reason, caught.value.exit_code) == (Reason.TRAINING_DIVERGED, 64)


def test_a_run_goes_on_from_what_it_started_with(
    uninterrupted: Finished, quickly: None, tmp_path: Path
) -> None:
    """Learnt weights that come between two pods of a run change nothing for it."""
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    first = task(tmp_path, store, mlflow, initial_weights="auto")
    signalled_after(1, first)
    with pytest.raises(Interrupted):
        run(first)
    store.objects[PRETRAINED] = uninterrupted.store.objects[WEIGHTS]
    run(task(tmp_path, store, mlflow, initial_weights="auto"))
    assert sha256(store.objects[WEIGHTS]) == sha256(uninterrupted.store.objects[WEIGHTS])
    assert json.loads(store.objects[CONTRACT])["training"]["initialWeights"] == "random"


def test_a_run_from_learnt_weights_that_was_cut_off_ends_like_one_that_was_not(
    uninterrupted: Finished, quickly: None, tmp_path: Path
) -> None:
    """Through the epoch in which the head learns alone, and after it."""
    start: dict[str, Any] = {"initial_weights": "auto", "epochs": 3}
    body = safetensors.torch.load(uninterrupted.store.objects[WEIGHTS])
    ends = []
    for steps in (None, 1, 2, 3, 5):
        store, mlflow = MemoryStore(), FakeMlflow()
        with_dataset(store, DATASET)
        store.objects[PRETRAINED] = safetensors.torch.save(body)
        if steps is not None:
            first = task(tmp_path, store, mlflow, **start)
            signalled_after(steps, first)
            with pytest.raises(Interrupted):
                run(first)
        run(task(tmp_path, store, mlflow, **start))
        ends.append(sha256(store.objects[WEIGHTS]))
    assert len(set(ends)) == 1
