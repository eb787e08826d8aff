"""What the Jobs of the training image have in common, whether they train or only evaluate.

Both run on the same keys, resources and nodes, and fail at once where trying again cannot help.
"""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Defaults, Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply.builders import pod
from dandelion_operator.loop.apply.builders.pod.template import laid_over

PERMANENT_FAILURE = 64  # the exit code with which training says: trying again cannot help
GRACE_SECONDS = 60  # enough to write a checkpoint after an eviction
WORK_DIR = "/work"


def image(resource: Resource, defaults: Defaults) -> str:
    return resource.spec.training.image or defaults.training_image


def batch_job(
    resource: Resource,
    name: str,
    labels: dict[str, str],
    annotations: dict[str, str],
    template: dict[str, Any],
    location: Location,
    defaults: Defaults,
) -> dict[str, Any]:
    """A Job of one pod with one container."""
    training = resource.spec.training
    (container,) = template["containers"]
    plain = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": resource.namespace,
            "labels": labels,
            "annotations": {
                **annotations,
                **pod.TAKES_SESSION_TOKEN,
                **pod.by_account(location.training_goes_by_account),
            },
            "ownerReferences": [pod.owner_reference(resource)],
        },
        "spec": {
            "completions": 1,
            "parallelism": 1,
            "backoffLimit": training.backoff_limit,
            "activeDeadlineSeconds": training.active_deadline_seconds,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "FailJob",
                        "onExitCodes": {
                            "containerName": container["name"],
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
            "template": {"metadata": {"labels": labels}, "spec": template},
        },
    }
    return laid_over(plain, defaults.training_template, training)


def batch_pod(
    resource: Resource,
    container: str,
    command: list[str],
    settings: dict[str, object],
    location: Location,
    defaults: Defaults,
) -> dict[str, Any]:
    training, has_account = resource.spec.training, location.training_goes_by_account
    told = {
        **settings,
        "WORK_DIR": WORK_DIR,
        **pod.storage_environment(location),
        **pod.account_settings(has_account, defaults),
    }
    account = {"serviceAccountName": naming.training_account(resource.key)}
    return {
        **(account if has_account else {}),
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": pod.security(defaults.fixed_ids),
        "containers": [
            {
                "name": container,
                "image": image(resource, defaults),
                "imagePullPolicy": defaults.image_pull_policy,
                "command": command,
                "env": [
                    *pod.environment(told),
                    *pod.account_environment(has_account),
                    {"name": "MLFLOW_TRACKING_URI", "value": defaults.tracking_uri},
                    {"name": "HOME", "value": "/tmp"},  # noqa: S108 - an emptyDir of this pod
                ],
                "ports": [{"name": "metrics", "containerPort": 9090}],
                "resources": pod.compute(training.resources, defaults.training_resources),
                "securityContext": pod.CONTAINER_SECURITY,
                "terminationMessagePolicy": "File",
                "volumeMounts": [
                    pod.credentials_mount(),
                    {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - an emptyDir of this pod
                    {"name": "work", "mountPath": WORK_DIR},
                    {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - for the data loaders
                ],
            }
        ],
        "volumes": [
            pod.credentials_volume(location.training_secret, has_account),
            {"name": "tmp", "emptyDir": {}},
            {"name": "work", "emptyDir": {}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
        ],
    }
