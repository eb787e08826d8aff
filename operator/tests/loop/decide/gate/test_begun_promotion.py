"""Promote?: what was cut off goes on, unless a person or the spec says otherwise by now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.gate.promote import promote
from dandelion_operator.loop.decide.plan.versions import (
    ConfirmAlias,
    RemoveAlias,
    SetAlias,
    SetVerdict,
)
from dandelion_operator.seen.observed import Observed
from given import compared, comparison, contract, registry, seen, serving, status, version

PLAIN = given.resource()
SUSPENDED = given.resource(suspend=True)
MANUAL = given.resource(promotion={"mode": "Manual"})
OBSERVE = given.resource(promotion={"mode": "Observe"})
OF_ANOTHER = version(4, verdict="promoting", replaces="3", training_hash="another")
FIRST = version(1, verdict="promoting", replaces="")


def in_words(resource: Resource, observed: Observed) -> list[str]:
    words = []
    for action in promote(resource, observed).actions:
        match action:
            case SetVerdict():
                words.append(f"{action.version} {action.verdict}")
            case SetAlias(alias, number):
                words.append(f"{alias}={number}")
            case RemoveAlias(alias):
                words.append(f"no {alias}")
            case ConfirmAlias(_, number):
                words.append(f"if {number}")
    return words


def begun(verdict: str, champion: int | None, **about: Any) -> Observed:
    """The promotion of version 4 over champion 3, which serves, was cut off."""
    new = version(4, verdict=verdict, replaces="3")
    return serving(
        3,
        **{
            "registry": registry(version(2), version(3), new, champion=champion),
            "artifacts": {3: contract(), 4: contract()},
            "comparisons": {compared(): comparison()},
        }
        | about,
    )


ALL = ["4 passed", "if 3", "no champion", "4 promoting", "if None", "champion=4"]
GIVES_BACK = ["4 passed", "if None", "champion=3"]


@pytest.mark.parametrize(
    ("resource", "observed", "actions"),
    [
        pytest.param(PLAIN, begun("passed", 3), ALL, id="goes on before anything changed"),
        pytest.param(PLAIN, begun("passed", None), ALL[3:], id="goes on without a champion"),
        pytest.param(PLAIN, begun("promoting", None), ALL[3:], id="goes on once it was marked"),
        pytest.param(PLAIN, begun("promoting", 4), [], id="tells the history before anything else"),
        pytest.param(
            PLAIN,
            begun(
                "promoting",
                None,
                registry=registry(version(3), OF_ANOTHER),
                artifacts={3: contract(), 4: replace(contract(), dataset_uri="s3://another")},
            ),
            [],
            id="what a former resource of this name began does not",
        ),
        pytest.param(
            PLAIN, begun("promoting", 3), ["4 rejected"], id="a person gave the alias back"
        ),
        pytest.param(PLAIN, begun("promoting", 2), ["4 rejected"], id="a person took another one"),
        pytest.param(PLAIN, begun("passed", 2), ["4 rejected"], id="a person was there before"),
        pytest.param(
            PLAIN,
            begun("promoting", 3, previous=status(champion={"version": "4"})),
            ["4 promoted"],
            id="a person rolled back what the history had told already",
        ),
        pytest.param(SUSPENDED, begun("passed", 3), [], id="suspend holds it back"),
        pytest.param(
            SUSPENDED, begun("promoting", None), GIVES_BACK, id="suspend gives the alias back"
        ),
        pytest.param(
            MANUAL, begun("passed", 3), ["challenger=4", "4 awaiting"], id="Manual makes it wait"
        ),
        pytest.param(
            MANUAL, begun("promoting", None), GIVES_BACK, id="Manual gives the alias back first"
        ),
        pytest.param(OBSERVE, begun("passed", 3), ["4 observed"], id="Observe writes it down"),
        pytest.param(
            PLAIN,
            seen(registry=registry(FIRST)),
            ["1 promoting", "if None", "champion=1"],
            id="a first version goes on",
        ),
        pytest.param(
            SUSPENDED, seen(registry=registry(FIRST)), [], id="suspend holds a first version back"
        ),
        pytest.param(
            MANUAL,
            seen(registry=registry(FIRST)),
            ["challenger=1", "1 awaiting"],
            id="Manual makes a first version wait",
        ),
        pytest.param(
            OBSERVE,
            seen(registry=registry(FIRST)),
            ["1 observed"],
            id="Observe writes a first version down",
        ),
    ],
)
def test_a_begun_promotion(resource: Resource, observed: Observed, actions: list[str]) -> None:
    assert in_words(resource, observed) == actions
