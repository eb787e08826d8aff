"""What the watches told of the kinds that the operator watches, so that looking costs no request.

kopf's event handlers tell of every object that was listed, changed or deleted (`seen`, `gone`), and
`Cluster` of what its own writes and reads were answered. An older answer never replaces a newer
one, so what this operator wrote is what it reads next. Where the outcome of a write is not known,
or the cache may be behind, the object is in doubt and is read from the API server instead.
`audit` finds what the watches lost.

Objects are kept as JSON: a fraction of the memory of dictionaries, and no reader can change what
the next one gets.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dandelion_operator.api.naming import OWNER_LABEL
from dandelion_operator.ports.kube.needed import needed
from dandelion_operator.ports.kube.objects import (
    DEPLOYMENT,
    ENDPOINT_SLICE,
    JOB,
    MODEL_DEPLOYMENT,
    POD,
    SERVICE,
    Kind,
)

# Watched with the label of their owner, which EndpointSlices take over from their Service;
# ModelDeployments are watched without any.
CHILDREN = (JOB, DEPLOYMENT, POD, SERVICE, ENDPOINT_SLICE)
WATCHED = (MODEL_DEPLOYMENT, *CHILDREN)
# Events of an object may arrive after the news of its end.
REMEMBERED_ENDS = 20_000

Place = tuple[str, str]


@dataclass(frozen=True)
class Stored:
    uid: str
    version: int
    owner: str
    text: bytes

    def load(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found


@dataclass(frozen=True)
class Mark:
    stored: Stored | None
    doubt: int | None


@dataclass(frozen=True)
class Listed:
    """An object as a listing of metadata alone tells of it."""

    namespace: str
    name: str
    uid: str
    version: int
    owner: str


class KindCache:
    """The objects of one kind; a place is namespace and name."""

    def __init__(self) -> None:
        self.synced = False
        self.objects: dict[Place, Stored] = {}
        self._by_owner: dict[Place, set[str]] = {}
        self._ends: OrderedDict[str, int] = OrderedDict()
        self._doubts: dict[Place, tuple[int, str]] = {}
        self._count = 0

    def put(self, raw: Mapping[str, Any], text: bytes) -> None:
        fresh = as_listed(raw)
        place = (fresh.namespace, fresh.name)
        there = self.objects.get(place)
        if fresh.uid in self._ends or (there is not None and there.version > fresh.version):
            return
        self._drop(place)
        self.objects[place] = Stored(fresh.uid, fresh.version, fresh.owner, text)
        if fresh.owner:
            self._by_owner.setdefault((fresh.namespace, fresh.owner), set()).add(fresh.name)

    def end(self, place: Place, uid: str) -> None:
        """Of that one object; another one of its name stays."""
        self._count += 1
        self._ends[uid] = self._count
        while len(self._ends) > REMEMBERED_ENDS:
            self._ends.popitem(last=False)
        there = self.objects.get(place)
        if there is not None and there.uid == uid:
            self._drop(place)

    def owned(self, namespace: str, owner: str) -> set[str]:
        return self._by_owner.get((namespace, owner), set())

    def ended(self, uid: str) -> bool:
        return uid in self._ends

    def doubt(self, place: Place, owner: str) -> None:
        self._count += 1
        there = self.objects.get(place)
        self._doubts[place] = (self._count, owner or (there.owner if there else ""))

    def doubted(self, place: Place) -> int | None:
        """Tells one doubt about a place from a later one."""
        found = self._doubts.get(place)
        return found[0] if found else None

    def doubted_of(self, namespace: str, owner: str) -> list[Place]:
        """Empty: of all namespaces, of all owners."""
        return [
            place
            for place, (_, whose) in self._doubts.items()
            if (not namespace or place[0] == namespace) and (not owner or whose == owner)
        ]

    def resolve(self, place: Place, doubt: int | None) -> None:
        if doubt is not None and self.doubted(place) == doubt:
            del self._doubts[place]

    def drop_if(self, place: Place, stored: Stored | None) -> None:
        """It was found missing, unless something was heard of it in between."""
        if self.objects.get(place) is stored:
            self._drop(place)

    def _drop(self, place: Place) -> None:
        there = self.objects.pop(place, None)
        if there is None or not there.owner:
            return
        names = self._by_owner[place[0], there.owner]
        names.discard(place[1])
        if not names:
            del self._by_owner[place[0], there.owner]


class Caches:
    """`namespaces`: those that are watched; empty: all of them."""

    def __init__(self, namespaces: Iterable[str] = (), kinds: Iterable[Kind] = WATCHED) -> None:
        self.namespaces = tuple(namespaces)
        self._kinds = {kind: KindCache() for kind in kinds}

    @property
    def synced(self) -> bool:
        return all(cache.synced for cache in self._kinds.values())

    def of(self, kind: Kind) -> KindCache:
        return self._kinds[kind]

    def covers(self, kind: Kind, namespace: str) -> bool:
        return kind in self._kinds and (not self.namespaces or namespace in self.namespaces)

    def seen(self, kind: Kind, raw: Mapping[str, Any]) -> None:
        """Somebody who knows told of it: a watch, or the answer to a request."""
        if not self.covers(kind, raw["metadata"].get("namespace", "")):
            return
        self._kinds[kind].put(raw, json.dumps(needed(kind, raw), separators=(",", ":")).encode())

    def gone(self, kind: Kind, raw: Mapping[str, Any]) -> None:
        metadata = raw["metadata"]
        place = (metadata.get("namespace", ""), metadata["name"])
        self._kinds[kind].end(place, metadata["uid"])

    def answers(self, kind: Kind, namespace: str, name: str) -> bool:
        """Whether what is known of this object, even that it is not there, can be relied on."""
        if not self.covers(kind, namespace):
            return False
        cache = self._kinds[kind]
        return cache.synced and cache.doubted((namespace, name)) is None

    def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        found = self._kinds[kind].objects.get((namespace, name))
        return found.load() if found else None

    def answers_list(self, kind: Kind, namespace: str, labels: Mapping[str, str]) -> bool:
        if not self.covers(kind, namespace) or not self._kinds[kind].synced:
            return False
        return not self.doubted(kind, namespace, labels)

    def doubted(self, kind: Kind, namespace: str, labels: Mapping[str, str]) -> list[Place]:
        """The objects in doubt that could be among those of such labels."""
        return self._kinds[kind].doubted_of(namespace, labels.get(OWNER_LABEL, ""))

    def read_list(
        self, kind: Kind, found: Iterable[Mapping[str, Any]], marks: Mapping[Place, Mark]
    ) -> None:
        """The API server's answer to a listing, sent at `marks` of what was in doubt."""
        items = {(raw["metadata"]["namespace"], raw["metadata"]["name"]): raw for raw in found}
        for place, mark in marks.items():
            self.read(kind, *place, items.pop(place, None), mark)
        for raw in items.values():
            self.seen(kind, raw)

    def list(self, kind: Kind, namespace: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        found = (stored.load() for stored in self._of_owner(kind, namespace, labels))
        return [
            raw for raw in found if labels.items() <= (raw["metadata"].get("labels") or {}).items()
        ]

    def _of_owner(self, kind: Kind, namespace: str, labels: Mapping[str, str]) -> Iterator[Stored]:
        cache, owner = self._kinds[kind], labels.get(OWNER_LABEL)
        if owner and namespace:
            for name in sorted(cache.owned(namespace, owner)):
                yield cache.objects[namespace, name]
            return
        for (where, _), stored in sorted(cache.objects.items()):
            if not namespace or where == namespace:
                yield stored

    def doubt(self, kind: Kind, namespace: str, name: str, owner: str = "") -> None:
        """From here on it is read from the API server, until that answers."""
        if self.covers(kind, namespace):
            self._kinds[kind].doubt((namespace, name), owner)

    def mark(self, kind: Kind, namespace: str, name: str) -> Mark:
        """Before a request is sent: what its answer is held against."""
        if not self.covers(kind, namespace):
            return Mark(None, None)
        cache = self._kinds[kind]
        return Mark(cache.objects.get((namespace, name)), cache.doubted((namespace, name)))

    def read(
        self, kind: Kind, namespace: str, name: str, found: Mapping[str, Any] | None, mark: Mark
    ) -> None:
        """The API server's answer to a request that was sent at `mark`; None: it is not there."""
        if not self.covers(kind, namespace):
            return
        cache, place = self._kinds[kind], (namespace, name)
        if found is not None and is_told_by_watches(kind, found):
            self.seen(kind, found)
        else:
            cache.drop_if(place, mark.stored)
        if found is None or is_told_by_watches(kind, found):
            cache.resolve(place, mark.doubt)
        elif cache.doubted(place) is None:
            cache.doubt(place, "")

    def wrote(self, kind: Kind, namespace: str, name: str, answer: Mapping[str, Any]) -> None:
        """A write was answered: with the object as it is now, or else with nothing to rely on."""
        if "resourceVersion" in (answer.get("metadata") or {}):
            self.read(kind, namespace, name, answer, self.mark(kind, namespace, name))
        else:
            self.doubt(kind, namespace, name)


def as_listed(raw: Mapping[str, Any]) -> Listed:
    metadata = raw["metadata"]
    labels = metadata.get("labels") or {}
    return Listed(
        metadata.get("namespace", ""),
        metadata["name"],
        metadata["uid"],
        _number(metadata.get("resourceVersion", "")),
        labels.get(OWNER_LABEL, ""),
    )


def is_told_by_watches(kind: Kind, raw: Mapping[str, Any]) -> bool:
    """What bears a child's name without its label, no watch tells of."""
    return kind not in CHILDREN or OWNER_LABEL in (raw["metadata"].get("labels") or {})


def _number(version: str) -> int:
    """Kubernetes defines resource versions of one kind as comparable decimal numbers."""
    return int(version) if version.isdigit() else 0
