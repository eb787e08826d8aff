"""The Job that compares two versions on one dataset version's holdout, and trains nothing."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.location import Defaults, Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders.jobs.batch import batch_job, batch_pod
from dandelion_operator.loop.decide.plan.jobs import StartEvaluation

CONTAINER = "evaluation"


def evaluation_job(
    resource: Resource, evaluation: StartEvaluation, location: Location, defaults: Defaults
) -> dict[str, Any]:
    """It stands until the operator takes it away: a failed one is the memory that it failed."""
    # Its pods are training's to networks and monitoring; the label tells the two apart. The first
    # release knows no such Jobs and takes it for a run: one that is wanted, and complete.
    labels = naming.labels(resource.key, naming.TRAINING) | {
        naming.EVALUATION_LABEL: evaluation.evaluation,
        naming.RUN_LABEL: evaluation.run,
        naming.FIRST_TRAINING_HASH_LABEL: digests.training_hash(resource),
    }
    settings = _settings(resource, evaluation, location)
    command = ["python", "-m", "dandelion_training", "evaluate"]
    return batch_job(
        resource,
        naming.evaluation_job(resource.key, evaluation.evaluation, evaluation.attempt),
        labels,
        {naming.GATE_ANNOTATION: evaluation.gate, **_attempt(evaluation)},
        batch_pod(resource, CONTAINER, command, settings, location, defaults),
        location,
        defaults,
    )


def _attempt(evaluation: StartEvaluation) -> dict[str, str]:
    attempt = evaluation.attempt
    return {naming.ATTEMPT_ANNOTATION: str(attempt)} if attempt > 1 else {}


def _settings(
    resource: Resource, evaluation: StartEvaluation, location: Location
) -> dict[str, object]:
    key, challenger, champion = resource.key, evaluation.challenger, evaluation.champion
    base = naming.evaluations_uri(location.bucket, key)
    name = naming.comparison(
        evaluation.dataset, challenger.contract_digest, champion.contract_digest
    )
    return {
        "NAMESPACE": key.namespace,
        "NAME": key.name,
        "RUN": evaluation.run,
        "DATASET_URI": resource.spec.dataset.storage_uri,
        "DATASET_VERSION": evaluation.dataset,
        "DATASET_MANIFESTS_URI": naming.manifests_uri(location.bucket, key),
        "ARTIFACT_URI": challenger.artifact_uri,
        "ARTIFACT_DIGEST": challenger.contract_digest,
        "ARTIFACT_VERSION": challenger.version,
        "CHAMPION_URI": champion.artifact_uri,
        "CHAMPION_DIGEST": champion.contract_digest,
        "CHAMPION_VERSION": champion.version,
        "EVALUATIONS_URI": base,
        "STATUS_URI": f"{base}/{name}.status.json",
    }
