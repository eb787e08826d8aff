"""MLflow's registry of one model in a dictionary, behind the calls that the operator makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from dandelion_operator.ports.registry.calls import LISTING
from fakes.killer import Killer

MODEL = "default.lawn"


@dataclass
class FakeMlflow:
    killer: Killer
    away: bool = False
    aliases: dict[str, str] = field(default_factory=dict)
    versions: dict[int, dict[str, Any]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)
    model_tags: dict[str, str] = field(default_factory=dict)
    created: int | None = None  # milliseconds; None: there is no registered model
    clock: Callable[[], int] = lambda: 0
    lists_at_once: bool = False  # as this project's image does

    def lose(self) -> None:
        """Its volume is gone."""
        self.aliases, self.versions, self.deleted, self.model_tags = {}, {}, set(), {}
        self.created = None

    @property
    def listed(self) -> list[int]:
        return sorted(self.versions.keys() - self.deleted)

    def delete(self, number: int) -> None:
        """What MLflow does: the aliases go with the version, and its number is not given again."""
        self.deleted.add(number)
        self.aliases = {k: v for k, v in self.aliases.items() if v != str(number)}

    def add_version(self, **tags: str) -> int:
        run = tags["run"]
        number = self._next()
        self.versions[number] = {
            "version": str(number),
            "source": f"s3://models/default/lawn/{run}/artifact",
            "run_id": f"mlflow-{run}",
            "creation_timestamp": self.clock(),
            "tags": {
                f"dandelion.dev/{key.replace('_', '-')}": value for key, value in tags.items()
            },
        }
        return number

    def _next(self) -> int:
        if self.created is None:
            self.created = self.clock()
        return max(self.versions, default=0) + 1

    def verdict(self, number: int) -> str:
        tags: dict[str, str] = self.versions[number]["tags"]
        return tags.get("dandelion.dev/verdict", "")

    def handle(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("connection refused", request=request)
        path = request.url.path.removeprefix("/api/2.0/mlflow")
        self.asked.append(path)
        if request.method == "GET":
            query = {k: v[0] for k, v in parse_qs(urlsplit(str(request.url)).query).items()}
            return self._read(path, query, request.headers.get("If-None-Match", ""))
        body = json.loads(request.content)
        return self.killer.write(lambda: self._write(request.method, path, body))

    def _read(self, path: str, query: dict[str, str], etag: str) -> httpx.Response:
        if path == "/registered-models/get":
            if self.created is None:
                return self._missing()
            return httpx.Response(200, json={"registered_model": self._model()})
        if path == LISTING:
            return self._at_once(etag)
        if path == "/registered-models/search":
            models = self._listed()
            at, size = int(query.get("page_token", "0")), int(query["max_results"])
            more = {"next_page_token": str(at + size)} if at + size < len(models) else {}
            return httpx.Response(200, json={"registered_models": models[at : at + size]} | more)
        if path == "/model-versions/search" and "filter" not in query:
            found = [self._one(number) | {"name": MODEL} for number in self.listed]
            return httpx.Response(200, json={"model_versions": found})
        if path == "/model-versions/search":
            assert query["filter"] == f"name='{MODEL}'"
            return httpx.Response(200, json={"model_versions": [self._one(n) for n in self.listed]})
        if path == "/model-versions/get":
            number = int(query["version"])
            if number not in self.listed:
                return self._missing()
            return httpx.Response(200, json={"model_version": self._one(number)})
        raise AssertionError(path)

    def _at_once(self, known: str) -> httpx.Response:
        if not self.lists_at_once:
            return httpx.Response(404, text="Not Found")
        models = self._listed()
        etag = f'"{hash(json.dumps(models))}"'
        if known == etag:
            return httpx.Response(304, headers={"ETag": etag})
        return httpx.Response(200, json={"registered_models": models}, headers={"ETag": etag})

    def _listed(self) -> list[dict[str, Any]]:
        own = [] if self.created is None else [self._model()]
        return own + [{"name": name} for name in self.others]

    def _model(self) -> dict[str, Any]:
        return {
            "name": MODEL,
            "creation_timestamp": self.created,
            "last_updated_timestamp": len(self.versions),
            "aliases": [{"alias": k, "version": v} for k, v in self.aliases.items()],
            "tags": [{"key": k, "value": v} for k, v in self.model_tags.items()],
        }

    def _one(self, number: int) -> dict[str, Any]:
        version = self.versions[number]
        tags = [{"key": k, "value": v} for k, v in version["tags"].items()]
        return version | {"tags": tags}

    def _write(self, method: str, path: str, body: dict[str, Any]) -> httpx.Response:
        if path == "/registered-models/alias" and method == "POST":
            self.aliases[body["alias"]] = body["version"]
        elif path == "/registered-models/alias":
            self.aliases.pop(body["alias"], None)
        elif path == "/model-versions/set-tag":
            self.versions[int(body["version"])]["tags"][body["key"]] = body["value"]
        elif path == "/registered-models/create":
            if self.created is not None:
                return httpx.Response(400, json={"error_code": "RESOURCE_ALREADY_EXISTS"})
            self.created = self.clock()
            self.model_tags = {item["key"]: item["value"] for item in body["tags"]}
        elif path == "/registered-models/set-tag":
            self.model_tags[body["key"]] = body["value"]
        elif (method, path) == ("DELETE", "/registered-models/delete-tag"):
            self.model_tags.pop(body["key"], None)
        elif path == "/model-versions/create":
            number = self._next()
            self.versions[number] = {
                "version": str(number),
                "source": body["source"],
                "creation_timestamp": self.clock(),
                "tags": {item["key"]: item["value"] for item in body["tags"]},
            }
        else:
            raise AssertionError(path)
        return httpx.Response(200, json={})

    def _missing(self) -> httpx.Response:
        return httpx.Response(
            404, json={"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such thing"}
        )
