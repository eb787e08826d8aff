"""What an operator would have written."""

from __future__ import annotations

from typing import Any

LONG = "a-name-without-any-space-that-goes-on-and-on-" * 4
MARKUP = '<b onclick="alert(1)">not</b> bold & "quoted"'


def condition(kind: str, status: str, reason: str, message: str) -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": 1000,
        "lastTransitionTime": "2026-03-08T11:00:00Z",
    }


def ready() -> dict[str, Any]:
    return {
        "observedGeneration": 1,
        "conditions": [
            condition("Ready", "True", "Serving", "2 of 2 replicas answer with version 3."),
            condition("Accepted", "True", "Valid", "The spec can be honoured."),
            condition("Trained", "Unknown", "TrainingRunning", "run 9f8e7d: epoch 5 of 10"),
            condition("Promoted", "False", "GateFailed", "version 4 is worse than version 3"),
            condition("RolledOut", "True", "ReplicasAvailable", "2 of 2 replicas are there."),
            condition("DriftDetected", "True", "ImagesDrifted", "blur is 1.7 times as far"),
        ],
        "url": "http://lawn-inference.garden.svc",
        "champion": {
            "version": "3",
            "runId": "0123456789abcdef0123456789abcdef",
            "metrics": {"accuracy": 0.9512, "macroF1": 0.94},
            "precision": "int8",
            "servedReplicas": 2,
        },
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
            "lost": ["clover"],
        },
        "training": {
            "run": "9f8e7d",
            "trainingHash": "aa",
            "state": "Running",
            "stage": "train",
            "progressPercent": 45,
            "trigger": "Drift",
            "triggerMessage": "drift 1.70 is above 1.5",
            "startedAt": "2026-03-08T11:50:00Z",
        },
        "dataset": {
            "version": "sha256:" + "ab" * 32,
            "images": 1200,
            "holdout": 240,
            "classCount": 3,
            "classes": ["daisy", MARKUP, LONG],
            "rejected": {"duplicate": 3, "unreadable": 1},
            "warnings": ["class daisy has 12 images only"],
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
        "history": [
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
                "reason": "accuracy 0.931 is worse than 0.951 by more than the margin",
            },
            {
                "time": "2026-03-08T10:59:00Z",
                "decision": "TrainingStarted",
                "trigger": "NewImages",
                "reason": "run 1a2b: 150 new images, 50 are asked for",
            },
            {
                "time": "2026-03-07T09:00:00Z",
                "decision": "Promoted",
                "trigger": "Created",
                "version": "3",
                "by": "Person",
                "reason": "the alias champion was moved from version 2",
            },
        ],
    }


def troubled() -> dict[str, Any]:
    why = f"ClassTooSmall: the class {MARKUP} has 3 images, 10 are needed; {LONG}"
    return {
        "observedGeneration": 1,
        "conditions": [
            condition("Ready", "False", "TrainingFailed", why),
            condition("Trained", "False", "TrainingFailed", why),
        ],
    }
