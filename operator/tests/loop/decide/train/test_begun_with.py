"""What a run is begun with: its cause, its images, the champion, and the dataset it grows from."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen
from given import contract, registry, seen, serving, status, training, version

PLAIN = given.resource()
CHANGED = given.resource(training={"epochs": 20})
FROM_CHAMPION = given.resource(training={"initialWeights": "champion"})
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
GONE = Failure(Reason.ARTIFACT_REJECTED, "gone")
NOW = "2026-01-01T00:00:10Z"


def last(state: str = "Failed", **about: Any) -> Observed:
    """After a run of the spec; what is not about the run is about what was seen."""
    beside = {name: about.pop(name) for name in ("dataset", "jobs", "registry") if name in about}
    return seen(previous=status(training=training("run1", state, **about)), now=NOW, **beside)


def started(resource: Resource, observed: Observed) -> StartTraining:
    (action,) = given.decided(resource, observed).train.actions
    assert isinstance(action, StartTraining)
    return action


@pytest.mark.parametrize(
    ("resource", "observed", "trigger"),
    [
        pytest.param(PLAIN, seen(), "Created", id="nothing was trained before"),
        pytest.param(CHANGED, serving(1), "SpecChanged", id="another spec"),
        pytest.param(
            given.resource(retrain="again"), serving(1), "RetrainRequested", id="the annotation"
        ),
        pytest.param(
            given.resource(retrain="again", training={"epochs": 20}),
            serving(1),
            "SpecChanged",
            id="the annotation and another spec",
        ),
        pytest.param(
            PLAIN, last(dataset=DatasetSeen("images-2", 41)), "DatasetChanged", id="other images"
        ),
        pytest.param(
            PLAIN, last("Running", trigger="SpecChanged"), "SpecChanged", id="an attempt keeps it"
        ),
        pytest.param(PLAIN, last("Running"), "Created", id="an attempt that never had one"),
    ],
)
def test_a_run_says_what_caused_it(resource: Resource, observed: Observed, trigger: str) -> None:
    assert started(resource, observed).trigger == trigger


def test_an_attempt_is_at_the_images_of_its_run() -> None:
    lost = last("Running", dataset=DatasetSeen("images-2", 41))
    unknown = last("Running", datasetFingerprint=None)
    assert (started(PLAIN, lost).run, started(PLAIN, lost).fingerprint) == ("run1", "images-1")
    assert started(PLAIN, unknown).fingerprint == "images-1"


def test_a_run_after_another_is_another_run() -> None:
    again = started(CHANGED, serving(1))
    assert again.run == digests.run(digests.training_hash(CHANGED), "images-1", "run1")
    assert started(PLAIN, seen()).run == digests.run(digests.training_hash(PLAIN), "images-1", "")


UNTIL_NOW = version(1, training_hash="earlier")


@pytest.mark.parametrize(
    ("observed", "weights", "champion"),
    [
        pytest.param(
            seen(registry=registry(UNTIL_NOW, champion=1), artifacts={1: contract()}),
            "s3://models/default/lawn/run1/artifact/model.safetensors",
            1,
            id="a champion that can be read",
        ),
        pytest.param(
            seen(registry=registry(UNTIL_NOW, champion=1), artifacts={1: AWAY}),
            "s3://models/default/lawn/run1/artifact/model.safetensors",
            1,
            id="a champion that cannot be read just now",
        ),
        pytest.param(
            seen(registry=registry(UNTIL_NOW, champion=1), artifacts={1: GONE}),
            "champion",
            None,
            id="a champion that is broken",
        ),
        pytest.param(
            seen(registry=registry(version(1, training_hash="a", contract_digest=""), champion=1)),
            "champion",
            None,
            id="a champion without a contract",
        ),
        pytest.param(seen(registry=registry(UNTIL_NOW)), "champion", None, id="no champion"),
    ],
)
def test_a_run_begins_with_the_champion_where_that_can_be_had(
    observed: Observed, weights: str, champion: int | None
) -> None:
    action = started(FROM_CHAMPION, observed)
    assert action.initial_weights == weights
    assert (action.champion.version if action.champion else None) == champion


def test_a_run_asks_for_the_champions_weights_only_where_the_spec_does() -> None:
    observed = seen(registry=registry(UNTIL_NOW, champion=1), artifacts={1: contract()})
    assert started(PLAIN, observed).initial_weights == PLAIN.spec.training.initial_weights


@pytest.mark.parametrize(
    ("about", "former"),
    [
        pytest.param({}, "", id="none"),
        pytest.param(
            {
                "previous": status(dataset={"version": "sha256:told"}),
                "registry": registry(version(1, training_hash="a")),
            },
            "sha256:told",
            id="the status comes first",
        ),
        pytest.param(
            {
                "previous": status(dataset={"images": 3}),
                "registry": registry(
                    version(1, training_hash="a"),
                    version(2, training_hash="a", dataset_digest=""),
                ),
            },
            "sha256:images",
            id="then the newest version that says so",
        ),
    ],
)
def test_a_dataset_grows_from_the_one_that_was_known(about: dict[str, Any], former: str) -> None:
    assert started(CHANGED, seen(**about)).former_dataset == former


def test_the_first_attempt_is_told_by_its_run_alone() -> None:
    assert (
        given.decided(PLAIN, seen()).train.message
        == f"run {started(PLAIN, seen()).run} is being started"
    )
