"""Reasons about the run for the spec as it is."""

from __future__ import annotations

from dandelion_operator.api.reasons.facts import (
    FALSE,
    PROMOTED,
    TRAINED,
    TRUE,
    UNKNOWN,
    Facts,
    ToldBy,
)

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
