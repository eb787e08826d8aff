"""Reasons about a pod that is wanted and does not run, in Trained and RolledOut.

The message has the words of whoever holds it up.
"""

from __future__ import annotations

from dandelion_operator.api.reasons.facts import of_a_pod

PODS_REFUSED = of_a_pod(
    "PodsRefused",
    "The cluster refuses to create the pod: a quota, a LimitRange, admission, a missing "
    "ServiceAccount. Tried again by itself.",
    "FailedCreate",
)
UNSCHEDULABLE = of_a_pod(
    "Unschedulable",
    "No node can take the pod, or its volume cannot be bound.",
    "Unschedulable",
)
IMAGE_PULL_FAILED = of_a_pod(
    "ImagePullFailed",
    "The image cannot be pulled. Tried again by itself.",
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "ImageInspectError",
    "InvalidImageName",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
VOLUME_UNAVAILABLE = of_a_pod(
    "VolumeUnavailable",
    "A volume of the pod cannot be attached or mounted. Tried again by itself.",
    "FailedMount",
    "FailedAttachVolume",
    "FailedMapVolume",
)
CONTAINER_NOT_CREATED = of_a_pod(
    "ContainerNotCreated",
    "The container cannot be created: a Secret or ConfigMap that it names is missing, or its "
    "security context does not suit the image.",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "FailedCreatePodSandBox",
)
EVICTED = of_a_pod(
    "Evicted",
    "A node put the pod out; another one starts.",
    "Evicted",
)
