"""A run that starts: its name, why, and which weights, champion and dataset version it is given."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen
from given import registry, seen, serving, status, training, version

PLAIN = given.resource()
CHANGED = given.resource(training={"epochs": 20})
UNREACHABLE = Failure(Reason.STORAGE_UNREACHABLE, "no answer")


def started(resource: Resource, observed: Observed) -> StartTraining:
    (action,) = decide(resource, observed, given.place(resource)).train.actions
    assert isinstance(action, StartTraining)
    return action


def test_a_run_that_was_lost_goes_on_under_its_own_name() -> None:
    lost = seen(previous=status(training=training(run="run7", state="Running")))
    assert started(PLAIN, lost).run == "run7"


def test_going_back_to_an_earlier_spec_makes_a_run_of_its_own() -> None:
    first = started(PLAIN, seen())
    training_hash = digests.training_hash(CHANGED)
    after_another = seen(
        previous=status(training=training(run="run2", training_hash=training_hash))
    )
    assert started(PLAIN, after_another).run != first.run


@pytest.mark.parametrize(
    ("resource", "previous", "trigger"),
    [
        pytest.param(PLAIN, None, "Created", id="the first run"),
        pytest.param(CHANGED, training(), "SpecChanged", id="a changed spec"),
        pytest.param(
            given.resource(retrain="2"), training(), "RetrainRequested", id="the annotation"
        ),
        pytest.param(
            given.resource(retrain="3"),
            training(retrain="2", training_hash=digests.training_hash(given.resource(retrain="2"))),
            "RetrainRequested",
            id="the annotation once more",
        ),
        pytest.param(
            PLAIN,
            training(state="Failed", datasetFingerprint="images-0"),
            "DatasetChanged",
            id="other images after a failure",
        ),
    ],
)
def test_the_trigger_tells_why(
    resource: Resource, previous: dict[str, Any] | None, trigger: str
) -> None:
    observed = seen(previous=status(training=previous) if previous else status())
    assert started(resource, observed).trigger == trigger


@pytest.mark.parametrize(
    ("observed", "weights"),
    [
        pytest.param(
            serving(1),
            "s3://models/default/lawn/run1/artifact/model.safetensors",
            id="the champion's",
        ),
        pytest.param(seen(), "champion", id="what the run finds, without a champion"),
        pytest.param(
            serving(1, artifacts={1: Failure(Reason.ARTIFACT_REJECTED, "gone")}),
            "champion",
            id="what the run finds, where the champion's artifact is gone",
        ),
        pytest.param(
            serving(1, artifacts={1: UNREACHABLE}),
            "s3://models/default/lawn/run1/artifact/model.safetensors",
            id="the champion's, even if they cannot be looked at now",
        ),
    ],
)
def test_training_on_from_the_champion_starts_from(observed: Observed, weights: str) -> None:
    wanted = given.resource(training={"initialWeights": "champion"})
    assert started(wanted, observed).initial_weights == weights


GONE = Failure(Reason.ARTIFACT_REJECTED, "gone")


@pytest.mark.parametrize(
    ("observed", "champion"),
    [
        pytest.param(seen(), None, id="nothing without a champion"),
        pytest.param(serving(1), 1, id="the champion of this moment"),
        pytest.param(serving(1, artifacts={}), 1, id="a champion that was not looked at"),
        pytest.param(
            serving(1, artifacts={1: UNREACHABLE}), 1, id="a champion that cannot be looked at now"
        ),
        pytest.param(
            serving(1, artifacts={1: GONE}), None, id="nothing where the champion's files are gone"
        ),
    ],
)
def test_a_run_is_compared_with(observed: Observed, champion: int | None) -> None:
    expected = None if champion is None else version(champion).target
    assert started(CHANGED, observed).champion == expected


@pytest.mark.parametrize(
    ("observed", "former"),
    [
        pytest.param(seen(), "", id="nothing at first"),
        pytest.param(
            seen(
                previous=status(dataset={"version": "sha256:b"}),
                registry=registry(version(1, dataset_digest="sha256:a", training_hash="other")),
            ),
            "sha256:b",
            id="the one that the status names",
        ),
        pytest.param(
            seen(
                registry=registry(
                    version(1, dataset_digest="sha256:a", training_hash="other"),
                    version(2, dataset_digest="sha256:b", training_hash="other"),
                    version(3, dataset_digest="", training_hash="other"),
                )
            ),
            "sha256:b",
            id="that of the newest version where the status is gone",
        ),
    ],
)
def test_a_dataset_version_grows_from(observed: Observed, former: str) -> None:
    assert started(CHANGED, observed).former_dataset == former


@pytest.mark.parametrize(
    ("dataset", "images"),
    [
        pytest.param(DatasetSeen("images-1", 40), 40, id="as many as were listed"),
        pytest.param(DatasetSeen("", 40), 0, id="a number that is not known, after a glance"),
        pytest.param(None, 0, id="a number that is not known, without a look"),
    ],
)
def test_a_pod_asks_for_disk_for(dataset: DatasetSeen | None, images: int) -> None:
    assert started(PLAIN, seen(dataset=dataset)).images == images
