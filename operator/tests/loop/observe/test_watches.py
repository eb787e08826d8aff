"""Against which dataset version a listing at rest is held, and when there is none."""

from __future__ import annotations

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.observe import training as reads
from dandelion_operator.ports.s3.storage.datasets import Watch
from dandelion_operator.seen.observed import Observed
from given import job, registry, seen, status, training, version

WATCHED = given.resource(triggers={"newImages": 50})
CHANGED = given.resource(triggers={"newImages": 50}, training={"epochs": 20})
TOLD = {"dataset": {"version": "sha256:told"}}
TAGGED = registry(version(1, dataset_digest="sha256:tagged"))
AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")


@pytest.mark.parametrize(
    ("resource", "observed", "against"),
    [
        pytest.param(
            WATCHED,
            seen(previous=status(training=training(), **TOLD), registry=TAGGED),
            "sha256:tagged",
            id="what the version that the last run made is of, if the status is late",
        ),
        pytest.param(
            WATCHED,
            seen(previous=status(training=training(), **TOLD), registry=AWAY),
            "sha256:told",
            id="what the status told, while MLflow is away",
        ),
        pytest.param(
            WATCHED, seen(registry=TAGGED), "sha256:tagged", id="the same, if the status is lost"
        ),
        pytest.param(
            WATCHED, seen(previous=status(training=training())), None, id="nothing that is known"
        ),
        pytest.param(
            given.resource(),
            seen(previous=status(training=training(), **TOLD)),
            None,
            id="nothing, where new images start nothing",
        ),
        pytest.param(WATCHED, seen(), None, id="nothing before the first run"),
        pytest.param(
            CHANGED,
            seen(previous=status(training=training(), **TOLD)),
            None,
            id="nothing, where another spec is to be trained",
        ),
        pytest.param(
            WATCHED,
            seen(jobs=(job("run2"),), previous=status(training=training("run2", "Running"))),
            None,
            id="nothing while a run goes on",
        ),
        pytest.param(
            WATCHED,
            seen(
                jobs=(job("run2", RunState.FAILED),),
                previous=status(training=training("run2", "Failed"), **TOLD),
                registry=TAGGED,
            ),
            None,
            id="nothing after a failed run, which any other image repeats",
        ),
    ],
)
def test_a_listing_is_held_against(
    resource: Resource, observed: Observed, against: str | None
) -> None:
    wanted = Watch(resource.key, against, 50) if against is not None else None
    assert reads.watch(resource, observed) == wanted
