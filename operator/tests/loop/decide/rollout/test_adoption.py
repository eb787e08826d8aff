"""Roll out?: what a former resource of this name left is offered with what is known of it."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.rollout.adoption import adoption_needed
from dandelion_operator.loop.decide.rollout.children import roll_out
from dandelion_operator.seen.observed import Observed
from given import contract, registry, seen, version

PLAIN = given.resource()
MLFLOW_AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")
LEFT = replace(registry(), left=version(2))


def left(contract: object = None) -> Observed:
    return seen(registry=LEFT, artifacts={} if contract is None else {2: contract})


@pytest.mark.parametrize(
    ("observed", "evidence"),
    [
        pytest.param(
            left(replace(contract(), dataset_uri="s3://datasets/roof")),
            ": it learnt from s3://datasets/roof and not from s3://datasets/lawn. So",
            id="it learnt from other images",
        ),
        pytest.param(
            left(replace(contract(), dataset_uri="")),
            ": nothing shows that it learnt from s3://datasets/lawn. So",
            id="its contract names no images",
        ),
        pytest.param(
            left(Failure(Reason.STORAGE_UNREACHABLE, "no answer")),
            ": nothing shows that it learnt from s3://datasets/lawn: no answer. So",
            id="its contract cannot be read",
        ),
        pytest.param(
            left(),
            ": nothing shows that it learnt from s3://datasets/lawn. So",
            id="its contract was not looked at yet",
        ),
    ],
)
def test_what_is_known_of_the_left_version_is_told(observed: Observed, evidence: str) -> None:
    found = adoption_needed(PLAIN, observed)
    assert found is not None
    assert found.reason is Reason.ADOPTION_NEEDED
    assert evidence in found.message


@pytest.mark.parametrize(
    ("resource", "end"),
    [
        pytest.param(PLAIN, "dandelion.dev/adopt=2", id="nobody asked for a version"),
        pytest.param(
            replace(PLAIN, adopt="true"),
            "dandelion.dev/adopt=2 (dandelion.dev/adopt is 'true' now; the number of the version "
            "is needed)",
            id="somebody asked for no version",
        ),
    ],
)
def test_the_way_to_serve_it_is_told(resource: Resource, end: str) -> None:
    found = adoption_needed(resource, left())
    assert found is not None
    assert found.message.endswith(end)


@pytest.mark.parametrize(
    "observed",
    [
        pytest.param(seen(registry=MLFLOW_AWAY), id="MLflow does not answer"),
        pytest.param(seen(), id="nothing was left"),
    ],
)
def test_nothing_is_offered(observed: Observed) -> None:
    assert adoption_needed(PLAIN, observed) is None


def test_the_offer_is_told_before_a_missing_champion() -> None:
    found = roll_out(PLAIN, left(), given.place())
    assert found.target is None
    assert found.obstacle is not None
    assert found.obstacle.reason is Reason.ADOPTION_NEEDED
