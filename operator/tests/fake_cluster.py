"""An API server in a dictionary: server-side apply, merge patches, conflicts, label selectors."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from dandelion_operator.resource import Key
from fake_killer import Killer

KEY = Key("default", "lawn")


@dataclass
class FakeCluster:
    killer: Killer
    clock: Callable[[], str]
    objects: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    refuse: dict[str, str] = field(default_factory=dict)
    made: int = 0

    def kind(self, plural: str) -> list[dict[str, Any]]:
        return [item for (found, _, _), item in self.objects.items() if found == plural]

    def one(self, plural: str, name: str) -> dict[str, Any]:
        return self.objects[plural, KEY.namespace, name]

    def handle(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.split("/")
        start = parts.index("namespaces")
        namespace, plural, *rest = parts[start + 1 :]
        body = json.loads(request.content) if request.content else {}
        if request.method == "GET":
            return self._read(plural, namespace, rest, request)
        if plural in self.refuse:
            return _no(403, self.refuse[plural])
        return self.killer.write(
            lambda: self._write(request, plural, namespace, rest, copy.deepcopy(body))
        )

    def _read(
        self, plural: str, namespace: str, rest: list[str], request: httpx.Request
    ) -> httpx.Response:
        if rest:
            found = self.objects.get((plural, namespace, rest[0]))
            return httpx.Response(200, json=found) if found else _no(404, "not found")
        wanted = request.url.params.get("labelSelector", "")
        pairs = dict(item.split("=") for item in wanted.split(",") if item)
        items = [
            item
            for item in self.kind(plural)
            if pairs.items() <= (item["metadata"].get("labels") or {}).items()
        ]
        return httpx.Response(200, json={"items": items})

    def _write(
        self,
        request: httpx.Request,
        plural: str,
        namespace: str,
        rest: list[str],
        body: dict[str, Any],
    ) -> httpx.Response:
        if request.method == "POST":
            return self._create(plural, namespace, body)
        where = (plural, namespace, rest[0])
        there = self.objects.get(where)
        if request.method == "DELETE":
            self.objects.pop(where, None)
            return httpx.Response(200, json={})
        if there is None:
            if "apply-patch" not in request.headers["Content-Type"]:
                return _no(404, "not found")
            return self._create(plural, namespace, body)
        if request.method == "PUT":
            if body["metadata"]["resourceVersion"] != there["metadata"]["resourceVersion"]:
                return _no(409, "the object has been modified")
            if rest[1:] == ["status"]:
                there["status"] = body["status"]
            else:
                there["spec"] = body["spec"]
            return self._changed(there)
        before = copy.deepcopy(there.get("spec"))
        _merge(there, body)
        if there.get("spec") != before:
            there["metadata"]["generation"] += 1
        return self._changed(there)

    def _create(self, plural: str, namespace: str, body: dict[str, Any]) -> httpx.Response:
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
        if plural == "services":
            body["spec"]["clusterIP"] = "10.0.0.1"
        self.objects[where] = body
        return self._changed(body)

    def _changed(self, item: dict[str, Any]) -> httpx.Response:
        item["metadata"]["resourceVersion"] = str(int(item["metadata"]["resourceVersion"]) + 1)
        return httpx.Response(200, json=item)

    def put(self, plural: str, body: dict[str, Any]) -> dict[str, Any]:
        """What somebody else than the operator does."""
        body = copy.deepcopy(body)
        self._create(plural, body["metadata"].setdefault("namespace", KEY.namespace), body)
        return body


def _no(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"kind": "Status", "message": message})


def _merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
