"""Which versions of its dataset a model's page names, and what each led to."""

from __future__ import annotations

from dandelion_console.resource import ModelDeployment
from dandelion_console.views.model import story
from given.models import model

FIRST, SECOND = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


def entry(minute: int, decision: str, dataset: str, version: str | None = None) -> dict[str, str]:
    told = {"time": f"2026-03-08T11:{minute:02}:00Z", "decision": decision, "dataset": dataset}
    return told | ({"version": version} if version else {})


def test_what_a_run_began_with_is_no_version_and_what_was_only_read_is_one() -> None:
    history = [
        entry(1, "TrainingStarted", "0ffa38c43a72d2bd"),
        entry(2, "TrainingSucceeded", "0ffa38c43a72d2bd", "1"),
        entry(3, "Promoted", FIRST, "1"),
        entry(4, "DatasetIngested", SECOND),
    ]
    found = story(ModelDeployment.model_validate(model(history=history)))
    assert [(each.digest, each.versions) for each in found.datasets] == [
        (SECOND, ()),
        (FIRST, ("1",)),
    ]
