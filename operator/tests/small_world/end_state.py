"""Where a small world has come to, without the way that led there.

Two resources of the same spec have to end alike, whatever happened to them before. What differs all
the same is taken out here, and each thing for a reason that it is named by; everything else counts.
Called by the tests of `thorough/every_field`.
"""

from __future__ import annotations

import json
from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.location import location
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.loop.observe.readings.deployments import deployment
from dandelion_operator.ports.kube.objects import is_owned
from fakes.cluster import KEY, copied

from small_world import World

# What the operator makes beside Jobs, of which the finished ones are kept for their logs only.
CHILDREN = (
    *("deployments", "services", "poddisruptionbudgets"),
    *("secrets", "serviceaccounts", "networkpolicies"),
)
# Filled in by the API server, anew for each object.
BY_THE_SERVER = (
    *("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"),
    "ownerReferences",  # that it is this resource's is asserted instead
)
# Digests of a whole in which the number of a version is; that they are current is asserted instead.
OVER_A_VERSION = (naming.SERVING_DIGEST_ANNOTATION, naming.APPLIED_ANNOTATION)
# When it was decided on.
MOMENTS = (naming.DECIDED_AT_ANNOTATION,)
# How many versions there were before is history, and so is what the runs that made them are called.
NUMBERED = ("DANDELION_MODEL_VERSION", "DANDELION_CHAMPION_VERSION")
# Lists that the API server merges by a key, so that their order tells who came first.
BY_NAME = ("env", "volumes", "volumeMounts", "topologySpreadConstraints", "imagePullSecrets")
# The operator may not delete these two kinds: what the spec no longer needs goes with the resource.
KEPT = ("secrets", "serviceaccounts")


async def end_state(world: World) -> dict[str, Any]:
    """What there is at rest, and the Job that the next run would be."""
    return {
        "children": _children(world),
        "aliases": _aliases(world),
        "conditions": {
            item["type"]: (item["status"], item["reason"]) for item in world.status["conditions"]
        },
        "phase": world.status["phase"],
        "serves": world.status.get("champion", {}).get("servedReplicas"),
        "trained for": _trained_for(world),
        "scheduled": world.status.get("triggers", {}).get("nextScheduleTime"),
        "kept otherwise": _kept_otherwise(world),
        "next Job": await _next_job(world),
    }


def pod_template(world: World) -> str:
    """Of what serves; the Deployment controller makes new pods where it changes."""
    return digests.digest(world.cluster.one("deployments", "lawn-inference")["spec"]["template"])


def _resource(world: World) -> Resource:
    found = parse(world.cluster.one("modeldeployments", KEY.name))
    assert isinstance(found, Resource), found
    return found


def _children(world: World) -> dict[str, Any]:
    """Those that the spec needs, by kind and name."""
    spare = _spare(world)
    found = {
        f"{where[0]}/{where[2]}": item
        for where, item in world.cluster.objects.items()
        if where[0] in CHILDREN and "ownerReferences" in item["metadata"]
    }
    return {
        name: _projected(world, item) for name, item in sorted(found.items()) if name not in spare
    }


def _spare(world: World) -> set[str]:
    """What is kept that no pod of the Deployment and no Job to come would use."""
    resource = _resource(world)
    place = location(resource, world.settings.defaults)
    used = {place.training_secret, place.inference_secret}
    if place.log is not None:
        used.add(place.log.secret)
    return {
        f"{kind}/{item['metadata']['name']}"
        for kind in KEPT
        for item in world.cluster.kind(kind)
        if "ownerReferences" in item["metadata"] and item["metadata"]["name"] not in used
    }


def _projected(world: World, item: dict[str, Any]) -> Any:
    resource = _resource(world)
    assert is_owned(item, resource.uid), f"a child of a resource that is gone: {item['metadata']}"
    if "template" in (item.get("spec") or {}) and "replicas" in item["spec"]:
        _assert_current(world, resource, item)
    body = copied(item)
    body.pop("status", None)
    for name in BY_THE_SERVER:
        body["metadata"].pop(name, None)
    for name in (*OVER_A_VERSION, *MOMENTS):
        body["metadata"].get("annotations", {}).pop(name, None)
    _unnumber(body)
    text = json.dumps(body, sort_keys=True).replace(f'"{resource.uid}"', '"UID"')
    return json.loads(_unnamed(world, text))


def _assert_current(world: World, resource: Resource, item: dict[str, Any]) -> None:
    seen = deployment(item, resource.uid)
    assert seen.target is not None
    wanted = digests.serving(resource, seen.target, location(resource, world.settings.defaults))
    assert seen.serving_digest == wanted, "the Deployment was made from another spec"


def _unnumber(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _unnumber(item)
    elif isinstance(value, dict):
        for name in BY_NAME:
            if isinstance(value.get(name), list):
                value[name].sort(key=lambda item: json.dumps(item, sort_keys=True))
        if value.get("name") in NUMBERED and value.get("value"):
            value["value"] = "N"
        if naming.VERSION_LABEL in value:
            value[naming.VERSION_LABEL] = "N"
        for item in value.values():
            _unnumber(item)


def _unnamed(world: World, text: str) -> str:
    for version in world.mlflow.versions.values():
        tags = version["tags"]
        text = text.replace(tags["dandelion.dev/contract-digest"], "DIGEST")
        text = text.replace(tags["dandelion.dev/run"], "RUN")
    for job in world.cluster.kind("jobs"):
        text = text.replace(job["metadata"]["labels"].get(naming.RUN_LABEL) or "RUN", "RUN")
    return text


def _aliases(world: World) -> dict[str, str]:
    """By which version of all they name: the newest, or one before it."""
    newest = max(world.mlflow.listed, default=0)
    return {
        name: "the newest" if int(number) == newest else "an older one"
        for name, number in world.mlflow.aliases.items()
    }


def _trained_for(world: World) -> tuple[str, bool] | None:
    """How the last run ended, and whether it was for this spec."""
    training = world.status.get("training")
    if training is None:
        return None
    return training["state"], training["trainingHash"] == digests.training_hash(_resource(world))


def _kept_otherwise(world: World) -> list[str]:
    """Finished Jobs that Kubernetes would take away sooner or later than the spec says."""
    seconds = _resource(world).spec.training.ttl_seconds_after_finished
    return [
        job["metadata"]["name"]
        for job in world.cluster.kind("jobs")
        if job["spec"].get("ttlSecondsAfterFinished") != seconds
    ]


async def _next_job(world: World) -> Any:
    """What a person would get who asked for another run."""
    before, jobs = world.stored(), {job["metadata"]["name"] for job in world.cluster.kind("jobs")}
    world.annotate("the next one")
    for _ in range(4):
        await world.reconcile()
    made = [job for job in world.cluster.kind("jobs") if job["metadata"]["name"] not in jobs]
    found = _projected(world, made[0]) if made else None
    world.put_back(before)
    world.restart()
    return found
