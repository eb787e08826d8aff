"""No field of spec.training, spec.serving and spec.feedback is accepted and goes nowhere.

Each reaches what Kubernetes is given, a Job's or a Deployment's spec, and the digest by which the
operator notices that it changed; what does not is listed here with its reason.
"""

from __future__ import annotations

import json
from dataclasses import replace

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from spec_fields import FIELDS, merged, nested

NOT_IN_THE_JOB = {
    "training.ttlSecondsAfterFinished": "it is put on the Job once its end is recorded",
}
NOT_IN_A_HASH = {
    "training.ttlSecondsAfterFinished": "how long its Job is kept changes neither model nor run",
    "feedback.minAgreement": "the next run follows it, as it does the bucket; it starts none",
    "serving.replicas": "scaling restarts no pod",
}


LEAVES = {
    path: field.values[0]
    for path, field in FIELDS.items()
    if path.startswith(("training.", "serving.", "feedback."))
}
# Where that is not the section of its own name.
REACHES = {"feedback": "serving", "feedback.minAgreement": "training"}


def given_to_kubernetes(resource: Resource) -> dict[str, str]:
    """The specs of the Job and the Deployment, by section; of one run and one version."""
    place, observed = given.place(resource), given.seen()
    (started,) = decide(resource, observed, place).train.actions
    assert isinstance(started, StartTraining)
    run = replace(started, run="run1", training_hash="hash1")
    target = given.version(3).target
    job = builders.job(resource, run, place, given.DEFAULTS)
    deployment = builders.deployment(resource, target, place, given.DEFAULTS)
    return {"training": json.dumps(job["spec"]), "serving": json.dumps(deployment["spec"])}


def hashes(resource: Resource) -> dict[str, str]:
    """Of training: what decides the model, and how a run of it is carried out."""
    place, target = given.place(resource), given.version(3).target
    return {
        "training": digests.training_hash(resource) + digests.execution(resource),
        "serving": digests.serving(resource, target, place),
    }


@pytest.mark.parametrize("path", LEAVES)
def test_a_field_reaches_kubernetes_and_a_hash(path: str) -> None:
    own = path.partition(".")[0]
    section = REACHES.get(path, REACHES.get(own, own))
    beside = FIELDS[path].beside
    plain = given.resource(**beside)
    changed = given.resource(**merged(beside, nested(path, LEAVES[path])))
    arrives = given_to_kubernetes(changed)[section] != given_to_kubernetes(plain)[section]
    assert arrives is (path not in NOT_IN_THE_JOB)
    assert (hashes(changed)[section] != hashes(plain)[section]) is (path not in NOT_IN_A_HASH)


def test_the_exemptions_are_fields_that_exist() -> None:
    assert (NOT_IN_THE_JOB.keys() | NOT_IN_A_HASH.keys()) <= LEAVES.keys()


def test_a_field_that_goes_nowhere_would_be_found() -> None:
    """The two sides of the comparison do not differ by themselves."""
    assert given_to_kubernetes(given.resource()) == given_to_kubernetes(given.resource())
    assert hashes(given.resource(promotion={"minimum": 0.1})) == hashes(given.resource())
