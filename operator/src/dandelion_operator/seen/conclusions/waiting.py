"""Which documented reason belongs to what Kubernetes says of a pod that is wanted and does not run.

Used by `observe` for what it reads of Jobs, and by `report` for serving pods.
"""

from __future__ import annotations

from collections.abc import Mapping

from dandelion_operator.api.reasons import Failure, Reason

PENDING_REASONS: Mapping[str, Reason] = {
    "FailedCreate": Reason.PODS_REFUSED,
    "Unschedulable": Reason.UNSCHEDULABLE,
    "ErrImagePull": Reason.IMAGE_PULL_FAILED,
    "ImagePullBackOff": Reason.IMAGE_PULL_FAILED,
    "ErrImageNeverPull": Reason.IMAGE_PULL_FAILED,
    "ImageInspectError": Reason.IMAGE_PULL_FAILED,
    "InvalidImageName": Reason.IMAGE_PULL_FAILED,
    "RegistryUnavailable": Reason.IMAGE_PULL_FAILED,
    "SignatureValidationFailed": Reason.IMAGE_PULL_FAILED,
    "FailedMount": Reason.VOLUME_UNAVAILABLE,
    "FailedAttachVolume": Reason.VOLUME_UNAVAILABLE,
    "FailedMapVolume": Reason.VOLUME_UNAVAILABLE,
    "CreateContainerConfigError": Reason.CONTAINER_NOT_CREATED,
    "CreateContainerError": Reason.CONTAINER_NOT_CREATED,
    "RunContainerError": Reason.CONTAINER_NOT_CREATED,
    "FailedCreatePodSandBox": Reason.CONTAINER_NOT_CREATED,
    "Evicted": Reason.EVICTED,
}
WAITING = frozenset(PENDING_REASONS.values())


def waiting(word: str, message: str, otherwise: Reason) -> Failure:
    """`otherwise`: for a word of Kubernetes that has no reason of its own here."""
    said = f"{word}: {message}" if message else word
    return Failure(PENDING_REASONS.get(word, otherwise), said)
