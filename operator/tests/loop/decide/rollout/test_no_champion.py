"""Roll out?: why no champion can be followed is told, and what serves goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dandelion_operator.api.reasons import Reason
from dandelion_operator.loop.decide.rollout.target import wanted_target
from dandelion_operator.seen.observed import Observed
from given import registry, seen, serving, version


@pytest.mark.parametrize(
    ("observed", "reason", "words"),
    [
        pytest.param(
            serving(3, registry=replace(registry(version(3)), champion=9)),
            Reason.ALIAS_MISSING,
            "the alias champion names version 9, which does not exist; ",
            id="the alias names nothing",
        ),
        pytest.param(
            serving(3, registry=replace(registry(version(2)), champion=9)),
            Reason.ALIAS_MISSING,
            "the alias champion names version 9, which does not exist; ",
            id="the alias names nothing, and what serves is unknown as well",
        ),
        pytest.param(
            serving(3, registry=registry(version(2))),
            Reason.ALIAS_MISSING,
            "MLflow knows version 3 no more, and no version is the champion; ",
            id="what serves is unknown",
        ),
        pytest.param(
            serving(3, registry=registry(version(3))),
            Reason.ALIAS_MISSING,
            "no version has the alias champion; ",
            id="there is no alias",
        ),
        pytest.param(
            seen(registry=registry(version(3))),
            Reason.ALIAS_MISSING,
            "no version has the alias champion; ",
            id="nothing serves and there is no alias",
        ),
        pytest.param(
            seen(), Reason.NO_VERSION, "no version has been registered yet", id="there is none"
        ),
    ],
)
def test_why_there_is_no_champion_is_told(observed: Observed, reason: Reason, words: str) -> None:
    deployed = None if observed.deployment is None else observed.deployment.target
    target, obstacle = wanted_target(observed)
    assert target == deployed
    assert obstacle is not None
    assert obstacle.reason is reason
    assert obstacle.message.startswith(words)


def test_what_serves_is_the_champion_although_its_files_were_not_looked_at() -> None:
    target, obstacle = wanted_target(serving(3, artifacts={}))
    assert (target, obstacle) == (version(3).target, None)


def test_a_champion_that_was_not_looked_at_yet_waits_and_says_so() -> None:
    target, obstacle = wanted_target(seen(registry=registry(version(3), champion=3)))
    assert target is None
    assert obstacle is not None
    assert obstacle.reason is Reason.STORAGE_UNREACHABLE
    assert "version 3 cannot be served: its artifact has not been looked at yet" in obstacle.message
