"""A run after its search: it trains with the winner, says so, and fails where there is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from dandelion_training.search.records import TrialResult
from fakes.images import encoded, picture, with_dataset
from fakes.mlflow import FakeMlflow, FakeRun
from fakes.s3 import MemoryStore
from given.quick import make_quick
from given.runs import CONTRACT, DATASET, RUN, STATUS
from given.searches import TRIALS, search, train


class Searched:
    """A store and an MLflow after a search and its run."""

    def __init__(self, work: Path, **changed: Any) -> None:
        self.store, self.mlflow = MemoryStore(), FakeMlflow()
        with_dataset(self.store, DATASET)
        self.results = search(work, self.store, **changed)
        self.version = train(work, self.store, self.mlflow, **changed)

    @property
    def contract(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.store.objects[CONTRACT])
        return found

    @property
    def best(self) -> TrialResult:
        return max(self.results, key=lambda found: (found.value or 0, -found.trial))

    def children(self) -> list[FakeRun]:
        return [run for run in self.mlflow.runs if "dandelion.dev/trial" in run.tags]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        return Searched(tmp_path_factory.mktemp("work"))


def test_the_model_is_trained_with_the_settings_of_the_best_trial(done: Searched) -> None:
    best, training = done.best.parameters, done.contract["training"]
    assert training["learningRate"] == best["learning_rate"]
    assert training["batchSize"] == best["batch_size"]
    assert done.contract["dataset"]["digest"] == done.best.dataset
    assert training["search"] == {
        "trial": done.best.trial,
        "parameters": {"batchSize": best["batch_size"], "learningRate": best["learning_rate"]},
        "metric": "accuracy",
        "value": done.best.value,
        "trials": TRIALS,
        "pruned": 0,
        "failed": 0,
    }


def test_the_version_and_the_status_say_what_was_searched_for(done: Searched) -> None:
    (version,) = done.mlflow.versions["default.lawn"]
    chosen = json.loads(version.tags["dandelion.dev/search-parameters"])
    assert chosen == done.contract["training"]["search"]["parameters"]
    assert version.tags["dandelion.dev/search-trials"] == str(TRIALS)
    assert version.tags["dandelion.dev/search-metric"] == "accuracy"
    assert version.tags["dandelion.dev/search-value"] == str(done.best.value)
    told = json.loads(done.store.objects[STATUS])["search"]
    assert told["finished"] == TRIALS
    assert told["parameters"]["batchSize"] == str(done.best.parameters["batch_size"])


def test_mlflow_has_each_trial_below_the_run(done: Searched) -> None:
    (run,) = (item for item in done.mlflow.runs if item.tags.get("dandelion.dev/run") == RUN)
    assert run.params["batch_size"] == str(done.best.parameters["batch_size"])
    children = done.children()
    assert [child.tags["dandelion.dev/trial"] for child in children] == [
        f"{RUN}/{number}" for number in range(TRIALS)
    ]
    for child, result in zip(children, done.results, strict=True):
        assert child.tags["mlflow.parentRunId"] == run.run_id
        assert child.tags["dandelion.dev/outcome"] == "Complete"
        assert child.params == {name: str(value) for name, value in result.parameters.items()}
        assert child.metrics["value"] == [result.value]
        assert child.metrics["validation_accuracy"] == [result.values[1], result.values[2]]
        assert child.status == "FINISHED"


def test_a_run_that_begins_again_tells_mlflow_of_no_trial_twice(
    quickly: None, tmp_path: Path
) -> None:
    found = Searched(tmp_path)
    before = len(found.mlflow.runs)
    assert train(tmp_path, found.store, found.mlflow) == found.version
    assert len(found.mlflow.runs) == before
    assert all(len(child.told) == 4 for child in found.children())


def test_an_mlflow_that_takes_no_trials_costs_no_model(quickly: None, tmp_path: Path) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    search(tmp_path, store)
    create_run = mlflow.create_run

    def refused(experiment_id: str, *, tags: dict[str, str], run_name: str) -> FakeRun:
        if "dandelion.dev/trial" in tags:
            raise ConnectionError("away")
        return create_run(experiment_id, tags=tags, run_name=run_name)

    mlflow.create_run = refused
    assert train(tmp_path, store, mlflow) == "1"


def test_images_that_came_since_have_no_part_in_the_run(quickly: None, tmp_path: Path) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    first, *_ = search(tmp_path, store)
    store.objects[f"{DATASET}/blue/new.png"] = encoded(picture(5000, (40, 60, 200)))
    train(tmp_path, store, mlflow)
    assert json.loads(store.objects[CONTRACT])["dataset"]["digest"] == first.dataset


def test_with_folds_the_run_tells_those_of_the_winner(quickly: None, tmp_path: Path) -> None:
    found = Searched(tmp_path, folds=2, folds_uri="s3://models/default/lawn/folds")
    (run,) = (item for item in found.mlflow.runs if item.tags.get("dandelion.dev/run") == RUN)
    told = json.loads(run.files["report/cross-validation.json"])
    assert [fold["accuracy"] for fold in told] == [fold.accuracy for fold in found.best.folds]
    assert not [uri for uri in found.store.written if uri.startswith("s3://models/default/lawn/f")]
