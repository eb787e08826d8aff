"""The training Job of one run."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Defaults, Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod
from dandelion_operator.loop.decide.plan import StartTraining

DEFAULT_RESOURCES = {
    "requests": {"cpu": "500m", "memory": "2Gi"},
    "limits": {"memory": "8Gi"},
}
PERMANENT_FAILURE = 64  # the exit code with which training says: trying again cannot help
GRACE_SECONDS = 60  # enough to write a checkpoint after an eviction


def job(
    resource: Resource, run: StartTraining, location: Location, defaults: Defaults
) -> dict[str, Any]:
    training = resource.spec.training
    labels = naming.labels(resource.key, naming.TRAINING) | {
        naming.RUN_LABEL: run.run,
        naming.TRAINING_HASH_LABEL: run.training_hash,
    }
    ttl = training.ttl_seconds_after_finished
    kept = {} if ttl is None else {"ttlSecondsAfterFinished": ttl}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": naming.job(resource.key, run.run),
            "namespace": resource.namespace,
            "labels": labels,
            "annotations": {
                naming.TRIGGER_ANNOTATION: run.trigger,
                naming.RETRAIN_VALUE_ANNOTATION: resource.retrain,
                naming.FINGERPRINT_ANNOTATION: run.fingerprint,
            },
            "ownerReferences": [pod.owner_reference(resource)],
        },
        "spec": {
            "completions": 1,
            "parallelism": 1,
            "backoffLimit": training.backoff_limit,
            "activeDeadlineSeconds": training.active_deadline_seconds,
            **kept,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "FailJob",
                        "onExitCodes": {
                            "containerName": naming.TRAINING,
                            "operator": "In",
                            "values": [PERMANENT_FAILURE],
                        },
                    },
                    {
                        "action": "Ignore",
                        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
                    },
                ]
            },
            "template": {
                "metadata": {"labels": labels},
                "spec": _pod(resource, run, location, defaults),
            },
        },
    }


def _pod(
    resource: Resource, run: StartTraining, location: Location, defaults: Defaults
) -> dict[str, Any]:
    training = resource.spec.training
    image = training.image or defaults.training_image
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": pod.POD_SECURITY,
        "containers": [
            {
                "name": naming.TRAINING,
                "image": image,
                "imagePullPolicy": defaults.image_pull_policy,
                "command": ["python", "-m", "dandelion_training"],
                "env": [
                    *pod.environment(_settings(resource, run, location, image)),
                    {"name": "MLFLOW_TRACKING_URI", "value": defaults.tracking_uri},
                    {"name": "HOME", "value": "/tmp"},  # noqa: S108 - an emptyDir of this pod
                ],
                "ports": [{"name": "metrics", "containerPort": 9090}],
                "resources": pod.compute(training.resources, DEFAULT_RESOURCES),
                "securityContext": pod.CONTAINER_SECURITY,
                "terminationMessagePolicy": "File",
                "volumeMounts": [
                    pod.credentials_mount(),
                    {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - an emptyDir of this pod
                    {"name": "work", "mountPath": "/work"},
                    {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - for the data loaders
                ],
            }
        ],
        "volumes": [
            pod.credentials_volume(location.training_secret),
            {"name": "tmp", "emptyDir": {}},
            {"name": "work", "emptyDir": {}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
        ],
        **pod.placement(training.node_selector, training.tolerations),
    }


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
        "DATASET_URI": spec.dataset.storage_uri,
        "DATASET_VERSION": spec.dataset.version or "",
        "FORMER_DATASET": run.former_dataset,
        "HOLDOUT_FRACTION": spec.dataset.holdout_fraction,
        "ON_SMALL_CLASS": spec.dataset.on_small_class,
        "KEEP": spec.dataset.keep,
        "ARTIFACT_URI": f"{base}/artifact",
        "CHECKPOINT_URI": f"{base}/checkpoint",
        "STATUS_URI": f"{base}/status.json",
        "DATASET_MANIFESTS_URI": naming.manifests_uri(location.bucket, key),
        "EVALUATIONS_URI": naming.evaluations_uri(location.bucket, key),
        "CHAMPION_URI": champion.artifact_uri if champion else "",
        "CHAMPION_DIGEST": champion.contract_digest if champion else "",
        "REGISTERED_MODEL": model,
        "EXPERIMENT": model,
        "ARCHITECTURE": spec.training.architecture,
        "INITIAL_WEIGHTS": run.initial_weights,
        "EPOCHS": spec.training.epochs,
        "BATCH_SIZE": spec.training.batch_size,
        "IMAGE_SIZE": spec.training.image_size,
        "LEARNING_RATE": spec.training.learning_rate,
        "SCHEDULE": spec.training.schedule,
        "SEED": spec.training.seed,
        "AUGMENTATION": spec.training.augmentation.strength,
        "MIRROR": _flag(spec.training.augmentation.mirror),
        "BALANCE_CLASSES": _flag(spec.training.balance_classes),
        "IMAGE": image,
        "WORK_DIR": "/work",
        **pod.storage_environment(location),
    }


def _flag(value: bool) -> str:
    return "true" if value else "false"
