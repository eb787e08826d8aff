"""The Job that reads the images and makes their dataset version, and trains nothing."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Defaults, Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders.jobs.batch import batch_job, batch_pod
from dandelion_operator.loop.apply.builders.pod.dataset import dataset_settings, mount_dataset
from dandelion_operator.loop.decide.plan.jobs import StartIngest

CONTAINER = "ingest"


def ingest_job(
    resource: Resource, ingest: StartIngest, location: Location, defaults: Defaults
) -> dict[str, Any]:
    """It needs nothing of MLflow, and gets no token for it."""
    # Its pods are training's to networks, monitoring and keys; the label tells them apart. The
    # first release knows no such Jobs and takes it for a run: that which is there, and complete.
    labels = naming.labels(resource.key, naming.TRAINING) | {naming.INGEST_LABEL: ingest.ingest}
    if ingest.run:
        labels |= {
            naming.RUN_LABEL: ingest.run,
            naming.FIRST_TRAINING_HASH_LABEL: ingest.training_hash,
        }
    folder = naming.run_uri(location.bucket, resource.key, naming.ingest_folder(ingest.ingest))
    settings: dict[str, object] = {
        "NAMESPACE": resource.namespace,
        "NAME": resource.name,
        "RUN": ingest.ingest,
        **dataset_settings(resource, location, ingest.former_dataset, ingest.initial_weights),
        "STATUS_URI": f"{folder}/status.json",
    }
    command = ["python", "-m", "dandelion_training", "ingest"]
    template = batch_pod(resource, CONTAINER, command, settings, location, defaults)
    mount_dataset(template, resource)
    attempt = ingest.attempt
    return batch_job(
        resource,
        naming.ingest_job(resource.key, ingest.ingest, attempt),
        labels,
        {naming.ATTEMPT_ANNOTATION: str(attempt)} if attempt > 1 else {},
        template,
        location,
        defaults,
    )
