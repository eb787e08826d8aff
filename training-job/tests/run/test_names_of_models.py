"""People know a model by the number of its registered version."""

from dataclasses import replace
from pathlib import Path

import pytest
from dandelion_training.ports.failures import Reason, TrainingFailure
from given.evaluation.successive_runs import World, of
from given.quick import make_quick
from given.runs import DATASET


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        pytest.param({"champion_version": "1"}, "version 1", id="by its number"),
        pytest.param({}, "", id="by its digest where the number is not told"),
    ],
)
def test_the_sheet_of_disagreements_names_the_champion(
    tmp_path: Path, told: dict[str, str], name: str
) -> None:
    world = World(tmp_path)
    first = world.train("one")
    world.train("two", seed=1, **of(first), **told)
    sheet = world.mlflow.runs[-1].files["report/disagreements.html"].decode()
    expected = name or first.contract.removeprefix("sha256:")[:12]
    assert f"Challenger version 2 against champion {expected}" in sheet


def test_a_comparison_that_cannot_be_made_is_told_by_the_numbers_of_the_versions(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    first = world.train("one")
    renamed = {"blue": "red", "yellow": "green"}
    for uri in [uri for uri in world.store.objects if uri.startswith(f"{DATASET}/")]:
        label, _, name = uri.removeprefix(f"{DATASET}/").partition("/")
        world.store.objects[f"{DATASET}/{renamed[label]}/{name}"] = world.store.objects.pop(uri)
    second = world.train("two")
    named = replace(second, version="2"), replace(first, version="1")
    with pytest.raises(TrainingFailure) as caught:
        world.evaluator().compare(*named, world.dataset(second))
    assert caught.value.reason is Reason.EVALUATION_IMPOSSIBLE
    assert "version 1" in caught.value.message
