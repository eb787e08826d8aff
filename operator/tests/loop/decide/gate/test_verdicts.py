"""What a verdict says it rests on, and what it remembers of the champion."""

from __future__ import annotations

import given
import pytest
from dandelion_operator.loop.decide.gate.promote import promote
from dandelion_operator.loop.decide.plan.versions import SetVerdict
from dandelion_operator.seen.observed import Observed
from given import registry, status, version
from given.judging import with_champion

PLAIN = given.resource()
MANUAL = given.resource(promotion={"mode": "Manual"})


@pytest.mark.parametrize(
    ("observed", "words"),
    [
        pytest.param(
            with_champion(metric=0.5),
            "accuracy 0.500 on 1,000 images is below promotion.minimum 0.8: rejected",
            id="below the minimum",
        ),
        pytest.param(
            with_champion(losses=40),
            "accuracy 0.960 against champion 3's 1.000 on the same 1,000 images: −4.0 points, "
            "one-sided 95 % bounds −5.2 and −3.1; worse than the champion by more than the margin "
            "of 2 points: rejected",
            id="worse",
        ),
        pytest.param(
            with_champion(wins=10),
            "accuracy 1.000 against champion 3's 0.990 on the same 1,000 images: +1.0 points, "
            "one-sided 95 % bounds +0.6 and +1.7; not worse by the margin of 2 points: it passes",
            id="better",
        ),
    ],
)
def test_the_verdict_says_what_it_rests_on(observed: Observed, words: str) -> None:
    verdict = promote(PLAIN, observed).actions[0]
    assert isinstance(verdict, SetVerdict)
    assert verdict.reason == words
    assert verdict.replaces == "3"


def test_a_version_that_no_person_approved_yet_remembers_what_it_was_compared_with() -> None:
    told = promote(MANUAL, with_champion()).actions[-1]
    assert isinstance(told, SetVerdict)
    approved = with_champion(
        previous=status(champion={"version": "4"}),
        registry=registry(
            version(3), version(4, verdict="awaiting", replaces=told.replaces), champion=4
        ),
    )
    sealed = promote(MANUAL, approved).actions[0]
    assert isinstance(sealed, SetVerdict)
    assert (told.replaces, sealed.replaces) == ("3", "3")
