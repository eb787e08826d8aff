"""Promote?: the gate, the three modes, and following whoever moves the alias."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.gate.promote import promote
from dandelion_operator.loop.decide.plan.versions import RemoveAlias, SetAlias, SetVerdict
from dandelion_operator.seen.comparison import ClassFigures
from dandelion_operator.seen.observed import Observed
from given import compared, comparison, contract, registry, seen, serving, status, version
from given.judging import NEW, with_champion

PLAIN = given.resource()
MANUAL = given.resource(promotion={"mode": "Manual"})
OBSERVE = given.resource(promotion={"mode": "Observe"})
PICKY = given.resource(promotion={"minImprovement": 0.02})
HOLD = given.resource(promotion={"onUndecided": "Hold"})
MACRO = given.resource(promotion={"metric": "macroF1"})
PROMOTES = ["4 passed", "no champion", "4 promoting", "champion=4"]


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
        pytest.param(PLAIN, with_champion(), PROMOTES, id="promotes an equal version"),
        pytest.param(PLAIN, with_champion(losses=40), ["4 rejected"], id="rejects a worse version"),
        pytest.param(
            PICKY,
            with_champion(wins=10),
            ["4 rejected"],
            id="rejects a version that improves too little",
        ),
        pytest.param(
            PICKY,
            with_champion(wins=20),
            PROMOTES,
            id="promotes a version that improves just enough",
        ),
        pytest.param(
            PLAIN,
            with_champion(comparisons={compared(): comparison(4, 4, images=100)}),
            PROMOTES,
            id="PromoteIfNotWorse promotes an equal version on a holdout that cannot tell",
        ),
        pytest.param(
            HOLD,
            with_champion(comparisons={compared(): comparison(4, 4, images=100)}),
            ["4 undecided"],
            id="Hold keeps the champion on a holdout that cannot tell",
        ),
        pytest.param(
            given.resource(promotion={"mode": "Manual", "onUndecided": "Hold"}),
            with_champion(
                comparisons={compared(): comparison(4, 4, images=100)},
                registry=registry(version(3), NEW, champion=3, challenger=4),
            ),
            ["no challenger", "4 undecided"],
            id="Manual names no challenger that Hold holds",
        ),
        pytest.param(
            HOLD,
            with_champion(
                new=version(4, verdict="undecided", gate="another"),
            ),
            PROMOTES,
            id="judges an undecided version again when the gate was changed",
        ),
        pytest.param(
            MACRO, with_champion(), ["4 rejected"], id="rejects a version without the metric"
        ),
        pytest.param(
            MACRO,
            seen(
                registry=registry(version(1, verdict="")), artifacts={1: contract(0.1, macroF1=0.9)}
            ),
            ["1 promoting", "champion=1"],
            id="judges by the metric that is asked for",
        ),
        pytest.param(
            MACRO,
            with_champion(artifacts={3: contract(), 4: contract(0.1, macroF1=0.9)}),
            ["4 undecided"],
            id="holds a version whose comparison says nothing of the metric that is asked for",
        ),
        pytest.param(
            given.resource(promotion={"minClassRecall": 0.5}),
            with_champion(
                artifacts={
                    3: contract(),
                    4: replace(contract(), by_class={"grass": ClassFigures(10, 0.4)}),
                }
            ),
            ["4 rejected"],
            id="rejects a version that does not know a class",
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
            OBSERVE,
            with_champion(
                registry=registry(
                    version(3),
                    version(4, verdict="awaiting", gate="Manual"),
                    champion=3,
                    challenger=4,
                )
            ),
            ["no challenger", "4 observed"],
            id="Observe waits for nobody's word about the challenger of before",
        ),
        pytest.param(
            given.resource(suspend=True), with_champion(), [], id="judges nothing while suspended"
        ),
        pytest.param(
            PLAIN,
            with_champion(
                artifacts={3: contract(), 4: Failure(Reason.ARTIFACT_REJECTED, "no contract")}
            ),
            [],
            id="waits for the files of a version whose artifact is broken",
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
            PROMOTES,
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
