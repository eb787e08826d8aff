"""From a model's HTTPRoute: whether it is the operator's, and whether a Gateway has taken it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.words import foreign
from dandelion_operator.ports.kube.objects import is_owned
from dandelion_operator.seen.serving import RouteSeen


def route(found: Mapping[str, Any] | None, uid: str, scheme: str) -> RouteSeen:
    """`found`: the one by that name; `scheme` is https or http."""
    if found is None:
        return RouteSeen()
    ours = is_owned(found, uid)
    accepted = [item for item in _conditions(found) if item.get("type") == "Accepted"]
    hostname = next(iter(found["spec"].get("hostnames") or ()), None)
    taken = any(item.get("status") == "True" for item in accepted)
    return RouteSeen(
        exists=True,
        ours=ours,
        digest=(found["metadata"].get("annotations") or {}).get(naming.ROUTE_DIGEST_ANNOTATION),
        url=f"{scheme}://{hostname}" if ours and taken and hostname else None,
        trouble="" if taken else _trouble(accepted),
    )


def _conditions(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for parent in (found.get("status") or {}).get("parents") or ():
        yield from parent.get("conditions") or ()


def _trouble(accepted: Sequence[Mapping[str, Any]]) -> str:
    for item in accepted:
        words = foreign(f"{item.get('reason') or ''}: {item.get('message') or ''}").strip(": ")
        return f"its Gateway does not take it: {words}"
    return "no Gateway has taken it yet"
