"""Challenger and champion sit the same evaluation, once, in a run or in a Job of its own."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dandelion_training.data.version.library import Library
from dandelion_training.ports.documents import digest
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location
from fakes.images import encoded, picture
from given.evaluation.successive_runs import EVALUATIONS, World, of
from given.quick import make_quick
from given.runs import DATASET, MODELS


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


def test_a_run_stores_its_evaluation_by_dataset_version_and_contract(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.train("one")
    place = f"{EVALUATIONS}/{world.dataset(first)[7:]}/{first.contract[7:]}"
    found = json.loads(world.store.objects[f"{place}/evaluation.json"])
    contract = json.loads(world.store.objects[f"{first.folder}/contract.json"])
    assert found["metrics"]["accuracy"] == contract["metrics"]["accuracy"]
    assert found["images"] == contract["dataset"]["holdout"]
    assert contract["calibration"]["temperature"] > 0


def test_a_run_has_the_champion_sit_the_newest_evaluation(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.train("one")
    for number in range(10):
        world.store.objects[f"{DATASET}/blue/new{number}.png"] = encoded(
            picture(5000 + number, (40, 60, 200))
        )
    second = world.train("two", former_dataset=world.dataset(first), seed=1, **of(first))
    newest = world.dataset(second)
    assert newest != world.dataset(first)
    compared = world.comparison(newest, second, first)
    assert compared is not None
    assert (
        compared.both.images
        == json.loads(world.store.objects[f"{second.folder}/contract.json"])["dataset"]["holdout"]
    )
    logged = world.mlflow.runs[-1].files
    assert b"Where they disagree" in logged["report/disagreements.html"]
    assert logged["report/predictions.csv"].startswith(b"key,sha256,label,predicted")


def test_a_comparison_alone_needs_no_run(tmp_path: Path) -> None:
    world = World(tmp_path)
    first, second = world.train("one"), world.train("two", seed=1)
    dataset = world.dataset(second)
    made = world.evaluator().compare(second, first, dataset)
    assert world.comparison(dataset, second, first) == made
    world.store.written.clear()
    assert world.evaluator().compare(second, first, dataset) == made
    assert world.store.written == []


def test_classes_that_are_new_are_named_and_the_shared_ones_compared(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.train("one")
    for number in range(20):
        world.store.objects[f"{DATASET}/red/{number}.png"] = encoded(
            picture(7000 + number, (220, 30, 30))
        )
    # The stand-in knows two classes alone; a third would not fit its answers.
    world.store.objects = {
        uri: content
        for uri, content in world.store.objects.items()
        if not uri.startswith(f"{DATASET}/yellow/")
    }
    second = world.train("two", former_dataset=world.dataset(first), **of(first))
    compared = world.comparison(world.dataset(second), second, first)
    assert compared is not None
    assert (compared.shared, compared.gained, compared.lost) == (("blue",), ("red",), ("yellow",))


def test_what_the_champion_learnt_from_is_not_compared(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.train("one")
    # A version that does not follow the champion's, so that its holdout may hold what it learnt.
    second = world.train("two", holdout_fraction=0.5, former_dataset="")
    versions = Library(world.store, Location.parse(f"{MODELS}/datasets"), tmp_path)
    learnt = {
        name
        for name, split in versions.version(world.dataset(first)).splits().items()
        if split == "train"
    }
    dataset = world.dataset(second)
    holdout = {
        name for name, split in versions.version(dataset).splits().items() if split == "holdout"
    }
    assert learnt & holdout
    made = world.evaluator().compare(second, first, dataset)
    assert made.both.images == len(holdout - learnt)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda objects, uri: objects.pop(f"{uri}/contract.json"), "missing"),
        (lambda objects, uri: objects.update({f"{uri}/contract.json": b"{}"}), "another one"),
        (lambda objects, uri: objects.pop(f"{uri}/model.int8.xml"), "missing"),
        (lambda objects, uri: objects.update({f"{uri}/model.int8.bin": b""}), "not the file"),
    ],
)
def test_a_champion_whose_files_are_not_those_promised_is_told(
    tmp_path: Path, spoil: Any, words: str
) -> None:
    world = World(tmp_path)
    first, second = world.train("one"), world.train("two", seed=1)
    dataset = world.dataset(second)
    for uri in [uri for uri in world.store.objects if "/evaluations/" in uri]:
        del world.store.objects[uri]
    spoil(world.store.objects, str(first.folder))
    with pytest.raises(TrainingFailure, match=words) as caught:
        world.evaluator().compare(second, first, dataset)
    assert caught.value.reason is Reason.ARTIFACT_UNAVAILABLE


@pytest.mark.parametrize("told", ["precision", "lineage"])
def test_a_champion_of_an_older_release_cannot_be_compared_for_good(
    tmp_path: Path, told: str
) -> None:
    world = World(tmp_path)
    first, second = world.train("one"), world.train("two", seed=1)
    place, dataset = f"{first.folder}/contract.json", world.dataset(second)
    contract = json.loads(world.store.objects[place])
    (contract if told in contract else contract["dataset"]).pop(told)
    world.store.objects[place] = json.dumps(contract).encode()
    older = replace(first, contract=digest(world.store.objects[place]))
    with pytest.raises(TrainingFailure, match=f"older release and says nothing of {told}") as found:
        world.evaluator().compare(second, older, dataset)
    assert found.value.reason is Reason.EVALUATION_IMPOSSIBLE
    del world.store.objects[place]
    with pytest.raises(TrainingFailure, match="older release"):
        world.evaluator().compare(second, older, dataset)


def test_a_run_is_not_lost_over_a_champion_that_is_gone(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.train("one")
    del world.store.objects[f"{first.folder}/contract.json"]
    for uri in [uri for uri in world.store.objects if "/evaluations/" in uri]:
        del world.store.objects[uri]
    world.train("two", seed=1, **of(first))
    assert len(world.mlflow.versions["default.lawn"]) == 2


def test_a_run_is_not_lost_over_images_that_went_away_while_it_learnt(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.train("one")

    def remove_images(uri: str) -> None:
        if uri.endswith("two/artifact/contract.json"):
            images = [name for name in world.store.objects if name.startswith(f"{DATASET}/")]
            for name in images:
                del world.store.objects[name]

    world.store.objects[f"{DATASET}/blue/new.png"] = encoded(picture(5000, (40, 60, 200)))
    world.store.before_write = remove_images
    world.train("two", seed=1, former_dataset=world.dataset(first), **of(first))
    assert len(world.mlflow.versions["default.lawn"]) == 2


def test_a_run_is_not_lost_over_reports_that_mlflow_does_not_take(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.mlflow.outages["log_artifact"] = [ConnectionError("no room")] * 10_000
    world.train("one")
    assert len(world.mlflow.versions["default.lawn"]) == 1
