"""status.history: what became of the champion, its rollout, broken files, what was left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.training import Training
from dandelion_operator.api.status.versions import Challenger
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.loop.decide.plan.decisions import (
    PromoteDecision,
    RolloutDecision,
)
from dandelion_operator.loop.report.history import history_entries
from dandelion_operator.seen.observed import Observed
from given import NOW, registry, seen, status, version
from given.report.conditions import AWAY, GONE, MLFLOW_AWAY, NO_ALIAS, PLAIN, TARGET
from given.report.history import QUIET, Entry, condition, run, told


def alias(number: int | None, verdict: str = "promoted", **about: Any) -> Observed:
    """Version 3 has the verdict; the alias names `number`."""
    found = version(3, verdict=verdict, verdict_reason="better")
    return seen(registry=registry(version(2), found, champion=number), **about)


FOLLOWS = replace(QUIET, rollout=RolloutDecision(TARGET))
NAMED = "the alias champion names version 3"
SERVED_2 = status(champion={"version": "2"})


@pytest.mark.parametrize(
    ("observed", "plan", "entries"),
    [
        pytest.param(alias(3), QUIET, [], id="nothing is to be served"),
        pytest.param(seen(registry=MLFLOW_AWAY), FOLLOWS, [], id="MLflow is away"),
        pytest.param(alias(2), FOLLOWS, [], id="the champion is another one than what serves"),
        pytest.param(alias(3, previous=status(champion={"version": "3"})), FOLLOWS, [], id="known"),
        pytest.param(
            seen(registry=registry(version(2), champion=3)),
            FOLLOWS,
            [],
            id="it is gone",
        ),
        pytest.param(alias(3), FOLLOWS, [("FollowedAlias", "3", NAMED)], id="the first champion"),
        pytest.param(
            alias(3, previous=SERVED_2),
            FOLLOWS,
            [("FollowedAlias", "3", f"{NAMED} (was version 2)")],
            id="another champion than before",
        ),
        pytest.param(
            alias(3, "promoting", previous=SERVED_2),
            FOLLOWS,
            [("Promoted", "3", "better")],
            id="a champion that the gate let through",
        ),
    ],
)
def test_what_became_of_the_champion(observed: Observed, plan: Plan, entries: list[Entry]) -> None:
    assert told(observed, plan) == entries


@pytest.mark.parametrize(
    ("observed", "adopt", "decision"),
    [
        pytest.param(alias(3), "3", "Adopted", id="the annotation names the first champion"),
        pytest.param(alias(3), "2", "FollowedAlias", id="the annotation names another one"),
        pytest.param(alias(3, previous=SERVED_2), "3", "FollowedAlias", id="one was served before"),
        pytest.param(alias(3, "promoting"), "3", "Promoted", id="the gate let it through"),
    ],
)
def test_only_a_first_champion_that_the_annotation_names_is_adopted(
    observed: Observed, adopt: str, decision: str
) -> None:
    current = (condition("Promoted"), condition("RolledOut"))
    wanted = replace(PLAIN, adopt=adopt)
    (entry,) = history_entries(wanted, observed, FOLLOWS, None, None, current, NOW)
    assert entry.decision == decision


@pytest.mark.parametrize(
    ("verdict", "person"),
    [
        pytest.param("promoted", "jane@example.com", id="a person moved the alias"),
        pytest.param("promoting", None, id="the operator did, for the gate"),
    ],
)
def test_the_person_who_moved_the_alias_is_named(verdict: str, person: str | None) -> None:
    champion = version(3, verdict=verdict)
    found = replace(registry(champion, champion=3), moved_by="jane@example.com")
    current = (condition("Promoted"), condition("RolledOut"))
    (entry,) = history_entries(PLAIN, seen(registry=found), FOLLOWS, None, None, current, NOW)
    assert entry.requested_by == person
    assert entry.model_dump(by_alias=True)["requestedBy"] == person


@pytest.mark.parametrize(
    ("verdict", "now", "digest", "found"),
    [
        pytest.param("promoting", run(), "sha256:images", ("Created", "sha256:images"), id="gate"),
        pytest.param("promoting", None, "", (None, None), id="the gate, and nothing else is known"),
        pytest.param("promoted", run(), "sha256:images", (None, "sha256:images"), id="a person"),
    ],
)
def test_only_what_the_gate_let_through_has_the_trigger_of_its_run(
    verdict: str, now: Training | None, digest: str, found: tuple[str | None, str | None]
) -> None:
    champion = version(3, verdict=verdict, dataset_digest=digest)
    observed = seen(previous=Status(training=now), registry=registry(champion, champion=3))
    current = (condition("Promoted"), condition("RolledOut"))
    (entry,) = history_entries(PLAIN, observed, FOLLOWS, None, now, current, NOW)
    assert (entry.trigger, entry.dataset) == found


def was(kind: str, reason: str, state: str = "False", **about: Any) -> Observed:
    before = Status(conditions=(condition(kind, reason, state),))
    return seen(previous=before, **({"registry": registry(champion=3)} | about))


REJECTED, LATE = "ArtifactRejected", "ProgressDeadlineExceeded"


@pytest.mark.parametrize(
    ("observed", "rolled", "entries"),
    [
        pytest.param(
            seen(registry=registry(champion=3)),
            REJECTED,
            [(REJECTED, "3", "about RolledOut")],
            id="files that are broken from the start",
        ),
        pytest.param(
            was("RolledOut", "Progressing", "Unknown"),
            LATE,
            [(LATE, "3", "about RolledOut")],
            id="a rollout that took too long",
        ),
        pytest.param(was("RolledOut", LATE), LATE, [], id="a rollout that still does"),
        pytest.param(
            was("RolledOut", LATE),
            REJECTED,
            [(REJECTED, "3", "about RolledOut")],
            id="another cause than before",
        ),
        pytest.param(was("RolledOut", LATE), "NameTaken", [], id="what is no matter of a version"),
        pytest.param(
            was("RolledOut", LATE, registry=MLFLOW_AWAY),
            REJECTED,
            [(REJECTED, None, "about RolledOut")],
            id="broken files while MLflow is away",
        ),
        pytest.param(
            was("RolledOut", LATE, registry=registry()),
            REJECTED,
            [(REJECTED, None, "about RolledOut")],
            id="broken files and no alias",
        ),
    ],
)
def test_what_became_of_a_rollout(observed: Observed, rolled: str, entries: list[Entry]) -> None:
    assert told(observed, rolled=rolled) == entries


BROKEN = replace(QUIET, promote=PromoteDecision("words", waiting=GONE))
FOURTH = Challenger(version="4")


@pytest.mark.parametrize(
    ("observed", "plan", "challenger", "promoted", "entries"),
    [
        pytest.param(
            was("Promoted", "VersionPromoted", "True"),
            BROKEN,
            FOURTH,
            REJECTED,
            [(REJECTED, "4", "about Promoted")],
            id="files that are broken now",
        ),
        pytest.param(was("Promoted", REJECTED), BROKEN, FOURTH, REJECTED, [], id="known"),
        pytest.param(seen(), BROKEN, None, REJECTED, [], id="no challenger"),
        pytest.param(seen(), QUIET, FOURTH, REJECTED, [], id="nothing is waited for"),
        pytest.param(
            seen(),
            replace(QUIET, promote=PromoteDecision("words", waiting=AWAY)),
            FOURTH,
            REJECTED,
            [],
            id="broken files of the champion, while the challenger cannot be read",
        ),
        pytest.param(seen(), BROKEN, FOURTH, "Suspended", [], id="Promoted says something else"),
    ],
)
def test_what_became_of_a_broken_challenger(
    observed: Observed,
    plan: Plan,
    challenger: Challenger | None,
    promoted: str,
    entries: list[Entry],
) -> None:
    assert told(observed, plan, challenger, promoted=promoted) == entries


OFFERS = replace(
    QUIET, rollout=RolloutDecision(None, Failure(Reason.ADOPTION_NEEDED, "a former one's"))
)
OFFERED = status(history=[{"time": NOW, "decision": "AdoptionNeeded", "version": "2"}])
LEFT = replace(registry(), left=version(2))


@pytest.mark.parametrize(
    ("observed", "plan", "entries"),
    [
        pytest.param(
            seen(registry=LEFT), OFFERS, [("AdoptionNeeded", "2", "a former one's")], id="offered"
        ),
        pytest.param(seen(registry=LEFT, previous=OFFERED), OFFERS, [], id="offered before"),
        pytest.param(seen(registry=LEFT), QUIET, [], id="nothing stands against it"),
        pytest.param(
            seen(registry=registry()),
            replace(QUIET, rollout=RolloutDecision(None, NO_ALIAS)),
            [],
            id="nothing was left",
        ),
        pytest.param(seen(registry=MLFLOW_AWAY), OFFERS, [], id="MLflow is away"),
    ],
)
def test_what_a_former_resource_left_is_offered_once(
    observed: Observed, plan: Plan, entries: list[Entry]
) -> None:
    assert told(observed, plan) == entries


@pytest.mark.parametrize(("digest", "dataset"), [("sha256:images", "sha256:images"), ("", None)])
def test_an_offer_names_the_images_where_they_are_known(digest: str, dataset: str | None) -> None:
    observed = seen(registry=replace(registry(), left=version(2, dataset_digest=digest)))
    current = (condition("Promoted"), condition("RolledOut"))
    (entry,) = history_entries(PLAIN, observed, OFFERS, None, None, current, NOW)
    assert entry.dataset == dataset
