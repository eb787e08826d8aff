"""No field of spec.training and spec.serving is accepted and goes nowhere.

Each reaches what Kubernetes is given, a Job's or a Deployment's spec, and the digest by which the
operator notices that it changed; what does not is listed here with its reason.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum
from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.camel import Camel
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec import Serving, Training
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan import StartTraining

SECTIONS: dict[str, type[Camel]] = {"training": Training, "serving": Serving}

# What a field is set to where that does not follow from its type and default.
EXAMPLES: dict[str, Any] = {
    "training.initialWeights": "imagenet",
    "training.imageSize": 64,
    "training.learningRate": 0.5,
    "training.image": "mine:1",
    "resources.requests": {"cpu": 3},
    "resources.limits": {"memory": "3Gi"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "activeDeadlineSeconds": 60,
    "ttlSecondsAfterFinished": 60,
    "serving.logging.storageUri": "s3://seen",
    "podTemplate.metadata.labels": {"team": "garden"},
    "podTemplate.metadata.annotations": {"team": "garden"},
    "podTemplate.spec.imagePullSecrets": [{"name": "mine"}],
    "podTemplate.spec.serviceAccountName": "mine",
    "podTemplate.spec.priorityClassName": "mine",
    "podTemplate.spec.runtimeClassName": "mine",
    "podTemplate.spec.schedulerName": "mine",
    "podTemplate.spec.nodeSelector": {"disk": "ssd"},
    "podTemplate.spec.tolerations": [{"key": "a"}],
    "podTemplate.spec.affinity": {"nodeAffinity": {"x": 1}},
    "podTemplate.spec.topologySpreadConstraints": [{"topologyKey": "zone"}],
    "podTemplate.spec.securityContext.runAsUser": 7,
    "podTemplate.spec.securityContext.runAsGroup": 7,
    "podTemplate.spec.securityContext.fsGroup": 7,
    "podTemplate.spec.securityContext.fsGroupChangePolicy": "Always",
    "podTemplate.spec.securityContext.supplementalGroups": [7],
    "podTemplate.spec.securityContext.seLinuxOptions": {"level": "s0"},
    "podTemplate.spec.volumes": [{"name": "mine", "emptyDir": {}}],
    "training.podTemplate.spec.containers": [
        {"name": "training", "env": [{"name": "MINE", "value": "1"}]}
    ],
    "serving.podTemplate.spec.containers": [
        {"name": "inference", "env": [{"name": "MINE", "value": "1"}]}
    ],
}
NOT_IN_THE_JOB = {
    "training.ttlSecondsAfterFinished": "it is put on the Job once its end is recorded",
}
NOT_IN_A_HASH = {
    "training.ttlSecondsAfterFinished": "how long its Job is kept changes neither model nor run",
    "serving.replicas": "scaling restarts no pod",
}


def fields(model: type[Camel], path: str) -> Iterator[tuple[str, Any, Any]]:
    """Each leaf with its path, type and default."""
    for field in model.model_fields.values():
        where, kind = f"{path}.{field.alias}", _plain(field.annotation)
        if isinstance(kind, type) and issubclass(kind, Camel):
            if kind.__name__ != "PodContainer":
                yield from fields(kind, where)
        else:
            yield where, kind, field.get_default(call_default_factory=True)


def _plain(annotation: Any) -> Any:
    """Without the None of what may be left out."""
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        (first, *_) = (item for item in typing.get_args(annotation) if item is not type(None))
        return first
    return annotation


def example(path: str, kind: Any, default: Any) -> Any:
    for name in (path, path.partition(".")[2]):
        if name in EXAMPLES:
            return EXAMPLES[name]
    if kind is bool:
        return not default
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(item.value for item in kind if item != default)
    if kind is int:
        return (default or 0) + 1
    raise AssertionError(f"{path}: give an example of it in EXAMPLES")


LEAVES = {
    path: example(path, kind, default)
    for name, model in SECTIONS.items()
    for path, kind, default in fields(model, name)
}


def nested(path: str, value: Any) -> dict[str, Any]:
    for part in reversed(path.split(".")):
        value = {part: value}
    return dict(value)


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
    section = path.partition(".")[0]
    plain, changed = given.resource(), given.resource(**nested(path, LEAVES[path]))
    arrives = given_to_kubernetes(changed)[section] != given_to_kubernetes(plain)[section]
    assert arrives is (path not in NOT_IN_THE_JOB)
    assert (hashes(changed)[section] != hashes(plain)[section]) is (path not in NOT_IN_A_HASH)


def test_the_exemptions_are_fields_that_exist() -> None:
    assert (NOT_IN_THE_JOB.keys() | NOT_IN_A_HASH.keys()) <= LEAVES.keys()


def test_a_field_that_goes_nowhere_would_be_found() -> None:
    """The two sides of the comparison do not differ by themselves."""
    assert given_to_kubernetes(given.resource()) == given_to_kubernetes(given.resource())
    assert hashes(given.resource(promotion={"minimum": 0.1})) == hashes(given.resource())
