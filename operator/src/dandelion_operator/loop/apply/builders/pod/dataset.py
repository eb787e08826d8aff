"""What a training pod is told of the images that it reads, whether it learns from them or not."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.feedback import FeedbackMode
from dandelion_operator.loop.apply.builders.pod.urls import urls_mount, urls_settings, urls_volume


def dataset_settings(
    resource: Resource, location: Location, former_dataset: str, initial_weights: str
) -> dict[str, object]:
    dataset = resource.spec.dataset
    return {
        "DATASET_URI": dataset.storage_uri,
        "DATASET_VERSION": dataset.version or "",
        "FORMER_DATASET": former_dataset,
        "HOLDOUT_FRACTION": dataset.holdout_fraction,
        "ON_SMALL_CLASS": dataset.on_small_class,
        "KEEP": dataset.keep,
        **urls_settings(dataset.urls),
        **_reviews(resource, location),
        "DATASET_MANIFESTS_URI": naming.manifests_uri(location.bucket, resource.key),
        "INITIAL_WEIGHTS": initial_weights,
    }


def mount_dataset(template: dict[str, Any], resource: Resource) -> None:
    """Adds the table of addresses to the specification of a pod of one container."""
    (container,) = template["containers"]
    template["volumes"] += urls_volume(resource.spec.dataset.urls)
    container["volumeMounts"] += urls_mount(resource.spec.dataset.urls)


def _reviews(resource: Resource, location: Location) -> dict[str, object]:
    """Where to find what people decided about logged images, and how many callers need nobody to
    decide.
    """
    feedback = resource.spec.feedback
    if feedback.mode is FeedbackMode.DISABLED or location.log is None:
        return {}
    places: dict[str, object] = {
        "LOG_URI": location.log.uri,
        "DECISIONS_URI": f"s3://{location.bucket}",
    }
    if feedback.mode is FeedbackMode.REVIEW:
        return places
    return {**places, "MIN_AGREEMENT": feedback.callers, "MODEL_UID": resource.uid}
