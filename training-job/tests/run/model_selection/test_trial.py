"""Trials of a search: what each leaves, and that no kill loses one or does one twice."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from dandelion_training.data.images.pixels import Pixels
from dandelion_training.ports.failures import Interrupted, Reason, TrainingFailure
from dandelion_training.run import learning
from dandelion_training.run.model_selection.trial import trial
from dandelion_training.search.records import Outcome, TrialResult
from fakes.images import encoded, picture, with_dataset
from fakes.s3 import MemoryStore
from given.quick import make_quick
from given.runs import DATASET, MODELS, STATUS
from given.searches import FOLDER, SEARCH, TRIALS, filled, search, task


@pytest.fixture(autouse=True)
def quick(quickly: None) -> None:
    """With the small network."""


def without_seconds(results: list[TrialResult]) -> list[dict[str, Any]]:
    return [result.model_dump(exclude={"seconds"}) for result in results]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Of a search that nobody disturbs."""
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        return without_seconds(search(tmp_path_factory.mktemp("work"), filled()))


def test_every_trial_leaves_one_result_with_all_that_it_rests_on(tmp_path: Path) -> None:
    store = filled()
    results = search(tmp_path, store)
    (version,) = {result.dataset for result in results}
    assert f"{MODELS}/datasets/{version.removeprefix('sha256:')}/manifest.jsonl.gz" in store.objects
    for number, result in enumerate(results):
        stored = json.loads(store.objects[f"{FOLDER}/trials/{number}/result.json"])
        assert TrialResult.model_validate(stored) == result
        assert result.outcome is Outcome.COMPLETE
        assert result.value is not None
        assert 0 <= result.value <= 1
        assert sorted(result.values) == [1, 2]
        assert result.seconds > 0
    assert results[0].parameters["batch_size"] == 10, "the first tries what the spec says"
    assert results[0].parameters["learning_rate"] == 0.001
    assert not [uri for uri in store.objects if "checkpoint" in uri]
    assert list(tmp_path.iterdir()) == []


def test_a_search_tells_how_far_it_is(tmp_path: Path) -> None:
    store, told = filled(), []

    def before_write(uri: str) -> None:
        if uri == STATUS and uri in store.objects:
            told.append(json.loads(store.objects[uri]))

    store.before_write = before_write
    results = search(tmp_path, store)
    status = json.loads(store.objects[STATUS])
    assert (status["state"], status["stage"], status["percent"]) == ("running", "searching", 100)
    assert status["search"] == {
        "trials": TRIALS,
        "finished": TRIALS,
        "pruned": 0,
        "failed": 0,
        "best": max(result.value or 0 for result in results),
    }
    assert [item["search"]["finished"] for item in told] == [0, 1, 1, 2, 2]


def test_a_trial_sees_nothing_of_the_holdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: set[str] = set()
    found = Pixels.__getitem__

    def looking(self: Pixels, sha256: str) -> Any:
        looked_at.add(sha256)
        return found(self, sha256)

    monkeypatch.setattr(Pixels, "__getitem__", looking)
    store = filled()
    search(tmp_path, store)
    sides = sides_in(store)
    assert {sides[sha256] for sha256 in looked_at} == {"train"}
    assert len(looked_at) == list(sides.values()).count("train"), "it sees the rest"


def sides_in(store: MemoryStore) -> dict[str, str]:
    """Of the one version: where each image is, by its SHA-256."""
    (place,) = (uri for uri in store.objects if uri.endswith("/manifest.jsonl.gz"))
    _, *rows = map(json.loads, gzip.decompress(store.objects[place]).splitlines())
    return {row["sha256"]: row["split"] for row in rows}


def cut_off_at(number: int) -> Callable[[str], None]:
    """Stop right before the n-th write of what counts."""
    writes = 0

    def before_write(uri: str) -> None:
        nonlocal writes
        writes += not uri.endswith("status.json")
        if writes == number and not uri.endswith("status.json"):
            raise Interrupted

    return before_write


def test_killed_at_any_write_no_trial_is_lost_and_none_is_done_twice(
    tmp_path: Path, expected: list[dict[str, Any]]
) -> None:
    """With a checkpoint after every step. Each pod that is killed is followed by another."""
    killed = 0
    for number in range(1, 200):
        store, found = filled(), []
        store.before_write = cut_off_at(number)
        for index in range(2):
            try:
                found.append(trial(task(tmp_path, store, index, checkpoint_seconds=1)))
            except Interrupted:
                killed += 1
                found.append(trial(task(tmp_path, store, index, checkpoint_seconds=1)))
        assert without_seconds(found) == expected[:2], f"killed at write {number}"
        names = [uri for uri in store.objects if uri.endswith("/result.json")]
        assert len(names) == 2
        if killed < number:
            break
    assert killed > 20


def test_a_result_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    store = filled()
    before = trial(task(tmp_path, store, 0))
    store.written.clear()
    assert trial(task(tmp_path, store, 0)) == before
    assert set(store.written) == {STATUS}


def test_images_that_come_while_it_searches_wait_for_the_next_run(tmp_path: Path) -> None:
    store = filled()
    first = trial(task(tmp_path, store, 0))
    store.objects[f"{DATASET}/blue/new.png"] = encoded(picture(5000, (40, 60, 200)))
    assert trial(task(tmp_path, store, 1)).dataset == first.dataset


def test_all_trials_start_from_the_weights_of_the_first(tmp_path: Path) -> None:
    """Another champion would ask for another split."""
    store = filled()
    trial(task(tmp_path, store, 0))
    gone = "s3://models/default/lawn/other/artifact/model.safetensors"
    assert trial(task(tmp_path, store, 1, initial_weights=gone)).outcome is Outcome.COMPLETE


def test_folds_give_the_mean_of_their_figures(tmp_path: Path) -> None:
    store = filled()
    results = search(tmp_path, store, folds=3, folds_uri=f"{MODELS}/folds")
    for result in results:
        assert len(result.folds) == 3
        figures = [fold.accuracy for fold in result.folds]
        assert result.value == pytest.approx(sum(figures) / 3)
        assert len(result.values) == 6
    validated = {sum(fold.images for fold in result.folds) for result in results}
    assert validated == {list(sides_in(store).values()).count("train")}, "each image once"


def test_settings_under_which_the_loss_is_no_number_fail_alone(tmp_path: Path) -> None:
    store = filled()
    wild = SEARCH | {"parameters": {"learningRate": {"min": 1e30, "max": 1e35}}}
    result = trial(task(tmp_path, store, 1, search=wild, epochs=4))
    assert result.outcome is Outcome.FAILED
    assert "Lower training.learningRate" in result.message
    assert json.loads(store.objects[STATUS])["search"]["failed"] == 1


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_settings_that_memory_is_too_small_for_fail_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def starved(*_: Any, **__: Any) -> None:
        raise error

    store = filled()
    with monkeypatch.context() as patch:
        patch.setattr(learning, "fit", starved)
        result = trial(task(tmp_path, store, 0))
    assert result.outcome is Outcome.FAILED
    assert "memory ran out with training.batchSize 10" in result.message
    assert trial(task(tmp_path, store, 1)).outcome is Outcome.COMPLETE


def test_another_error_is_no_outcome_of_a_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    store = filled()
    monkeypatch.setattr(learning, "fit", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        trial(task(tmp_path, store, 0))
    assert f"{FOLDER}/trials/0/result.json" not in store.objects


def test_a_store_that_is_away_for_a_moment_ends_no_trial(tmp_path: Path) -> None:
    store = filled()

    def away(uri: str) -> None:
        if uri.endswith("/curve.json"):
            raise TrainingFailure(Reason.STORAGE_UNREACHABLE, "no answer")

    store.before_write = away
    assert trial(task(tmp_path, store, 0)).outcome is Outcome.COMPLETE


def test_five_images_a_class_suffice(tmp_path: Path) -> None:
    store = MemoryStore()
    with_dataset(store, DATASET, images=5)
    assert trial(task(tmp_path, store, 0)).outcome is Outcome.COMPLETE
