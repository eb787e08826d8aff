"""Jobs and Deployments as the operator makes them of a resource, and how to look into them."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan.jobs import StartEvaluation, StartIngest, StartTraining

import given

RUN = StartTraining("run1", "hash1", "Created", "images-1", "none")
PLAIN = given.resource()


def job(resource: Resource = PLAIN, run: StartTraining = RUN) -> dict[str, Any]:
    return builders.job(resource, run, given.place(resource), given.DEFAULTS)


EVALUATE = StartEvaluation(
    "0123456789",
    f"sha256:{'d' * 64}",
    challenger=given.version(4).target,
    champion=given.version(3).target,
    run="run4",
    gate="gate1",
)


def evaluation(resource: Resource = PLAIN) -> dict[str, Any]:
    return builders.evaluation_job(resource, EVALUATE, given.place(resource), given.DEFAULTS)


INGEST = StartIngest("5678901234", "none", f"sha256:{'d' * 64}")


def ingest(resource: Resource = PLAIN, start: StartIngest = INGEST) -> dict[str, Any]:
    return builders.ingest_job(resource, start, given.place(resource), given.DEFAULTS)


def deployment(resource: Resource = PLAIN) -> dict[str, Any]:
    target = given.version(3).target
    return builders.deployment(resource, target, given.place(resource), given.DEFAULTS)


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def environment(workload: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in pod(workload)["containers"][0]["env"]}
