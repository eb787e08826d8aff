"""Who gave the alias champion to a version, as MLflow notes it where it knows who asks.

The image's `dandelion_mlflow/authors.py` writes the tag; no caller may. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from dandelion_operator.api.naming import MOVED_BY_TAG
from dandelion_operator.api.words import foreign
from dandelion_operator.ports.registry.calls import Tag


def moved(tags: Iterable[Tag]) -> tuple[int, str] | None:
    """The version, and the name that the cluster has for who did it."""
    noted = next((item.value for item in tags if item.key == MOVED_BY_TAG), None)
    try:
        found = json.loads(noted or "")
        version, user = int(found["version"]), foreign(str(found["by"]))
    except (ValueError, TypeError, KeyError):
        return None
    return (version, user) if user else None
