"""Promote?: a version that a person asks for by annotation gets the alias, whatever the gate says.

It is what a person does who moves the alias in MLflow, so all that comes after is the same.
"""

from __future__ import annotations

from dandelion_operator.loop.decide.gate.facts import Facts
from dandelion_operator.loop.decide.plan.decisions import PromoteDecision
from dandelion_operator.loop.decide.plan.versions import ConfirmAlias, SetAlias
from dandelion_operator.seen.conclusions.promotion_request import wanted_version

CHAMPION = "champion"


def a_person_asks_for_a_version(facts: Facts) -> PromoteDecision | None:
    wanted = wanted_version(facts.resource, facts.observed.previous)
    if wanted is None or wanted.refused or facts.registry.version(wanted.version) is None:
        return None
    alias = facts.registry.alias
    if alias == wanted.version:
        return None
    return PromoteDecision(
        actions=(ConfirmAlias(CHAMPION, alias), SetAlias(CHAMPION, wanted.version))
    )
