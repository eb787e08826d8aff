"""Promote?: the gate, the three modes, and following whoever moves the alias."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.gate.promote import promote
from dandelion_operator.loop.decide.plan import RemoveAlias, SetAlias, SetVerdict
from dandelion_operator.seen.observed import Observed
from given import contract, registry, seen, serving, status, version

PLAIN = given.resource()
MANUAL = given.resource(promotion={"mode": "Manual"})
OBSERVE = given.resource(promotion={"mode": "Observe"})
PICKY = given.resource(promotion={"minImprovement": 0.02})
NEW = version(4, verdict="")


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
    return words


def with_champion(
    new: Any = NEW, metric: float = 0.9, champion: float = 0.9, **about: Any
) -> Observed:
    return serving(
        3,
        **{
            "registry": registry(version(3), new, champion=3),
            "artifacts": {3: contract(champion), 4: contract(metric)},
        }
        | about,
    )


@pytest.mark.parametrize(
    ("resource", "observed", "actions"),
    [
        pytest.param(PLAIN, seen(), [], id="nothing to judge"),
        pytest.param(
            PLAIN,
            seen(registry=registry(version(1, verdict="")), artifacts={1: contract()}),
            ["1 promoting", "champion=1"],
            id="promotes a first version that reaches the minimum",
        ),
        pytest.param(
            PLAIN,
            seen(registry=registry(version(1, verdict="")), artifacts={1: contract(0.79)}),
            ["1 rejected"],
            id="rejects a first version below the minimum",
        ),
        pytest.param(
            PLAIN, with_champion(), ["4 promoting", "champion=4"], id="promotes an equal version"
        ),
        pytest.param(
            PLAIN, with_champion(metric=0.89), ["4 rejected"], id="rejects a worse version"
        ),
        pytest.param(
            PICKY,
            with_champion(metric=0.91),
            ["4 rejected"],
            id="rejects a version that improves too little",
        ),
        pytest.param(
            PICKY,
            with_champion(metric=0.92),
            ["4 promoting", "champion=4"],
            id="promotes a version that improves just enough",
        ),
        pytest.param(
            given.resource(promotion={"metric": "macroF1"}),
            with_champion(),
            ["4 rejected"],
            id="rejects a version without the metric",
        ),
        pytest.param(
            given.resource(promotion={"metric": "macroF1"}),
            with_champion(artifacts={3: contract(), 4: contract(0.1, macroF1=0.9)}),
            ["4 promoting", "champion=4"],
            id="judges by the metric that is asked for",
        ),
        pytest.param(
            MANUAL,
            with_champion(),
            ["challenger=4", "4 awaiting"],
            id="Manual names a challenger and waits",
        ),
        pytest.param(
            MANUAL, with_champion(metric=0.5), ["4 rejected"], id="Manual names no bad challenger"
        ),
        pytest.param(OBSERVE, with_champion(), ["4 observed"], id="Observe only writes it down"),
        pytest.param(
            given.resource(suspend=True), with_champion(), [], id="judges nothing while suspended"
        ),
        pytest.param(
            PLAIN,
            with_champion(
                artifacts={3: contract(), 4: Failure(Reason.ARTIFACT_REJECTED, "no contract")}
            ),
            ["4 rejected"],
            id="rejects a version whose artifact is broken",
        ),
        *(
            pytest.param(
                PLAIN,
                with_champion(artifacts={3: contract(), 4: Failure(reason, "no answer")}),
                [],
                id=f"does not judge what it cannot read yet: {reason}",
            )
            for reason in (
                Reason.STORAGE_UNREACHABLE,
                Reason.CREDENTIALS_REJECTED,
                Reason.SECRET_MISSING,
            )
        ),
        pytest.param(
            PLAIN,
            serving(3, registry=Failure(Reason.REGISTRY_UNREACHABLE, "no answer")),
            [],
            id="does nothing while MLflow is away",
        ),
        pytest.param(
            PLAIN,
            with_champion(new=version(4, verdict="", training_hash="another")),
            [],
            id="judges nothing that was trained for another spec",
        ),
        pytest.param(
            PLAIN,
            with_champion(new=version(4, verdict="", run="")),
            [],
            id="judges nothing that no run of its own registered",
        ),
        pytest.param(
            PLAIN,
            with_champion(new=version(4, verdict="rejected", gate=digests.gate(PLAIN)), metric=1.0),
            [],
            id="judges once",
        ),
        pytest.param(
            PLAIN,
            with_champion(new=version(4, verdict="rejected", gate="another"), metric=1.0),
            ["4 promoting", "champion=4"],
            id="judges again when the gate was changed",
        ),
        pytest.param(
            PLAIN,
            with_champion(new=version(4, verdict="promoted", gate="another"), metric=1.0),
            [],
            id="does not undo a person's rollback",
        ),
        pytest.param(
            PLAIN,
            with_champion(new=version(4, verdict="promoting", replaces="3")),
            ["champion=4"],
            id="takes up a promotion that was begun",
        ),
        pytest.param(
            PLAIN,
            with_champion(
                new=version(4, verdict="promoting", replaces="3"),
                registry=registry(
                    version(2),
                    version(3),
                    version(4, verdict="promoting", replaces="3"),
                    champion=2,
                ),
            ),
            ["4 rejected"],
            id="drops a promotion when a person moved the alias meanwhile",
        ),
        pytest.param(
            PLAIN,
            with_champion(
                previous=status(champion={"version": "3"}),
                registry=registry(version(3), version(4, verdict="promoting"), champion=4),
            ),
            [],
            id="seals a promotion only after the status told it",
        ),
        pytest.param(
            PLAIN,
            with_champion(
                previous=status(champion={"version": "4"}),
                registry=registry(version(3), version(4, verdict="promoting"), champion=4),
            ),
            ["4 promoted"],
            id="seals a promotion that the status told",
        ),
        pytest.param(
            MANUAL,
            with_champion(
                previous=status(champion={"version": "4"}),
                registry=registry(
                    version(3), version(4, verdict="awaiting"), champion=4, challenger=4
                ),
            ),
            ["4 promoted", "no challenger"],
            id="takes a person's alias as the approval",
        ),
    ],
)
def test_promote(resource: Resource, observed: Observed, actions: list[str]) -> None:
    assert in_words(resource, observed) == actions


@pytest.mark.parametrize(
    ("metric", "champion", "words"),
    [
        (0.5, 0.9, "accuracy 0.5 is below promotion.minimum 0.8"),
        (0.85, 0.9, "accuracy 0.85 is not enough: champion 3 has 0.9"),
        (0.95, 0.9, "accuracy 0.95 reaches promotion.minimum 0.8; champion 3 has 0.9"),
    ],
)
def test_the_verdict_says_what_it_rests_on(metric: float, champion: float, words: str) -> None:
    verdict = promote(PLAIN, with_champion(metric=metric, champion=champion)).actions[0]
    assert isinstance(verdict, SetVerdict)
    assert verdict.reason == words


def test_a_champion_whose_artifact_is_gone_is_compared_by_its_remembered_metric() -> None:
    observed = with_champion(
        metric=0.85,
        artifacts={3: Failure(Reason.ARTIFACT_REJECTED, "gone"), 4: contract(0.85)},
        previous=status(champion={"version": "3", "metrics": {"accuracy": 0.9}}),
    )
    assert in_words(PLAIN, observed) == ["4 rejected"]
