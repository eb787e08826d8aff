"""Short ways to say that a version waits for its verdict beside the champion."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.loop.decide.plan.decisions import PromoteDecision
from dandelion_operator.loop.decide.plan.versions import SetVerdict
from dandelion_operator.seen.observed import Observed

from given import compared, comparison, contract, registry, serving, version

NEW = version(4, verdict="")
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")


def beside(found: Any = None, **about: Any) -> Observed:
    """Version 4 waits for its verdict beside champion 3; `found` is what compares the two."""
    fields = {
        "registry": registry(version(3), NEW, champion=3),
        "artifacts": {3: contract(), 4: contract()},
        "comparisons": {compared(): found},
        "now": "2026-01-01T00:00:10Z",
    }
    return serving(3, **(fields | about))


def with_champion(
    new: Any = NEW, metric: float = 0.9, wins: int = 0, losses: int = 0, **about: Any
) -> Observed:
    """Version 4 beside champion 3, which answer so many of 1,000 images differently."""
    return serving(
        3,
        **{
            "registry": registry(version(3), new, champion=3),
            "artifacts": {3: contract(), 4: contract(metric)},
            "comparisons": {compared(): comparison(wins, losses)},
        }
        | about,
    )


def reason_of(found: PromoteDecision) -> str:
    verdict = next(item for item in found.actions if isinstance(item, SetVerdict))
    return verdict.reason
