"""What is kept of a version's live accuracy, for the operator: an object for each artifact, beside
the decisions from which it follows.

It is written anew where it says something else, and may be lost: the next `review import` or
`review accuracy` makes it again.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from dandelion_training.ports.documents import canonical_json
from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.review.accuracy.figures import LiveAccuracy, live_accuracies
from dandelion_training.review.decisions import Decision

FOLDER, FORM = "live", "dandelion.dev/live-accuracy/v1"
COMPUTED_AT = "computedAt"
# What a trigger acts on. That somebody corrected one more answer is no news of these.
EVIDENCE = ("reviewed", "right", "lower", "upper", "confidence")


def place_of(root: Location, namespace: str, name: str) -> Location:
    """Where the live accuracy of a resource's versions lies."""
    return root.child(namespace).child(name).child(FOLDER)


def keep(
    store: ObjectStore, place: Location, decisions: Iterable[Decision], now: datetime
) -> list[LiveAccuracy]:
    """Write what is not there yet; all that follows from the decisions, the last decided first.

    `computedAt` is when the reviewed sample was last found to have changed.
    """
    found = live_accuracies(decisions)
    for accuracy in found:
        target = place.child(f"{accuracy.contract.removeprefix('sha256:')}.json")
        before, said = _read(store, target), _document(accuracy)
        moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if all(before.get(name) == said[name] for name in EVIDENCE):
            moment = before.get(COMPUTED_AT, moment)
        document = said | {COMPUTED_AT: moment}
        if document != before:
            store.write(target, canonical_json(document), "application/json")
    return found


def _document(accuracy: LiveAccuracy) -> dict[str, Any]:
    return {
        "apiVersion": FORM,
        "contract": accuracy.contract,
        "version": accuracy.version,
        "reviewed": accuracy.reviewed,
        "right": accuracy.right,
        "rejected": accuracy.rejected,
        "corrections": accuracy.corrections,
        "accuracy": accuracy.accuracy,
        "lower": accuracy.lower,
        "upper": accuracy.upper,
        "confidence": accuracy.confidence,
    }


def _read(store: ObjectStore, place: Location) -> Mapping[str, Any]:
    """Nothing where there is none, or none that can be read."""
    try:
        found = json.loads(store.read(place) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
