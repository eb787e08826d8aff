"""What objects of every kind have: conditions, a component, writers of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.loop.observe.waiting import Told
from dandelion_operator.ports.kube import managed_fields

NOTHING: Told = MappingProxyType({})


def condition(raw: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    found = (raw.get("status") or {}).get("conditions") or []
    return next((item for item in found if item.get("type") == kind), None)


def holds(raw: Mapping[str, Any], kind: str) -> bool:
    found = condition(raw, kind)
    return found is not None and found.get("status") == "True"


def writer_of(raw: Mapping[str, Any], *path: str) -> str:
    owners = managed_fields.writers(raw, *path)
    return owners[0].manager if owners else "somebody else"


def takes_session_token(raw: Mapping[str, Any]) -> bool:
    """Of a Job, a pod or its template: whether its key may be one that is for a while."""
    annotations = (raw.get("metadata") or {}).get("annotations") or {}
    return annotations.get(naming.SESSION_TOKEN_ANNOTATION) == "true"


def goes_by_account(raw: Mapping[str, Any]) -> bool:
    """Of the same: whether it has no key, and reaches S3 by its ServiceAccount."""
    annotations = (raw.get("metadata") or {}).get("annotations") or {}
    return annotations.get(naming.BY_ACCOUNT_ANNOTATION) == "true"


def component(raw: Mapping[str, Any]) -> str | None:
    return (raw["metadata"].get("labels") or {}).get(naming.COMPONENT_LABEL)
