"""An API server in a dictionary: server-side apply, merge patches, conflicts, label selectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dandelion_operator.api.resource import NamespacedName
from fakes import ownership
from fakes.killer import Killer

KEY = NamespacedName("default", "lawn")
Answer = tuple[int, Any]
T = TypeVar("T")


@dataclass
class FakeCluster:
    killer: Killer
    clock: Callable[[], str]
    objects: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    refuse: dict[str, str] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)  # kinds whose CRD is not there
    made: int = 0
    version: int = 0
    # What somebody else does in between: before a POST, and after a GET of one object.
    before_creation: Callable[[str, dict[str, Any]], None] | None = None
    after_reading: Callable[[str, str], None] | None = None
    reads: Counter[tuple[str, str]] = field(default_factory=Counter)
    # An admission webhook that changes what is written.
    webhook: Callable[[str, dict[str, Any]], None] = lambda plural, body: None
    dry_runs: int = 0

    def kind(self, plural: str) -> list[dict[str, Any]]:
        return [item for (found, _, _), item in self.objects.items() if found == plural]

    def one(self, plural: str, name: str) -> dict[str, Any]:
        return self.objects[plural, KEY.namespace, name]

    async def request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> Answer:
        namespace, plural, rest = _place(path)
        if plural in self.unknown:
            return _no(404, "the server could not find the requested resource")
        if method == "GET" and plural in self.unreadable:
            return _no(403, f"cannot list {plural}")
        if method == "GET":
            answer = copied(self._read(plural, namespace, rest, query or {}))
            if rest:
                self.reads[plural, rest[0]] += 1
                if self.after_reading is not None:
                    self.after_reading(plural, rest[0])
            return answer
        if plural in self.refuse:
            return _no(403, self.refuse[plural])
        verb = "APPLY" if "apply-patch" in (headers or {}).get("Content-Type", "") else method
        query, asked = query or {}, copied(body or {})
        manager = query.get("fieldManager", "somebody")
        if query.get("dryRun") == "All":
            self.dry_runs += 1
            return self._tried(lambda: self._write(verb, plural, namespace, rest, asked, manager))
        return copied(
            self.killer.write(lambda: self._write(verb, plural, namespace, rest, asked, manager))
        )

    def _tried(self, write: Callable[[], Answer]) -> Answer:
        kept = self.objects, self.made
        self.objects = {where: copied(item) for where, item in self.objects.items()}
        try:
            return copied(write())
        finally:
            self.objects, self.made = kept

    def _read(self, plural: str, namespace: str, rest: list[str], query: dict[str, str]) -> Answer:
        if rest:
            found = self.objects.get((plural, namespace, rest[0]))
            return (200, found) if found else _no(404, "not found")
        if "fieldSelector" in query:
            field, _, uid = query["fieldSelector"].partition("=")
            if field == "metadata.name":
                named = [item for item in self.kind(plural) if item["metadata"]["name"] == uid]
                return 200, {"items": named}
            assert (plural, field) == ("events", "involvedObject.uid")
            return 200, {
                "items": [
                    item for item in self.kind(plural) if item["involvedObject"]["uid"] == uid
                ]
            }
        wanted = query.get("labelSelector", "")
        pairs = dict(item.split("=") for item in wanted.split(",") if item)
        items = [
            item
            for (found, where, _), item in self.objects.items()
            if (found, namespace or where) == (plural, where)
            and pairs.items() <= (item["metadata"].get("labels") or {}).items()
        ]
        return 200, {"items": items}

    def _write(
        self,
        verb: str,
        plural: str,
        namespace: str,
        rest: list[str],
        body: dict[str, Any],
        manager: str,
    ) -> Answer:
        if verb == "POST":
            if self.before_creation is not None:
                self.before_creation(plural, body)
            return self._create(plural, namespace, body, (manager, "Update", ""))
        where = (plural, namespace, rest[0])
        there = self.objects.get(where)
        if verb == "DELETE":
            self.objects.pop(where, None)
            return 200, {}
        if there is None:
            if verb != "APPLY":
                return _no(404, "not found")
            return self._create(plural, namespace, body, (manager, "Apply", ""))
        if verb == "APPLY" and body["metadata"].get("uid") not in (None, there["metadata"]["uid"]):
            return _no(409, "Precondition failed: UID in precondition")
        if verb == "PUT":
            if body["metadata"]["resourceVersion"] != there["metadata"]["resourceVersion"]:
                return _no(409, "the object has been modified")
            if rest[1:] == ["status"]:
                there["status"] = body["status"]
            else:
                there["spec"] = body["spec"]
            return self._changed(there)
        before = copied(there)
        if verb == "APPLY":
            ownership.applied(there, body, manager, self.clock())
        else:
            _merge(there, body)
            ownership.updated(before, there, (manager, "Update", ""), self.clock())
        self.webhook(plural, there)
        if there.get("spec") != before.get("spec"):
            there["metadata"]["generation"] += 1
        return self._changed(there)

    def _create(
        self,
        plural: str,
        namespace: str,
        body: dict[str, Any],
        owner: tuple[str, str, str] = ("somebody", "Update", ""),
    ) -> Answer:
        where = (plural, namespace, body["metadata"]["name"])
        if where in self.objects:
            return _no(409, "already exists")
        self.made += 1
        body["metadata"] |= {
            "uid": f"uid-{self.made}",
            "generation": 1,
            "creationTimestamp": self.clock(),
            "resourceVersion": "0",
        }
        if owner[1] == "Apply":
            ownership.applied(body, copied(body), owner[0], self.clock())
        else:
            ownership.updated({"metadata": {}}, body, owner, self.clock())
        if plural == "services":
            body["spec"]["clusterIP"] = "10.0.0.1"
        self.webhook(plural, body)
        self.objects[where] = body
        return self._changed(body)

    def _changed(self, item: dict[str, Any]) -> Answer:
        self.version += 1
        item["metadata"]["resourceVersion"] = str(self.version)
        return 200, item

    def put(self, plural: str, body: dict[str, Any]) -> dict[str, Any]:
        """What somebody else than the operator does."""
        body = copied(body)
        self._create(plural, body["metadata"].setdefault("namespace", KEY.namespace), body)
        return body

    def edit(
        self,
        plural: str,
        name: str,
        change: Callable[[dict[str, Any]], None],
        manager: str,
        subresource: str = "",
    ) -> None:
        """What somebody else does to an object that is there."""
        there = self.one(plural, name)
        before = copied(there)
        change(there)
        ownership.updated(before, there, (manager, "Update", subresource), self.clock())
        if there.get("spec") != before.get("spec"):
            there["metadata"]["generation"] += 1
        self._changed(there)

    def put_clusterwide(self, plural: str, body: dict[str, Any]) -> None:
        self._create(plural, "", copied(body))


def copied(value: T) -> T:
    """A copy of plain JSON; every request takes one, and deepcopy takes several times as long."""
    found: Any = value
    if isinstance(value, dict):
        found = {key: copied(item) for key, item in value.items()}
    elif isinstance(value, list):
        found = [copied(item) for item in value]
    copy: T = found
    return copy


def _place(path: str) -> tuple[str, str, list[str]]:
    """Namespace, kind and the rest of a path; no namespace: all of them, or a kind without."""
    group, *parts = path.removeprefix("/").split("/")
    del parts[: 1 if group == "api" else 2]
    if parts[0] == "namespaces" and len(parts) > 1:
        return parts[1], parts[2], parts[3:]
    return "", parts[0], parts[1:]


def _no(status: int, message: str) -> Answer:
    return status, {"kind": "Status", "message": message}


def _merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
