"""Trials of a search that fall behind the others, and which others they are measured by."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dandelion_training.run.model_selection import validation
from dandelion_training.run.model_selection.trial import trial
from dandelion_training.search.records import Outcome
from given.runs import MODELS, STATUS
from given.searches import SEARCH, filled, task

MEDIAN = {"search": SEARCH | {"pruning": "Median", "maxTrials": 6}}


@pytest.fixture(autouse=True)
def quick(quickly: None) -> None:
    """With the small network."""


def values(monkeypatch: pytest.MonkeyPatch, of_trial: Callable[[], float]) -> None:
    found = validation.validated

    def validated(*arguments: Any) -> validation.ValidationFigures:
        return found(*arguments).model_copy(update={"accuracy": of_trial()})

    monkeypatch.setattr(validation, "validated", validated)


def test_a_trial_that_falls_behind_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, found = filled(), []
    for number, value in enumerate((0.9, 0.8, 0.87, 0.6, 0.95, 0.1)):
        with monkeypatch.context() as patch:
            values(patch, lambda value=value: value)
            found.append(trial(task(tmp_path, store, number, epochs=4, **MEDIAN)))
    assert [result.outcome.value for result in found] == [
        *("Complete", "Complete", "Complete", "Pruned", "Complete", "Pruned")
    ]
    assert found[3].values == {1: 0.6}
    assert found[3].value is None
    assert json.loads(store.objects[STATUS])["search"]["pruned"] == 2


def test_the_first_rung_is_a_tenth_of_the_most_epochs_that_a_trial_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = SEARCH["parameters"] | {"epochs": {"values": [3, 20]}}
    halving = SEARCH | {"parameters": parameters, "pruning": "SuccessiveHalving", "maxTrials": 4}
    store, found = filled(), []
    for number, value in enumerate((0.9, 0.1)):
        with monkeypatch.context() as patch:
            values(patch, lambda value=value: value)
            found.append(trial(task(tmp_path, store, number, epochs=3, search=halving)))
    assert [result.outcome.value for result in found] == ["Complete", "Pruned"]
    assert [sorted(result.values) for result in found] == [[1, 2, 3], [1, 2]]


def test_rungs_count_the_epochs_of_all_folds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    halving = SEARCH | {"pruning": "SuccessiveHalving", "maxTrials": 4}
    store, found = filled(), []
    for number, value in enumerate((0.9, 0.1)):
        with monkeypatch.context() as patch:
            values(patch, lambda value=value: value)
            folds = {"folds": 3, "folds_uri": f"{MODELS}/folds"}
            found.append(trial(task(tmp_path, store, number, epochs=7, search=halving, **folds)))
    assert [result.outcome.value for result in found] == ["Complete", "Pruned"]
    assert len(found[0].values) == 21
    assert sorted(found[1].values) == [1, 2]


def test_a_trial_that_failed_is_no_measure_for_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled()
    halving = {"search": SEARCH | {"pruning": "SuccessiveHalving", "maxTrials": 4}}
    before = task(tmp_path, store, 0, epochs=4, **halving)
    with monkeypatch.context() as patch:
        values(patch, lambda: 0.9)
        good = trial(before)
    (place,) = (uri for uri in store.objects if uri.endswith("/trials/0/result.json"))
    failed = good.model_copy(update={"outcome": Outcome.FAILED, "value": None})
    store.objects[place] = failed.model_dump_json(by_alias=True).encode()
    with monkeypatch.context() as patch:
        values(patch, lambda: 0.1)
        result = trial(task(tmp_path, store, 1, epochs=4, **halving))
    assert result.outcome is Outcome.COMPLETE


def test_without_pruning_every_trial_is_done_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled()
    wanted = {"search": SEARCH | {"maxTrials": 5}}
    for number in range(5):
        with monkeypatch.context() as patch:
            values(patch, lambda number=number: 0.9 - number / 10)
            result = trial(task(tmp_path, store, number, epochs=4, **wanted))
        assert sorted(result.values) == [1, 2, 3, 4]
