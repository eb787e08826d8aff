"""Reasons about the newest version that was trained for the spec, the alias and the registry."""

from __future__ import annotations

from dandelion_operator.api.reasons.facts import (
    FALSE,
    PROMOTED,
    ROLLED_OUT,
    TRUE,
    UNKNOWN,
    WHILE_STUCK,
    WHILE_TRAINING,
    Facts,
    ToldBy,
)

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
