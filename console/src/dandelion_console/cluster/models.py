"""ModelDeployments as the API server gives them to this person, and the one way to change one.

Many are read a page at a time, and of each only what is shown is kept: whoever may make them in one
namespace would else choose how much memory the console takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from dandelion_console.cluster.api import ApiError, ApiServer, TooLargeError, UnreachableError
from dandelion_console.cluster.people import reader
from dandelion_console.ports.session import Person
from dandelion_console.resource import GROUP, PLURAL, VERSION, ModelDeployment, parse

BASE = f"/apis/{GROUP}/{VERSION}"
# At once, and so many times fewer where that is more than an answer may hold.
PAGE_LIMIT = 100
FEWER = 4
SHOWN_LIMIT = 1000

Shown = TypeVar("Shown")


@dataclass(frozen=True)
class Fleet(Generic[Shown]):
    """`more`: how many there are beyond those that were asked for, at least."""

    models: tuple[Shown, ...]
    more: int = 0


async def fleet(
    api: ApiServer, person: Person, namespace: str, shown: Callable[[ModelDeployment], Shown]
) -> Fleet[Shown]:
    """What `shown` makes of each in a namespace, or in all for an empty one.

    Raises as `ApiServer` does.
    """
    inside = f"/namespaces/{namespace}" if namespace else ""
    caller = await reader(api, person, "list", namespace)
    found: list[Shown] = []
    token, limit = "", PAGE_LIMIT
    while True:
        query = {"limit": str(limit)} | ({"continue": token} if token else {})
        try:
            answer = await api.get(caller, f"{BASE}{inside}/{PLURAL}", query)
        except TooLargeError:
            if limit == 1:
                raise
            limit = max(1, limit // FEWER)
            continue
        found += [shown(_parsed(item)) for item in answer.get("items") or ()]
        metadata = answer.get("metadata") or {}
        token = metadata.get("continue") or ""
        if not token:
            return Fleet(tuple(found))
        if len(found) >= SHOWN_LIMIT:
            return Fleet(tuple(found), metadata.get("remainingItemCount") or 1)


async def model(api: ApiServer, person: Person, namespace: str, name: str) -> ModelDeployment:
    """Raises as `ApiServer` does."""
    caller = await reader(api, person, "get", namespace, name)
    return _parsed(await api.get(caller, _path(namespace, name)))


async def change(
    api: ApiServer,
    person: Person,
    namespace: str,
    name: str,
    uid: str,
    patch: Mapping[str, Any],
) -> ModelDeployment:
    """Patches the one that was seen, and no later one of its name.

    Raises as `ApiServer` does; 409 where there is a later one, whose uid a patch cannot change.
    """
    metadata = dict(patch.get("metadata") or {}) | {"uid": uid}
    sent = {**patch, "metadata": metadata}
    try:
        return _parsed(await api.patch(person, _path(namespace, name), sent))
    except ApiError as error:
        if error.status != 422 or "metadata.uid" not in error.message:
            raise
        words = f"{name} was deleted and made anew since you looked at it; nothing was changed."
        raise ApiError(409, "Conflict", words) from error


def _path(namespace: str, name: str) -> str:
    return f"{BASE}/namespaces/{namespace}/{PLURAL}/{name}"


def _parsed(item: Mapping[str, Any]) -> ModelDeployment:
    try:
        return parse(item)
    except ValidationError as error:
        raise UnreachableError("what came is no ModelDeployment") from error
