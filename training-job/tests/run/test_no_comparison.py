"""That two models cannot be compared is found out once, and stands where the comparison would."""

import json
from pathlib import Path

import pytest
from dandelion_training.evaluate.comparison.impossible import (
    LONGEST,
    Impossible,
    read_impossible,
    write_impossible,
)
from dandelion_training.evaluate.documents import Unreadable
from dandelion_training.evaluate.library import Evaluations
from dandelion_training.ports.failures import Reason, TrainingFailure
from given.evaluation.successive_runs import EVALUATIONS, World, of
from given.quick import make_quick
from given.runs import DATASET

NAMES = ("sha256:" + "d" * 64, "sha256:" + "a" * 64, "sha256:" + "b" * 64)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


def renamed(world: World) -> None:
    """The same pictures, of other classes."""
    names = {"blue": "red", "yellow": "green"}
    for uri in [uri for uri in world.store.objects if uri.startswith(f"{DATASET}/")]:
        label, _, name = uri.removeprefix(f"{DATASET}/").partition("/")
        world.store.objects[f"{DATASET}/{names[label]}/{name}"] = world.store.objects.pop(uri)


def test_a_run_writes_down_that_its_model_and_the_champion_cannot_be_compared(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    first = world.train("one")
    renamed(world)
    second = world.train("two", **of(first))
    dataset = world.dataset(second)
    found = Evaluations(world.store, EVALUATIONS).comparison(
        dataset, second.contract, first.contract
    )
    assert isinstance(found, Impossible)
    assert len(world.mlflow.versions["default.lawn"]) == 2
    world.store.written.clear()
    with pytest.raises(TrainingFailure) as caught:
        world.evaluator().compare(second, first, dataset)
    assert (caught.value.reason, caught.value.message) == (
        Reason.EVALUATION_IMPOSSIBLE,
        found.message,
    )
    assert not [uri for uri in world.store.written if "/evaluations/" in uri]


def test_what_may_pass_is_not_written_down(tmp_path: Path) -> None:
    world = World(tmp_path)
    first, second = world.train("one"), world.train("two", seed=1)
    dataset = world.dataset(second)
    for uri in [uri for uri in world.store.objects if "/evaluations/" in uri]:
        del world.store.objects[uri]
    kept = world.store.objects.pop(f"{first.folder}/contract.json")
    with pytest.raises(TrainingFailure):
        world.evaluator().compare(second, first, dataset)
    world.store.objects[f"{first.folder}/contract.json"] = kept
    assert world.evaluator().compare(second, first, dataset).both.images > 0


def test_the_outcome_is_read_as_it_is_written() -> None:
    found = Impossible(*NAMES, "No image is left.")
    assert read_impossible(write_impossible(found)) == found
    assert json.loads(write_impossible(found))["apiVersion"] == "dandelion.dev/no-comparison/v1"


def test_a_long_cause_is_cut() -> None:
    found = read_impossible(write_impossible(Impossible(*NAMES, "x" * 5000)))
    assert isinstance(found, Impossible)
    assert len(found.message) == LONGEST


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"apiVersion": 1}'])
def test_what_is_no_outcome_is_told(content: bytes) -> None:
    assert isinstance(read_impossible(content), Unreadable)
