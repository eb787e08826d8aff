"""A run's own status.json: how far it is, and what it found in the dataset.

Progress is a courtesy: whether the run goes well is read from its Job and its version. So what is
missing or malformed is not known, and nothing fails because of it; what is there is cut to what a
status has room for. Called by `storage`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dandelion_operator.api.status.dataset import CLASS_LIMIT
from dandelion_operator.api.words import LIMIT, foreign
from dandelion_operator.ports.s3.documents.parsing import parsing
from dandelion_operator.seen.training import (
    AddressesSeen,
    DatasetVersionSeen,
    Progress,
    SearchSeen,
)

MAX_REASONS = 32
MAX_WARNINGS = 10
MAX_WORDS = 300
MAX_MESSAGE = 600
MAX_PARAMETERS = 32
ADDRESSES = {"fetched", "known", "failed"}


def read_progress(run: str, content: bytes) -> Progress:
    """Raises LargeError."""
    try:
        with parsing(content):
            document = json.loads(content)
    except (ValueError, RecursionError):
        return Progress(run=run)
    if not isinstance(document, dict):
        return Progress(run=run)
    version = document.get("version")
    return Progress(
        run=run,
        state=_text(document.get("state")),
        stage=_text(document.get("stage")),
        percent=_count(document.get("percent")) or 0,
        reason=_text(document.get("reason")),
        message=_text(document.get("message"), MAX_MESSAGE),
        run_id=_text(document.get("runId")),
        version=None if version is None else foreign(str(version)),
        dataset=_dataset(document),
        search=_search(document.get("search")),
    )


def _dataset(document: Mapping[str, Any]) -> DatasetVersionSeen | None:
    digest = _text(document.get("datasetDigest"))
    if not digest:
        return None
    classes = _texts(document.get("classes"))
    count = _count(document.get("classCount")) or len(classes)
    return DatasetVersionSeen(
        version=digest,
        images=_count(document.get("images")),
        class_count=count,
        classes=classes if len(classes) == count <= CLASS_LIMIT else (),
        holdout=_count(document.get("holdout")),
        holdout_by_class=_counts(document.get("holdoutByClass"), CLASS_LIMIT),
        rejected=_counts(document.get("rejected"), MAX_REASONS),
        warnings=_texts(document.get("warnings"), MAX_WORDS)[:MAX_WARNINGS],
        from_addresses=_count(document.get("fromAddresses")),
        from_reviews=_count(document.get("fromReviews")),
        addresses=_addresses(document.get("addresses")),
        since=_text(document.get("since")) or None,
        changes=_counts(document.get("changes"), MAX_REASONS),
    )


def _search(described: Any) -> SearchSeen | None:
    trials = _count(described.get("trials")) if isinstance(described, dict) else None
    if trials is None:
        return None
    best, parameters = described.get("best"), described.get("parameters")
    is_figure = isinstance(best, int | float) and not isinstance(best, bool)
    chosen = parameters if isinstance(parameters, dict) else {}
    return SearchSeen(
        trials=trials,
        finished=_count(described.get("finished")) or 0,
        pruned=_count(described.get("pruned")) or 0,
        failed=_count(described.get("failed")) or 0,
        best=float(best) if is_figure and 0 <= best <= 1 else None,
        parameters={
            foreign(name): foreign(str(value))
            for name, value in list(chosen.items())[:MAX_PARAMETERS]
        },
    )


def _addresses(value: Any) -> AddressesSeen | None:
    counts = _counts(value, len(ADDRESSES))
    if counts.keys() != ADDRESSES:
        return None
    return AddressesSeen(**counts)


def _text(value: Any, limit: int = LIMIT) -> str | None:
    return foreign(value, limit) if isinstance(value, str) else None


def _texts(value: Any, limit: int = LIMIT) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(foreign(item, limit) for item in value if isinstance(item, str))


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if abs(value) < 1 << 53 else None


def _counts(value: Any, most: int) -> dict[str, int]:
    """Empty where there are more: a part of them would look like all of them."""
    if not isinstance(value, dict) or len(value) > most:
        return {}
    counted = {foreign(name): _count(item) for name, item in value.items()}
    return {name: count for name, count in counted.items() if count is not None and count >= 0}
