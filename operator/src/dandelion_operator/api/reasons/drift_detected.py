"""Reasons about the images that the version which is to be served is asked about.

The other conditions rest on none of these.
"""

from __future__ import annotations

from dandelion_operator.api.reasons.facts import DRIFT_DETECTED, FALSE, TRUE, UNKNOWN, Facts, ToldBy

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
