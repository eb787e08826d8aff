"""Why a run ended without a model, in the words that reach the ModelDeployment's conditions.

Everything that can go wrong for a reason a user can act on is raised as a `TrainingFailure`;
`job` turns it into the exit code, the termination message and the last status.
"""

import errno
from enum import StrEnum


class Reason(StrEnum):
    """The reasons a run can end with; the operator shows them as they are."""

    CONFIGURATION_INVALID = "ConfigurationInvalid"  # a setting is missing or out of range
    ARCHITECTURE_UNKNOWN = "ArchitectureUnknown"  # not one of resnet18|34|50|101|152
    BUCKET_NOT_FOUND = "BucketNotFound"  # the bucket of the dataset or of the models is not there
    CREDENTIALS_REJECTED = "CredentialsRejected"  # the endpoint refused the access key
    IDENTITY_MISSING = "IdentityMissing"  # the pod's account was given no token for S3
    STORAGE_UNREACHABLE = "StorageUnreachable"  # no answer, or only server errors, after retries
    DATASET_EMPTY = "DatasetEmpty"  # nothing lies under the dataset's storageUri
    NO_READABLE_IMAGES = "NoReadableImages"  # there are files, but none is a usable image
    TOO_FEW_CLASSES = "TooFewClasses"  # fewer than two class folders
    TOO_FEW_IMAGES = "TooFewImages"  # a class has too few usable images
    LAYOUT_INVALID = "LayoutInvalid"  # the folders can be read in more than one way, or in none
    CLASS_NAMES_INVALID = "ClassNamesInvalid"  # two classes that look alike, or an unusable name
    LABELS_INVALID = "LabelsInvalid"  # the table of labels contradicts itself or cannot be read
    URLS_UNREACHABLE = "UrlsUnreachable"  # too many addresses of the table could not be fetched
    OBJECTS_UNREADABLE = "ObjectsUnreadable"  # too many objects could not be read from storage
    DATASET_VERSION_UNAVAILABLE = "DatasetVersionUnavailable"  # gone, or its objects have changed
    WEIGHTS_UNAVAILABLE = "WeightsUnavailable"  # initialWeights cannot be fetched or do not fit
    TRAINING_DIVERGED = "TrainingDiverged"  # the loss is no longer a number
    SEARCH_FAILED = "SearchFailed"  # no trial of the search came to an end
    ARTIFACT_UNAVAILABLE = (
        "ArtifactUnavailable"  # files of a published model are missing or changed
    )
    EVALUATION_IMPOSSIBLE = "EvaluationImpossible"  # two models have nothing in common to compare
    ARTIFACT_MISMATCH = "ArtifactMismatch"  # the exported graph disagrees with the trained model
    OUT_OF_MEMORY = "OutOfMemory"  # an allocation failed
    DISK_FULL = "DiskFull"  # the pod's disk has no room; another node, or a later time, may have
    REGISTRY_UNREACHABLE = "RegistryUnreachable"  # MLflow did not answer, after retries
    INTERRUPTED = "Interrupted"  # told to stop (eviction, drain, a newer run)
    INTERNAL_ERROR = "InternalError"  # a defect of ours


PERMANENT = frozenset(
    {
        Reason.CONFIGURATION_INVALID,
        Reason.ARCHITECTURE_UNKNOWN,
        Reason.BUCKET_NOT_FOUND,
        Reason.CREDENTIALS_REJECTED,
        Reason.DATASET_EMPTY,
        Reason.NO_READABLE_IMAGES,
        Reason.TOO_FEW_CLASSES,
        Reason.TOO_FEW_IMAGES,
        Reason.LAYOUT_INVALID,
        Reason.CLASS_NAMES_INVALID,
        Reason.LABELS_INVALID,
        Reason.URLS_UNREACHABLE,
        Reason.OBJECTS_UNREADABLE,
        Reason.DATASET_VERSION_UNAVAILABLE,
        Reason.WEIGHTS_UNAVAILABLE,
        Reason.TRAINING_DIVERGED,
        Reason.SEARCH_FAILED,
        Reason.ARTIFACT_MISMATCH,
        Reason.ARTIFACT_UNAVAILABLE,
        Reason.EVALUATION_IMPOSSIBLE,
    }
)

EXIT_PERMANENT = 64  # the Job's podFailurePolicy fails the Job at once on it
EXIT_TRANSIENT = 1
EXIT_INTERRUPTED = 143


class TrainingFailure(Exception):  # noqa: N818 - it is the outcome of a run, not a programming error
    """A run that cannot go on, with the reason and a message that names cause and way out."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    @property
    def exit_code(self) -> int:
        if self.reason is Reason.INTERRUPTED:
            return EXIT_INTERRUPTED
        return EXIT_PERMANENT if self.reason in PERMANENT else EXIT_TRANSIENT


def is_disk_full(error: BaseException) -> bool:
    """Whether an error, or one that it came from, is about a disk without room, or a quota.

    safetensors is written in Rust, and tells the system's error in words alone.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "No space left on device" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


class Interrupted(BaseException):
    """SIGTERM, raised in the main thread; no `except Exception` can swallow it."""
