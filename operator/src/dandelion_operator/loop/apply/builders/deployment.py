"""The inference Deployment of one exact version."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.location import Defaults, Location, Target
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec import Spec
from dandelion_operator.api.spec.feedback import FeedbackMode
from dandelion_operator.api.spec.serving import Auth, Serving
from dandelion_operator.loop.apply.builders import pod
from dandelion_operator.loop.apply.builders.pod.template import laid_over

PORT, METRICS_PORT = 8080, 8081

# The service's own defaults, in seconds: how long it goes on accepting once it is told to end, how
# long an upload may take, and how long it may write the prediction log at last.
DRAIN_SECONDS, UPLOAD_SECONDS, LOG_END_SECONDS = 3, 60, 8
# For signals, the process's own end and a node that is busy.
SPARE_SECONDS = 5


def deployment(
    resource: Resource, target: Target, location: Location, defaults: Defaults
) -> dict[str, Any]:
    spec, rollout = resource.spec.serving, resource.spec.rollout
    labels = naming.labels(resource.key, naming.INFERENCE)
    versioned = labels | {naming.VERSION_LABEL: str(target.version)}
    plain = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": naming.inference(resource.key),
            "namespace": resource.namespace,
            "labels": versioned,
            "annotations": {
                naming.SERVING_DIGEST_ANNOTATION: digests.serving(resource, target, location)
            },
            "ownerReferences": [pod.owner_reference(resource)],
        },
        "spec": {
            "replicas": spec.replicas,
            "revisionHistoryLimit": rollout.revision_history_limit,
            "progressDeadlineSeconds": rollout.progress_deadline_seconds,
            "strategy": {
                "type": "RollingUpdate",
                # No old replica goes before a new one answers: no request is lost.
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"},
            },
            "selector": {"matchLabels": naming.inference_selector(resource.key)},
            "template": {
                "metadata": {
                    "labels": versioned,
                    "annotations": {
                        naming.METRICS_PORT_ANNOTATION: str(METRICS_PORT),
                        **pod.TAKES_SESSION_TOKEN,
                        **pod.by_account(location.serving_goes_by_account),
                    },
                },
                "spec": _pod(resource, target, location, defaults),
            },
        },
    }
    return laid_over(plain, defaults.inference_template, spec)


def _pod(
    resource: Resource, target: Target, location: Location, defaults: Defaults
) -> dict[str, Any]:
    spec = resource.spec.serving
    settings = {
        "MODEL_NAME": resource.name,
        "MODEL_NAMESPACE": resource.namespace,
        "MODEL_UID": resource.uid,
        "MODEL_VERSION": target.version,
        "ARTIFACT_URI": target.artifact_uri,
        "CONTRACT_DIGEST": target.contract_digest,
        **pod.storage_environment(location),
        **pod.account_settings(location.serving_goes_by_account, defaults),
        **_choices(resource.spec, location),
        "GRACE_SECONDS": grace_seconds(spec),
    }
    log, has_account = location.log, location.serving_goes_by_account
    reads_by_account = naming.INFERENCE in location.by_account
    log_by_account = naming.LOG in location.by_account
    return {
        # Named even where it is the default one: of a field that is merely left out, the API server
        # keeps the copy in the older field serviceAccount.
        "serviceAccountName": naming.inference(resource.key) if has_account else "default",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": grace_seconds(spec),
        "securityContext": pod.security(defaults.fixed_ids),
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": naming.inference_selector(resource.key)},
            }
        ],
        "containers": [
            {
                "name": naming.INFERENCE,
                "image": defaults.inference_image,
                "imagePullPolicy": defaults.image_pull_policy,
                "command": ["python", "-m", "dandelion_inference"],
                "env": [
                    *pod.environment(settings),
                    *pod.account_environment(has_account),
                    {"name": "HOME", "value": "/tmp"},  # noqa: S108 - an emptyDir of this pod
                ],
                "ports": [
                    {"name": naming.HTTP_PORT, "containerPort": PORT},
                    {"name": naming.METRICS_PORT, "containerPort": METRICS_PORT},
                ],
                "readinessProbe": {
                    "httpGet": {"path": "/readyz", "port": naming.METRICS_PORT},
                    "periodSeconds": 1,
                    "timeoutSeconds": 2,
                    "failureThreshold": 2,
                },
                "livenessProbe": {
                    "httpGet": {"path": "/healthz", "port": naming.METRICS_PORT},
                    "initialDelaySeconds": 10,
                    "periodSeconds": 10,
                    "timeoutSeconds": 5,
                    "failureThreshold": 6,
                },
                "resources": pod.compute(spec.resources, defaults.inference_resources),
                "securityContext": pod.CONTAINER_SECURITY,
                "volumeMounts": [
                    *([] if reads_by_account else [pod.credentials_mount()]),
                    *([pod.log_mount()] if log else []),
                    {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - an emptyDir of this pod
                ],
            }
        ],
        "volumes": [
            *([] if reads_by_account else [pod.credentials_volume(location.inference_secret)]),
            *([pod.log_volume(log, log_by_account)] if log else []),
            {"name": "tmp", "emptyDir": {}},
        ],
    }


def grace_seconds(spec: Serving) -> int:
    """The time in which a pod that is told to end can finish all that it has taken on.

    A request that came last may take as long as an upload may, and its answer after that.
    """
    longest_request = UPLOAD_SECONDS + spec.request_timeout_seconds
    return DRAIN_SECONDS + longest_request + LOG_END_SECONDS + SPARE_SECONDS


def _choices(whole: Spec, location: Location) -> dict[str, object]:
    """Only what differs from the service's own defaults."""
    spec, usual = whole.serving, Serving()
    chosen: dict[str, object] = {
        name: value
        for name, value, default in (
            ("PRECISION", spec.precision, usual.precision),
            ("QUEUE_LIMIT", spec.queue_limit, usual.queue_limit),
            (
                "REQUEST_TIMEOUT_SECONDS",
                spec.request_timeout_seconds,
                usual.request_timeout_seconds,
            ),
            ("AUTH", spec.auth, usual.auth),
            ("CORS_ALLOWED_ORIGINS", ",".join(spec.cors_allowed_origins), ""),
            (
                "ACCESS_LOG_SAMPLE_RATIO",
                spec.access_log.sample_ratio,
                usual.access_log.sample_ratio,
            ),
        )
        if value != default
    }
    if spec.auth is Auth.CLUSTER_TOKENS:
        chosen["TOKEN_REVIEWER_URL"] = location.token_reviewer
    if location.log is not None:
        chosen["LOG_URI"] = location.log.uri
        chosen["LOG_CREDENTIALS_DIR"] = pod.LOG_CREDENTIALS_DIR
        if spec.logging.images:
            chosen["LOG_IMAGES"] = "true"
        if whole.feedback.mode is not FeedbackMode.DISABLED:
            chosen["REVIEW_SHARE"] = whole.feedback.review_share
    return chosen
