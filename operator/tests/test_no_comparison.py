"""A run that found that its model and the champion cannot be compared is believed: no Job finds it
out again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName, Resource
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan import PromoteDecision, StartEvaluation
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.storage import Access, Storage
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from fake_s3 import FakeS3, serving
from given import compared, contract, registry, version

KEY = NamespacedName("default", "lawn")
COMPARED = ComparisonName("sha256:da", "sha256:ca", "sha256:fe")
PLACE = "default/lawn/evaluations/da/ca-fe.json"
# As training writes it.
OUTCOME = (
    b'{"apiVersion":"dandelion.dev/no-comparison/v1","challenger":"sha256:ca",'
    b'"champion":"sha256:fe","dataset":"sha256:da","message":"No image is left."}\n'
)
PLAIN, OTHER_GATE = given.resource(), given.resource(promotion={"minimum": 0.5})


@pytest.fixture(scope="module")
def s3() -> Iterator[FakeS3]:
    with serving() as started:
        yield started


def read(s3: FakeS3, content: bytes) -> Comparison | Failure | None:
    s3.buckets = {"models": {}}
    s3.put("models", PLACE, content)
    place = replace(given.place(), endpoint=s3.endpoint, training_secret="mine")
    return asyncio.run(
        Storage().comparison(Access(place, Credentials("key", "secret")), KEY, COMPARED)
    )


def test_the_outcome_is_told_with_its_cause_and_what_to_delete(s3: FakeS3) -> None:
    found = read(s3, OUTCOME)
    assert isinstance(found, Failure)
    assert found.reason is Reason.EVALUATION_FAILED
    assert found.message.startswith("EvaluationImpossible: No image is left.")
    assert f"Delete s3://models/{PLACE}" in found.message


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(OUTCOME.replace(b"sha256:fe", b"sha256:00"), id="of another champion"),
        pytest.param(OUTCOME.replace(b"No image is left.", b""), id="without a cause"),
        pytest.param(OUTCOME.replace(b"no-comparison/v1", b"no-comparison/v9"), id="a later form"),
    ],
)
def test_what_is_no_such_outcome_is_not_believed(s3: FakeS3, content: bytes) -> None:
    found = read(s3, content)
    assert isinstance(found, Failure)
    assert "is no comparison" in found.message


IMPOSSIBLE = Failure(Reason.EVALUATION_FAILED, "EvaluationImpossible: No image is left.")


def promotion(resource: Resource, ours: tuple[str, ...] = ("a", "b")) -> PromoteDecision:
    observed = given.serving(
        3,
        registry=registry(version(3), version(4, verdict=""), champion=3),
        artifacts={
            3: replace(contract(), classes=("a", "b")),
            4: replace(contract(), classes=ours),
        },
        comparisons={compared(): IMPOSSIBLE},
    )
    return decide(resource, observed, given.place(resource)).promote


@pytest.mark.parametrize(
    "resource", [pytest.param(PLAIN, id="at first"), pytest.param(OTHER_GATE, id="under new rules")]
)
def test_no_job_is_started_for_what_the_run_could_not_compare(resource: Resource) -> None:
    decision = promotion(resource)
    assert not any(isinstance(action, StartEvaluation) for action in decision.actions)
    assert decision.waiting is not None
    assert decision.waiting.reason is Reason.EVALUATION_FAILED
    assert "No image is left." in (decision.message or "")


def test_models_without_a_shared_class_are_judged_by_their_own_figures() -> None:
    decision = promotion(PLAIN, ours=("c", "d"))
    assert decision.waiting is None
    assert decision.actions
