"""The training Job of one run, and before that the Job of its search where there is one."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.location import Defaults, Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod
from dandelion_operator.loop.apply.builders.jobs.batch import batch_job, batch_pod, image
from dandelion_operator.loop.apply.builders.jobs.search import (
    COMMAND,
    as_search,
    search_labels,
    search_settings,
)
from dandelion_operator.loop.apply.builders.pod.dataset import dataset_settings, mount_dataset
from dandelion_operator.loop.apply.builders.pod.disk import with_disk
from dandelion_operator.loop.apply.builders.pod.registry import add_token
from dandelion_operator.loop.decide.plan.jobs import StartTraining


def job(
    resource: Resource, run: StartTraining, location: Location, defaults: Defaults
) -> dict[str, Any]:
    """It does not expire by itself: Kubernetes may take it away once its end is recorded."""
    labels = naming.labels(resource.key, naming.TRAINING) | {
        naming.RUN_LABEL: run.run,
        naming.TRAINING_HASH_LABEL: run.training_hash,
        naming.FIRST_TRAINING_HASH_LABEL: run.training_hash,
    }
    search = resource.spec.training.search if run.searching else None
    name = naming.job if search is None else naming.search_job
    if search is not None:
        labels |= search_labels(run.run)
    settings = _settings(resource, run, location, image(resource, defaults))
    command = ["python", "-m", "dandelion_training", *([] if search is None else [COMMAND])]
    template = batch_pod(resource, naming.TRAINING, command, settings, location, defaults)
    # Trials of a search write to storage alone.
    if defaults.registry_access is not None and search is None:
        add_token(template, resource, defaults.registry_access)
    mount_dataset(template, resource)
    built = batch_job(
        resource,
        name(resource.key, run.run, run.attempt),
        labels,
        {
            naming.TRIGGER_ANNOTATION: run.trigger,
            **_unless_empty(naming.TRIGGER_MESSAGE_ANNOTATION, run.trigger_message),
            **_unless_empty(naming.DECIDED_AT_ANNOTATION, run.decided),
            naming.RETRAIN_VALUE_ANNOTATION: resource.retrain,
            naming.FINGERPRINT_ANNOTATION: run.fingerprint,
            naming.EXECUTION_ANNOTATION: digests.execution(resource),
            **({naming.ATTEMPT_ANNOTATION: str(run.attempt)} if run.attempt > 1 else {}),
        },
        template,
        location,
        defaults,
    )
    template = built["spec"]["template"]["spec"]
    (container,) = template["containers"]
    if pod.uses_the_nodes_disk(template):
        container["resources"] = with_disk(
            container["resources"], run.images, resource.spec.training.image_size
        )
    return built if search is None else as_search(built, search)


def _settings(
    resource: Resource,
    run: StartTraining,
    location: Location,
    image: str,
) -> dict[str, object]:
    spec, key, champion = resource.spec, resource.key, run.champion
    base = naming.run_uri(location.bucket, key, run.run)
    model = naming.registered_model(key)
    return {
        "NAMESPACE": key.namespace,
        "NAME": key.name,
        "RUN": run.run,
        "TRAINING_HASH": run.training_hash,
        "TRIGGER": run.trigger,
        "TRIGGER_MESSAGE": run.trigger_message,
        **dataset_settings(resource, location, run.former_dataset, run.initial_weights),
        "ARTIFACT_URI": f"{base}/artifact",
        "CHECKPOINT_URI": f"{base}/checkpoint",
        "STATUS_URI": f"{base}/status.json",
        "EVALUATIONS_URI": naming.evaluations_uri(location.bucket, key),
        "CHAMPION_URI": champion.artifact_uri if champion else "",
        "CHAMPION_DIGEST": champion.contract_digest if champion else "",
        "CHAMPION_VERSION": champion.version if champion else "",
        "REGISTERED_MODEL": model,
        "EXPERIMENT": model,
        "ARCHITECTURE": spec.training.architecture,
        "EPOCHS": spec.training.epochs,
        "BATCH_SIZE": spec.training.batch_size,
        "IMAGE_SIZE": spec.training.image_size,
        "LEARNING_RATE": spec.training.learning_rate,
        "SCHEDULE": spec.training.schedule,
        "SEED": spec.training.seed,
        "AUGMENTATION": spec.training.augmentation.strength,
        "MIRROR": _flag(spec.training.augmentation.mirror),
        "BALANCE_CLASSES": _flag(spec.training.balance_classes),
        **search_settings(resource, base),
        "IMAGE": image,
    }


def _unless_empty(name: str, value: str) -> dict[str, str]:
    return {name: value} if value else {}


def _flag(value: bool) -> str:
    return "true" if value else "false"
