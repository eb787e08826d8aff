"""Promote?: what a registry that was lost gets back, step by step."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.gate.promote import promote
from dandelion_operator.loop.decide.plan.versions import (
    BeginRestoring,
    ConfirmAlias,
    EndRestoring,
    RegisterVersion,
    SetAlias,
    SetVerdict,
)
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import JobSeen
from dandelion_operator.seen.versions import RegistrySeen, StoredArtifact, VersionSeen
from given import job, registry, seen, status, training, version
from given.report.told import PLAIN

AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
SERVED = {"version": "2", "digest": "sha256:2"}
MADE = "the model of 1970-01-01T00:01:40Z"
MADE_BEFORE = "the model of 1970-01-01T00:00:10Z"
GETS_IT_BACK = ["2 promoted", "the alias names none", "champion=2"]


def artifact(number: int) -> StoredArtifact:
    about = version(number)
    return StoredArtifact(about.run, about.source, about.contract_digest)


def lost(
    *stored: StoredArtifact,
    known: tuple[VersionSeen, ...] = (),
    champion: int | None = None,
    begun: bool = True,
    jobs: tuple[JobSeen, ...] = (),
    told: str = "",
) -> Observed:
    """The status says that version 2 serves; of what MLflow held it knows `known` again."""
    entry = {"time": given.NOW, "decision": "RegistryRestored", "trigger": told, "version": "2"}
    return seen(
        previous=status(
            champion=SERVED, training=training("run2"), history=[entry] if told else []
        ),
        registry=replace(registry(*known, champion=champion), restoring=begun, created=100),
        stored=stored,
        jobs=jobs,
    )


def in_words(observed: Observed) -> list[str]:
    words = []
    for action in promote(PLAIN, observed).actions:
        match action:
            case BeginRestoring():
                words.append("begin")
            case EndRestoring():
                words.append("end")
            case RegisterVersion():
                words.append(f"register {action.artifact.run}")
            case SetVerdict():
                words.append(f"{action.version} {action.verdict}")
            case ConfirmAlias(_, number):
                words.append(f"the alias names {number or 'none'}")
            case SetAlias(alias, number):
                words.append(f"{alias}={number}")
    return words


GONE = replace(lost(artifact(2)), registry=RegistrySeen())
ONE, TWO = version(1), version(2)


@pytest.mark.parametrize(
    ("observed", "actions"),
    [
        pytest.param(
            GONE, ["begin", "register run2"], id="it was lost and is begun to be restored"
        ),
        pytest.param(
            replace(GONE, stored=(artifact(3),), jobs=(job("run3"),)),
            ["begin"],
            id="it is marked although a run registers all that is left",
        ),
        pytest.param(
            replace(GONE, stored=()), [], id="nothing is left from which it could be restored"
        ),
        pytest.param(
            seen(stored=(artifact(2),)), [], id="a registry that never held anything is not lost"
        ),
        pytest.param(
            lost(artifact(1), artifact(2), known=(TWO,)),
            ["begin", "register run1"],
            id="what is missing is registered after a crash",
        ),
        pytest.param(
            lost(artifact(2), known=(replace(TWO, run="another"),)),
            GETS_IT_BACK,
            id="a contract that is known is not registered twice",
        ),
        pytest.param(
            lost(artifact(1), known=(replace(ONE, contract_digest="another"), TWO)),
            GETS_IT_BACK,
            id="a run that is known is not registered twice",
        ),
        pytest.param(
            lost(artifact(3), known=(TWO,), jobs=(job("run3"),)),
            GETS_IT_BACK,
            id="a run that goes on registers its own version",
        ),
        pytest.param(
            lost(artifact(3), known=(TWO,), jobs=(job("run3", RunState.FAILED),)),
            ["begin", "register run3"],
            id="a run that failed does not",
        ),
        pytest.param(
            lost(artifact(3), known=(TWO,), jobs=(job("run3", deleting=True),)),
            ["begin", "register run3"],
            id="nor does one that leaves",
        ),
        pytest.param(
            lost(artifact(1), artifact(2), known=(ONE, TWO), champion=1),
            [],
            id="an alias that a person set first stays",
        ),
        pytest.param(lost(known=(ONE,)), [], id="what does not serve is not made the champion"),
        pytest.param(
            lost(known=(TWO,), champion=2, told=MADE), ["end"], id="it ends once it was told"
        ),
        pytest.param(
            lost(known=(TWO,), champion=2, told=MADE_BEFORE),
            [],
            id="it does not end where only an earlier loss was told",
        ),
        pytest.param(
            replace(
                lost(known=(ONE, TWO)),
                registry=replace(
                    registry(ONE, TWO), restoring=True, created=100, deployed=version(9).target
                ),
            ),
            GETS_IT_BACK,
            id="what the status says gets the alias where what is deployed is not left",
        ),
        pytest.param(
            lost(known=(TWO,), told=MADE),
            GETS_IT_BACK,
            id="an alias that is missing is set although it was told",
        ),
        pytest.param(lost(told=MADE), ["end"], id="it ends although nothing was left"),
    ],
)
def test_a_lost_registry_is_restored(observed: Observed, actions: list[str]) -> None:
    assert in_words(observed) == actions


@pytest.mark.parametrize(
    "observed",
    [
        pytest.param(replace(GONE, stored=AWAY), id="when it was lost"),
        pytest.param(replace(lost(), stored=AWAY), id="while it is restored"),
    ],
)
def test_contracts_that_cannot_be_read_are_waited_for(observed: Observed) -> None:
    found = promote(PLAIN, observed)
    assert found.actions == ()
    assert isinstance(found.waiting, Failure)
    assert found.waiting.reason is Reason.REGISTRY_LOST
    assert "once their contracts can be read: no answer" in found.message


def test_contracts_that_cannot_be_read_are_no_loss() -> None:
    waiting = promote(PLAIN, seen(stored=AWAY)).waiting
    assert waiting is None or waiting.reason is not Reason.REGISTRY_LOST


@pytest.mark.parametrize(
    ("observed", "number", "dataset", "words"),
    [
        pytest.param(
            lost(known=(TWO,)),
            2,
            "sha256:images",
            "MLflow had lost the model; 1 version registered again from S3; "
            "version 2 is the champion",
            id="what serves",
        ),
        pytest.param(
            lost(known=(ONE, TWO), champion=1),
            1,
            "sha256:images",
            "MLflow had lost the model; 2 versions registered again from S3; "
            "version 1 is the champion",
            id="what a person named",
        ),
        pytest.param(
            lost(known=(ONE,)),
            None,
            "",
            "MLflow had lost the model; 1 version registered again from S3; "
            "none of them is what served",
            id="none",
        ),
    ],
)
def test_what_became_of_it_is_told(
    observed: Observed, number: int | None, dataset: str, words: str
) -> None:
    told = promote(PLAIN, observed).promotion
    assert told is not None
    assert (told.version, told.dataset) == (number, dataset)
    assert (told.reason, told.trigger) == (words, MADE)
