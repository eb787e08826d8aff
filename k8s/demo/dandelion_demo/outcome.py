"""What a ModelDeployment's conditions mean for somebody who waits for it: go on, or give up."""

from __future__ import annotations

from typing import Any

#: Not yet, rather than no.
PENDING = frozenset({"NotStarted", "NoVersion"})
#: The operator tries these again by itself, so a short one is no reason to give up; it notices a
#: namespace's label a moment after it is there.
PASSING = frozenset({"NamespaceNotEnabled", "StorageUnreachable", "RegistryUnreachable"})


def is_done(resource: dict[str, Any]) -> bool:
    """Whether what the spec asks for is trained and something is served.

    Ready alone may speak of the version before, which goes on serving while a new one trains.
    """
    conditions = _conditions(resource)
    return all(conditions.get(kind, {}).get("status") == "True" for kind in ("Trained", "Ready"))


def obstacle(resource: dict[str, Any]) -> dict[str, str] | None:
    """The first condition that says no, if only for a moment; None while all is well."""
    conditions = _conditions(resource)
    for kind in ("Accepted", "Trained", "Promoted"):
        condition = conditions.get(kind, {})
        if condition.get("status") == "False" and condition["reason"] not in PENDING:
            return condition
    return None


def figure(resource: dict[str, Any]) -> str:
    """How far it is, in a few words."""
    status = resource.get("status", {})
    phase = str(status.get("phase", "waiting for the operator"))
    training = status.get("training", {})
    if str(training.get("state", "")).lower() != "running" or "progressPercent" not in training:
        return phase
    return f"{phase}, {training.get('stage', 'training')} {training['progressPercent']} %"


def _conditions(resource: dict[str, Any]) -> dict[str, dict[str, str]]:
    status = resource.get("status", {})
    if status.get("observedGeneration") != resource["metadata"]["generation"]:
        return {}
    return {condition["type"]: condition for condition in status.get("conditions", [])}
