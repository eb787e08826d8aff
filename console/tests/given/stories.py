"""A model with a past: each part of a status that a page shows."""

from __future__ import annotations

from typing import Any

from given.models import READY, condition, model

HISTORY = [
    {
        "time": "2026-03-08T10:59:00Z",
        "decision": "TrainingStarted",
        "trigger": "NewImages",
        "dataset": "57f1",
        "reason": "run 1a2b: 150 new images, 50 are asked for",
    },
    {
        "time": "2026-03-08T11:30:00Z",
        "decision": "Rejected",
        "trigger": "NewImages",
        "dataset": "sha256:" + "ab" * 32,
        "version": "4",
        "by": "Gate",
        "figures": {
            "metric": "accuracy",
            "challenger": 0.931,
            "champion": 0.951,
            "interval": [-0.04, 0.001],
        },
        "reason": "accuracy 0.931 is worse than 0.951 by more than the margin of 0.01",
    },
    {
        "time": "2026-03-07T09:00:00Z",
        "decision": "Promoted",
        "trigger": "Created",
        "version": "3",
        "by": "Person",
        "reason": "the alias champion was moved from version 2",
    },
]


def much_said(name: str = "lawn", namespace: str = "team", **changes: Any) -> dict[str, Any]:
    status: dict[str, Any] = {
        "conditions": [
            READY,
            condition("Accepted", "True", "Valid", "The spec can be honoured."),
            condition("Trained", "Unknown", "TrainingRunning", "run 9f8e: epoch 5 of 10"),
            condition("Promoted", "False", "GateFailed", "version 4 is worse than version 3"),
            condition("RolledOut", "True", "ReplicasAvailable", "2 of 2"),
            condition("DriftDetected", "True", "ImagesDrifted", "blur is 1.7 times as far"),
        ],
        "url": f"http://{name}-inference.{namespace}.svc",
        "challenger": {
            "version": "4",
            "metrics": {"accuracy": 0.931, "macroF1": 0.92},
            "verdict": "rejected",
        },
        "evaluation": {
            "challenger": "4",
            "champion": "3",
            "images": 240,
            "difference": -0.02,
            "interval": [-0.04, 0.001],
            "verdict": "Worse",
            "challengerOnly": 3,
            "championOnly": 8,
            "bothWrong": 4,
            "gained": ["fern"],
            "lost": ["clover"],
            "neverAnswered": ["moss"],
        },
        "training": {
            "run": "9f8e7d",
            "state": "Running",
            "stage": "train",
            "progressPercent": 45,
            "trigger": "Drift",
            "triggerMessage": "drift 1.70 is above 1.5",
            "startedAt": "2026-03-08T11:50:00Z",
            "retrain": "",
        },
        "triggers": {"nextScheduleTime": "2026-03-09T03:00:00Z", "newImages": 12},
        "dataset": {
            "version": "sha256:" + "ab" * 32,
            "images": 1200,
            "holdout": 240,
            "classCount": 3,
            "classes": ["daisy", "dandelion", "moss"],
            "rejected": {"duplicate": 3, "unreadable": 1},
            "warnings": ["class moss has 12 images only"],
        },
        "drift": {"version": "3", "score": 1.7, "statistic": "blur", "window": 64},
        "liveAccuracy": {
            "version": "3",
            "reviewed": 120,
            "right": 112,
            "accuracy": 0.9333,
            "lower": 0.88,
            "upper": 0.97,
            "confidence": 0.95,
        },
        "replicas": 2,
        "history": HISTORY,
    }
    return model(name, namespace, **status | changes)
