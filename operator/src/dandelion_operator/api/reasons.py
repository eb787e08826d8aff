"""Every reason that a condition of a ModelDeployment can carry, each with what it means.

People read these in `kubectl get mdep -o yaml` and write alerts on them, so the list is the only
place a reason may come from. `report` and `decide` use it; the README's table is checked against
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    doc: str

    def __new__(cls, value: str, doc: str) -> Reason:
        member = str.__new__(cls, value)
        member._value_ = value
        member.doc = doc
        return member

    # Accepted
    VALID = "Valid", "The spec is understood, the dataset can be listed and is not empty."
    INVALID_SPEC = "InvalidSpec", "The spec contradicts itself; the message names the field."
    STORAGE_UNREACHABLE = (
        "StorageUnreachable",
        "The S3 endpoint does not answer. Tried again by itself; what serves goes on serving.",
    )
    CREDENTIALS_REJECTED = (
        "CredentialsRejected",
        "The S3 endpoint refuses the keys. Mend the Secret that the message names.",
    )
    BUCKET_NOT_FOUND = "BucketNotFound", "The bucket of dataset.storageUri does not exist."
    DATASET_EMPTY = "DatasetEmpty", "No object lies below dataset.storageUri."
    DATASET_LISTING = (
        "DatasetListing",
        "The dataset is being listed, which takes a while if it is large or its endpoint slow. "
        "Training starts once that is done; what serves goes on serving.",
    )
    SECRET_MISSING = (
        "SecretMissing",
        "The Secret with the S3 keys, or one of its two keys, does not exist in the namespace.",
    )
    LOG_UNAVAILABLE = (
        "LogUnavailable",
        "spec.serving.logging asks for a log that nothing is set up for; the message says what to "
        "write. What serves goes on serving.",
    )

    # Trained
    TRAINING_COMPLETE = "TrainingComplete", "A run for exactly this spec has registered a version."
    TRAINING_FAILED = (
        "TrainingFailed",
        "The run for this spec failed; the message starts with its cause. Not tried again until "
        "the spec, the dataset or the annotation dandelion.dev/retrain changes.",
    )
    TRAINING_RUNNING = "TrainingRunning", "The training Job runs; the message tells how far it is."
    TRAINING_PENDING = (
        "TrainingPending",
        "Training waits: for a node, an image, storage, MLflow or whoever suspended its Job.",
    )

    # Trained and RolledOut, while a pod that is wanted does not run; the message has the words of
    # whoever holds it up
    PODS_REFUSED = (
        "PodsRefused",
        "The cluster refuses to create the pod: a quota, a LimitRange, admission, a missing "
        "ServiceAccount. Tried again by itself.",
    )
    UNSCHEDULABLE = "Unschedulable", "No node can take the pod, or its volume cannot be bound."
    IMAGE_PULL_FAILED = "ImagePullFailed", "The image cannot be pulled. Tried again by itself."
    VOLUME_UNAVAILABLE = (
        "VolumeUnavailable",
        "A volume of the pod cannot be attached or mounted. Tried again by itself.",
    )
    CONTAINER_NOT_CREATED = (
        "ContainerNotCreated",
        "The container cannot be created: a Secret or ConfigMap that it names is missing, or its "
        "security context does not suit the image.",
    )
    EVICTED = "Evicted", "A node put the pod out; another one starts."

    SUSPENDED = (
        "Suspended",
        "spec.suspend holds training and promotion back; what serves goes on serving.",
    )
    NOT_STARTED = "NotStarted", "No training has been started; Accepted tells what stands against."

    # Promoted: speaks of the newest version that was trained for this spec
    VERSION_PROMOTED = "VersionPromoted", "The alias champion names a version that may be served."
    GATE_FAILED = (
        "GateFailed",
        "The newest version did not pass spec.promotion; an older champion goes on serving.",
    )
    UNDECIDED = (
        "Undecided",
        "The holdout cannot tell whether the newest version is worse, and it was not let through; "
        "the message says what would help. The champion goes on serving.",
    )
    EVALUATION_RUNNING = (
        "EvaluationRunning",
        "The newest version and the champion are being compared on the same images.",
    )
    EVALUATION_FAILED = (
        "EvaluationFailed",
        "The newest version could not be compared with the champion; the message has the cause. "
        "The champion goes on serving. Not tried again until the champion, spec.promotion or the "
        "annotation dandelion.dev/retrain changes, or the Job that the message names is deleted.",
    )
    NO_VERSION = "NoVersion", "The registry holds no version of this model yet."
    ALIAS_MISSING = (
        "AliasMissing",
        "The alias champion names no version that exists. What serves goes on serving; set the "
        "alias in MLflow, or train a new version.",
    )
    ARTIFACT_REJECTED = (
        "ArtifactRejected",
        "A version's files are missing, are not those that its digests promise, or were not made "
        "for this ModelDeployment. What served before goes on serving.",
    )
    ADOPTION_NEEDED = (
        "AdoptionNeeded",
        "The alias champion names a version that a former ModelDeployment of this name left, "
        "trained from other data. It is not served before the annotation dandelion.dev/adopt names "
        "it.",
    )
    REGISTRY_UNREACHABLE = (
        "RegistryUnreachable",
        "MLflow does not answer. Tried again by itself; what serves goes on serving.",
    )
    REGISTRY_LOST = (
        "RegistryLost",
        "MLflow no longer knows versions that it held before. They are registered again from the "
        "contracts in S3, and what serves becomes the champion again.",
    )
    AWAITING_APPROVAL = (
        "AwaitingApproval",
        "promotion.mode is Manual: the newest version passed the gate and waits for a person to "
        "set the alias champion.",
    )
    OBSERVE_ONLY = "ObserveOnly", "promotion.mode is Observe: the message tells the verdict."

    # RolledOut
    REPLICAS_AVAILABLE = "ReplicasAvailable", "Every replica serves the champion."
    PROGRESS_DEADLINE_EXCEEDED = (
        "ProgressDeadlineExceeded",
        "The champion's replicas did not become ready in rollout.progressDeadlineSeconds; the "
        "message has a pod's own reason. Older replicas go on serving.",
    )
    PAUSED = (
        "Paused",
        "Somebody paused the Deployment, so the champion is not rolled out; the message says who, "
        "and how to go on. What serves goes on serving.",
    )
    PROGRESSING = "Progressing", "The champion is being rolled out."
    SCALED_TO_ZERO = "ScaledToZero", "serving.replicas is 0: nothing is wanted, nothing answers."
    NAME_TAKEN = (
        "NameTaken",
        "An object of a needed name exists and belongs to somebody else; it is left alone.",
    )
    CONTESTED = (
        "Contested",
        "Somebody else writes what the operator writes; the message says who, to which field of "
        "which object. It was put right once, and is left alone since.",
    )
    CHILD_REFUSED = (
        "ChildRefused",
        "The API server refuses an object that is needed (quota, admission policy, RBAC).",
    )
    AUTH_UNAVAILABLE = (
        "AuthUnavailable",
        "spec.serving.auth is ClusterTokens, and serving pods cannot be given the right to ask the "
        "API server who calls; the message says why. What serves goes on as it is.",
    )

    # Ready: turns True once the champion is rolled out completely and the Service answers with it;
    # stays True while the Service answers with a version of this resource, the old one included,
    # because a rollout that is under way or stuck takes nothing away from who calls the Service.
    SERVING = "Serving", "The Service answers; the message names the version that does."
    NOT_ANSWERING = "NotAnswering", "Replicas are there, but a request through the Service fails."


@dataclass(frozen=True)
class Failure:
    """What stands in the way, as a value: a reason, and the words that belong to this case."""

    reason: Reason
    message: str

    @property
    def may_pass(self) -> bool:
        """Whether trying again can help without anybody changing anything."""
        return self.reason in (Reason.STORAGE_UNREACHABLE, Reason.REGISTRY_UNREACHABLE)


def name_taken(kind: str, name: str, or_else: str = "rename the ModelDeployment") -> Failure:
    """An object that the operator needs to make is there already, and not its own."""
    return Failure(
        Reason.NAME_TAKEN,
        f"the {kind} {name} belongs to somebody else and is left alone: delete it, or {or_else}",
    )
