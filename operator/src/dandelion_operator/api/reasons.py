"""Every reason that a condition of a ModelDeployment can carry, each with all that belongs to it.

People read these in `kubectl get mdep -o yaml` and write alerts on them, so the list is the only
place a reason may come from: who observes and who decides gives one with words of the case (a
`Failure`), `report` puts it into a condition and makes its Event, and `pace` knows by it when to
look again. The README's table is checked against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dandelion_operator.api.facts import (
    ACCEPTED,
    DRIFT_DETECTED,
    FALSE,
    PROMOTED,
    READY,
    ROLLED_OUT,
    TRAINED,
    TRUE,
    UNKNOWN,
    WHILE_ROLLING_OUT,
    WHILE_STUCK,
    WHILE_TRAINING,
    Facts,
    ToldBy,
    of_a_pod,
)
from dandelion_operator.api.status import ConditionType


class Reason(StrEnum):
    facts: Facts

    def __new__(cls, facts: Facts) -> Reason:
        member = str.__new__(cls, facts.value)
        member._value_ = facts.value
        member.facts = facts
        return member

    @classmethod
    def known(cls, value: str) -> Reason | None:
        """None for a reason of another version of this operator."""
        return next((reason for reason in cls if reason.value == value), None)

    def status(self, kind: ConditionType) -> str:
        """In that condition, unless the situation says otherwise; Unknown where it has no stand."""
        return self.facts.stands.get(kind, UNKNOWN)

    # Accepted
    VALID = Facts(
        "Valid",
        "The spec is understood, the dataset can be listed and is not empty.",
        {ACCEPTED: TRUE},
    )
    INVALID_SPEC = Facts(
        "InvalidSpec",
        "The spec contradicts itself; the message names the field.",
        {ACCEPTED: FALSE},
    )
    STORAGE_UNREACHABLE = Facts(
        "StorageUnreachable",
        "The S3 endpoint does not answer. Tried again by itself; what serves goes on serving.",
        {ACCEPTED: FALSE, PROMOTED: UNKNOWN, ROLLED_OUT: UNKNOWN},
        may_pass=True,
    )
    CREDENTIALS_REJECTED = Facts(
        "CredentialsRejected",
        "The S3 endpoint refuses the keys. Mend the Secret that the message names.",
        {ACCEPTED: FALSE, PROMOTED: UNKNOWN, ROLLED_OUT: FALSE},
    )
    BUCKET_NOT_FOUND = Facts(
        "BucketNotFound",
        "The bucket of dataset.storageUri does not exist.",
        {ACCEPTED: FALSE, PROMOTED: UNKNOWN, ROLLED_OUT: UNKNOWN},
    )
    DATASET_EMPTY = Facts(
        "DatasetEmpty", "No object lies below dataset.storageUri.", {ACCEPTED: FALSE}
    )
    DATASET_LISTING = Facts(
        "DatasetListing",
        "The dataset is being listed, which takes a while if it is large or its endpoint slow. "
        "Training starts once that is done; what serves goes on serving.",
        {ACCEPTED: UNKNOWN},
    )
    SECRET_MISSING = Facts(
        "SecretMissing",
        "The Secret with the S3 keys, or one of its two keys, does not exist in the namespace.",
        {ACCEPTED: FALSE, PROMOTED: UNKNOWN, ROLLED_OUT: FALSE},
    )
    LOG_UNAVAILABLE = Facts(
        "LogUnavailable",
        "spec.serving.logging asks for a log that nothing is set up for; the message says what to "
        "write. What serves goes on serving.",
        {ACCEPTED: FALSE},
    )

    # Trained
    TRAINING_COMPLETE = Facts(
        "TrainingComplete", "A run for exactly this spec has registered a version.", {TRAINED: TRUE}
    )
    TRAINING_FAILED = Facts(
        "TrainingFailed",
        "The run for this spec failed; the message starts with its cause. Not tried again until "
        "the spec, the dataset or the annotation dandelion.dev/retrain changes.",
        {TRAINED: FALSE},
        event=ToldBy.HISTORY,
    )
    TRAINING_RUNNING = Facts(
        "TrainingRunning",
        "The training Job runs; the message tells how far it is.",
        {TRAINED: UNKNOWN},
    )
    SEARCH_RUNNING = Facts(
        "SearchRunning",
        "The search for training's settings runs; the message tells how many trials are over. "
        "Training follows.",
        {TRAINED: UNKNOWN},
    )
    TRAINING_PENDING = Facts(
        "TrainingPending",
        "Training waits: for a node, an image, storage, MLflow or whoever suspended its Job.",
        {TRAINED: UNKNOWN},
    )

    # Trained and RolledOut, while a pod that is wanted does not run; the message has the words of
    # whoever holds it up
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

    SUSPENDED = Facts(
        "Suspended",
        "spec.suspend holds training and promotion back; what serves goes on serving.",
        {TRAINED: UNKNOWN, PROMOTED: UNKNOWN},
    )
    NOT_STARTED = Facts(
        "NotStarted",
        "No training has been started; Accepted tells what stands against.",
        {TRAINED: UNKNOWN},
    )

    # Promoted: speaks of the newest version that was trained for this spec
    VERSION_PROMOTED = Facts(
        "VersionPromoted",
        "The alias champion names a version that may be served.",
        {PROMOTED: TRUE},
    )
    GATE_FAILED = Facts(
        "GateFailed",
        "The newest version did not pass spec.promotion; an older champion goes on serving.",
        {PROMOTED: FALSE},
    )
    UNDECIDED = Facts(
        "Undecided",
        "The holdout cannot tell whether the newest version is worse, and it was not let through; "
        "the message says what would help. The champion goes on serving.",
        {PROMOTED: UNKNOWN},
    )
    EVALUATION_RUNNING = Facts(
        "EvaluationRunning",
        "The newest version and the champion are being compared on the same images.",
        {PROMOTED: UNKNOWN, ROLLED_OUT: UNKNOWN},
        again={PROMOTED: WHILE_TRAINING},
    )
    EVALUATION_FAILED = Facts(
        "EvaluationFailed",
        "The newest version could not be compared with the champion; the message has the cause. "
        "The champion goes on serving. Not tried again until the champion, spec.promotion or the "
        "annotation dandelion.dev/retrain changes, or the Job that the message names is deleted.",
        {PROMOTED: UNKNOWN, ROLLED_OUT: UNKNOWN},
        again={PROMOTED: WHILE_STUCK},
    )
    NO_VERSION = Facts(
        "NoVersion",
        "The registry holds no version of this model yet.",
        {PROMOTED: FALSE, ROLLED_OUT: FALSE},
        event=ToldBy.NOBODY,
    )
    ALIAS_MISSING = Facts(
        "AliasMissing",
        "The alias champion names no version that exists. What serves goes on serving; set the "
        "alias in MLflow, or train a new version.",
        {PROMOTED: FALSE, ROLLED_OUT: FALSE},
    )
    ARTIFACT_REJECTED = Facts(
        "ArtifactRejected",
        "A version's files are missing, are not those that its digests promise, or were not made "
        "for this ModelDeployment. What served before goes on serving.",
        {PROMOTED: FALSE, ROLLED_OUT: FALSE},
        again={ROLLED_OUT: WHILE_STUCK},
        event=ToldBy.HISTORY,
    )
    ADOPTION_NEEDED = Facts(
        "AdoptionNeeded",
        "The alias champion names a version that a former ModelDeployment of this name left, "
        "trained from other data. It is not served before the annotation dandelion.dev/adopt names "
        "it.",
        {PROMOTED: FALSE, ROLLED_OUT: FALSE},
        event=ToldBy.HISTORY,
    )
    REGISTRY_UNREACHABLE = Facts(
        "RegistryUnreachable",
        "MLflow does not answer. Tried again by itself; what serves goes on serving.",
        {PROMOTED: UNKNOWN, ROLLED_OUT: UNKNOWN},
        may_pass=True,
    )
    REGISTRY_LOST = Facts(
        "RegistryLost",
        "MLflow no longer knows versions that it held before. They are registered again from the "
        "contracts in S3, and what serves becomes the champion again.",
        {PROMOTED: UNKNOWN, ROLLED_OUT: UNKNOWN},
    )
    AWAITING_APPROVAL = Facts(
        "AwaitingApproval",
        "promotion.mode is Manual: the newest version passed the gate and waits for a person to "
        "set the alias champion.",
        {PROMOTED: UNKNOWN},
    )
    OBSERVE_ONLY = Facts(
        "ObserveOnly",
        "promotion.mode is Observe: the message tells the verdict.",
        {PROMOTED: UNKNOWN},
    )

    # RolledOut
    REPLICAS_AVAILABLE = Facts(
        "ReplicasAvailable", "Every replica serves the champion.", {ROLLED_OUT: TRUE}
    )
    PROGRESS_DEADLINE_EXCEEDED = Facts(
        "ProgressDeadlineExceeded",
        "The champion's replicas did not become ready in rollout.progressDeadlineSeconds; the "
        "message has a pod's own reason. Older replicas go on serving.",
        {ROLLED_OUT: FALSE},
        again={ROLLED_OUT: WHILE_STUCK},
        event=ToldBy.HISTORY,
    )
    PAUSED = Facts(
        "Paused",
        "Somebody paused the Deployment, so the champion is not rolled out; the message says who, "
        "and how to go on. What serves goes on serving.",
        {ROLLED_OUT: FALSE},
    )
    PROGRESSING = Facts(
        "Progressing",
        "The champion is being rolled out.",
        {ROLLED_OUT: UNKNOWN},
        again={ROLLED_OUT: WHILE_ROLLING_OUT},
    )
    SCALED_TO_ZERO = Facts(
        "ScaledToZero",
        "serving.replicas is 0: nothing is wanted, nothing answers.",
        {ROLLED_OUT: TRUE, READY: FALSE},
    )
    NAME_TAKEN = Facts(
        "NameTaken",
        "An object of a needed name exists and belongs to somebody else; it is left alone.",
        {ACCEPTED: FALSE, TRAINED: FALSE, PROMOTED: UNKNOWN, ROLLED_OUT: FALSE},
        again={ROLLED_OUT: WHILE_STUCK},
    )
    CONTESTED = Facts(
        "Contested",
        "Somebody else writes what the operator writes; the message says who, to which field of "
        "which object. It was put right once, and is left alone since.",
        {ROLLED_OUT: TRUE},
        also={ROLLED_OUT: FALSE},
    )
    CHILD_REFUSED = Facts(
        "ChildRefused",
        "The API server refuses an object that is needed (quota, admission policy, RBAC).",
        {ROLLED_OUT: FALSE},
    )
    AUTH_UNAVAILABLE = Facts(
        "AuthUnavailable",
        "spec.serving.auth is ClusterTokens, and serving pods cannot be given the right to ask the "
        "API server who calls; the message says why. What serves goes on as it is.",
        {PROMOTED: FALSE, ROLLED_OUT: FALSE},
        again={ROLLED_OUT: WHILE_STUCK},
    )

    # Ready: turns True once the champion is rolled out completely and the Service answers with it;
    # stays True while the Service answers with a version of this resource, the old one included,
    # because a rollout that is under way or stuck takes nothing away from who calls the Service.
    SERVING = Facts(
        "Serving", "The Service answers; the message names the version that does.", {READY: TRUE}
    )
    NOT_ANSWERING = Facts(
        "NotAnswering",
        "Replicas are there, but a request through the Service fails.",
        {READY: FALSE},
        again={READY: WHILE_ROLLING_OUT},
    )

    # DriftDetected: of the version that is to be served; the others rest on none of these
    IMAGES_DRIFTED = Facts(
        "ImagesDrifted",
        "The images that are answered have come to be unlike those of the holdout. The answers may "
        "be right all the same.",
        {DRIFT_DETECTED: TRUE},
        event=ToldBy.HISTORY,
    )
    NO_DRIFT = Facts(
        "NoDrift",
        "No series of windows of answers is above a threshold.",
        {DRIFT_DETECTED: FALSE},
        event=ToldBy.NOBODY,
    )
    TOO_FEW_ANSWERS = Facts(
        "TooFewAnswers",
        "No pod has compared enough windows of answers since it started.",
        {DRIFT_DETECTED: UNKNOWN},
    )
    DRIFT_NOT_TOLD = Facts(
        "DriftNotTold",
        "The version has no thresholds for drift, since its holdout is too small or its run was "
        "that of an earlier release; or its pods do not tell.",
        {DRIFT_DETECTED: UNKNOWN},
    )
    NOTHING_SERVES = Facts(
        "NothingServes",
        "No ready pod of the version has been asked yet.",
        {DRIFT_DETECTED: UNKNOWN},
    )


@dataclass(frozen=True)
class Failure:
    """What stands in the way, as a value: a reason, and the words that belong to this case."""

    reason: Reason
    message: str

    @property
    def may_pass(self) -> bool:
        """Whether trying again can help without anybody changing anything."""
        return self.reason.facts.may_pass


def name_taken(kind: str, name: str, or_else: str = "rename the ModelDeployment") -> Failure:
    """An object that the operator needs to make is there already, and not its own."""
    return Failure(
        Reason.NAME_TAKEN,
        f"the {kind} {name} belongs to somebody else and is left alone: delete it, or {or_else}",
    )
