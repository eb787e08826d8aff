"""Reasons about the Deployment and the other objects that serving needs."""

from __future__ import annotations

from dandelion_operator.api.reasons.facts import (
    ACCEPTED,
    FALSE,
    PROMOTED,
    READY,
    ROLLED_OUT,
    TRAINED,
    TRUE,
    UNKNOWN,
    WHILE_ROLLING_OUT,
    WHILE_STUCK,
    Facts,
    ToldBy,
)

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
    "The champion is being rolled out, or pods of the former one are still ending.",
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
    "spec.serving.auth is ClusterTokens, and the installation has no token reviewer for serving "
    "pods to ask who calls; the message says how to get one. What serves goes on as it is.",
    {PROMOTED: FALSE, ROLLED_OUT: FALSE},
    again={ROLLED_OUT: WHILE_STUCK},
)
