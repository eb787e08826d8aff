"""Digests that turn "is this what is wanted?" into a comparison of two short strings.

training hash: of all that decides what a model is. run: one making of it. execution: what an
attempt at a run is given to run with, which decides nothing about the model. evaluation: of which
artifacts on which dataset version. ingest: one reading of the images that a person asked for. gate:
the rules a version was judged by. serving: what of the spec and the version decides about a serving
pod; replicas and the operator's own defaults are left out, so scaling or upgrading the operator
restarts nothing, but for where pods ask who calls and what is allowed to an S3 endpoint of the
resource's own. service: whom the Service sends requests to.

They must stay what they are from release to release, or an upgrade would train, judge or restart
what nobody changed: a field that comes later goes in only where it differs from its default. A test
holds them to fixed values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.access.identity import filled
from dandelion_operator.api.access.routes import IngressRule, RouteRule
from dandelion_operator.api.location import Defaults, Location, Target
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec import Spec
from dandelion_operator.api.spec.camel import Camel
from dandelion_operator.api.spec.feedback import Feedback, FeedbackMode
from dandelion_operator.api.spec.serving import Auth

MAX_UNAVAILABLE = 1  # serving pods that a PodDisruptionBudget lets go at a time

# The fields that came after the first release.
LATER_DATASET = {"version", "on_small_class", "urls"}
LATER_TRAINING = {"augmentation", "balance_classes", "cross_validation"}
LATER_SERVING = {
    "precision",
    "queue_limit",
    "request_timeout_seconds",
    "logging",
    "access_log",
    "auth",
    "cors_allowed_origins",
    "pod_template",
}


def digest(content: Any, length: int = 10) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def training_hash(resource: Resource) -> str:
    return training_hash_of(resource.spec, resource.retrain)


def training_hash_of(spec: Spec, retrain: str) -> str:
    training = spec.training
    return digest(
        {
            "dataset": {
                "storageUri": spec.dataset.storage_uri,
                "holdoutFraction": spec.dataset.holdout_fraction,
                **_set(spec.dataset, LATER_DATASET),
            },
            "training": {
                "architecture": training.architecture,
                "initialWeights": training.initial_weights,
                "epochs": training.epochs,
                "batchSize": training.batch_size,
                "imageSize": training.image_size,
                "learningRate": training.learning_rate,
                "schedule": training.schedule,
                "seed": training.seed,
                "image": training.image,
                **_set(training, LATER_TRAINING),
                **_searched(spec),
            },
            "retrain": retrain,
        }
    )


def _searched(spec: Spec) -> dict[str, Any]:
    """The metric that the gate goes by is the one by which trials are compared."""
    search = spec.training.search
    if search is None:
        return {}
    wanted = search.model_dump(mode="json", exclude={"parallel_trials"}, exclude_defaults=True)
    return {"search": {**wanted, "metric": spec.promotion.metric}}


def run(training_hash: str, fingerprint: str, former_run: str) -> str:
    """The former run is part of it so that going back to an older spec makes a run of its own."""
    return digest({"training": training_hash, "dataset": fingerprint, "after": former_run})


def execution(resource: Resource) -> str:
    fields = {
        "resources",
        "node_selector",
        "tolerations",
        "active_deadline_seconds",
        "backoff_limit",
        "pod_template",
    }
    search = resource.spec.training.search
    parallel = {} if search is None else {"parallelTrials": search.parallel_trials}
    return digest(_set(resource.spec.training, fields) | parallel)


def evaluation(dataset: str, challenger: str, champion: str) -> str:
    return digest({"dataset": dataset, "challenger": challenger, "champion": champion})


def ingest(uid: str, value: str) -> str:
    """Of a reading of the images that was asked for, by the resource of that uid."""
    return digest({"ingest": value, "of": uid})


def gate(resource: Resource) -> str:
    return digest(resource.spec.promotion.model_dump(mode="json", exclude_defaults=True))


def serving(resource: Resource, target: Target, location: Location) -> str:
    spec = resource.spec.serving
    return digest(
        {
            "resources": _set(spec.resources) if spec.resources else None,
            "nodeSelector": spec.node_selector,
            "tolerations": [_set(item) for item in spec.tolerations],
            "version": target.version,
            "artifact": target.artifact_uri,
            "contract": target.contract_digest,
            "storage": {
                "endpoint": location.endpoint,
                "region": location.region,
                "caBundle": location.ca_bundle,
                "secret": location.inference_secret,
            },
            **_set(spec, LATER_SERVING),
            **_asked(resource, location),
            **_allowed(location),
            **_reviewed(resource.spec.feedback),
        },
        length=16,
    )


def _asked(resource: Resource, location: Location) -> dict[str, Any]:
    """Pods that ask elsewhere who calls answer nobody, so these are replaced where it moves, and
    those of a former release, which asked the API server."""
    if resource.spec.serving.auth is Auth.NONE:
        return {}
    return {"tokenReviewer": location.token_reviewer}


def _allowed(location: Location) -> dict[str, Any]:
    """Pods that hold an older list go on refusing what the installation has come to allow."""
    if location.endpoints is None or not location.endpoints.allowed:
        return {}
    return {"allowedEndpoints": sorted(location.endpoints.allowed)}


def _reviewed(feedback: Feedback) -> dict[str, Any]:
    """Where nobody reviews, pods are told nothing, so the share is none of their business."""
    if feedback.mode is FeedbackMode.DISABLED:
        return {}
    return {"reviewShare": feedback.review_share}


def budget(resource: Resource) -> str:
    return digest([naming.inference_selector(resource.key), MAX_UNAVAILABLE])


def route(resource: Resource, rule: RouteRule) -> str:
    wanted = rule.model_dump(mode="json", include={"parent_refs", "annotations"})
    return digest([rule.names(resource.key), wanted, naming.inference(resource.key), 80])


def ingress(resource: Resource, rule: IngressRule) -> str:
    wanted = [rule.class_name, dict(rule.annotations), list(rule.certificates(resource.key))]
    return digest([rule.names(resource.key), wanted, naming.inference(resource.key), "http"])


def service(resource: Resource) -> str:
    return digest([naming.inference_selector(resource.key), 80, "http"])


def key_content(data: Mapping[str, str]) -> str:
    """Of a Secret with a key that is for a while; of nothing that could be guessed."""
    return digest(dict(data), length=16)


def identity(resource: Resource, defaults: Defaults, component: str) -> dict[str, str]:
    """The annotations of the account by which that component's pods reach S3; none otherwise."""
    if defaults.identity is None:
        return {}
    told = {
        naming.TRAINING: defaults.identity.training,
        naming.INFERENCE: defaults.identity.inference,
    }[component]
    given = filled(told, resource.namespace, resource.name)
    return {**given, naming.IDENTITY_ANNOTATION: digest(given)}


def _set(section: Camel, fields: set[str] | None = None) -> dict[str, Any]:
    return section.model_dump(mode="json", include=fields, exclude_defaults=True)
