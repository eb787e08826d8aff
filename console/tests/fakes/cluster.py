"""What answers in place of the API server: tokens, rights and resources in memory.

It speaks the API's own JSON and keeps every request, so a test sees what was asked, and by whom.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

ALL = "*"
MODELS = "/apis/dandelion.dev/v1alpha1"
ACCOUNT = "system:serviceaccount:dandelion-system:console"
OWN_TOKENS = "/api/v1/namespaces/dandelion-system/serviceaccounts/console/token"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass
class FakeCluster:
    """`tokens`: names by token; `rights`: (name, verb, namespace), `*` for all namespaces.

    Of a subresource, the verb is `create predict`.
    """

    tokens: dict[str, str] = field(default_factory=dict)
    rights: set[tuple[str, str, str]] = field(default_factory=set)
    namespaces: tuple[str, ...] | None = None
    models: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    broken: Exception | httpx.Response | None = None
    makes_tokens: bool = True

    def add(self, *models: dict[str, Any]) -> None:
        for model in models:
            metadata = model["metadata"]
            self.models[metadata["namespace"], metadata["name"]] = model

    def let(self, name: str, *verbs: str, namespace: str = ALL) -> str:
        """Lets somebody do that; their token."""
        self.rights |= {(name, verb, namespace) for verb in verbs}
        token = f"token-of-{name.replace(':', '-')}"
        self.tokens[token] = name
        return token

    @property
    def patches(self) -> list[tuple[str, dict[str, Any]]]:
        return [
            (request.url.path, json.loads(request.content))
            for request in self.requests
            if request.method == "PATCH"
        ]

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.MockTransport(self._answer), base_url="https://api-server"
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.broken, Exception):
            raise self.broken
        if self.broken is not None:
            return self.broken
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        who = self.tokens.get(token)
        if who is None:
            return refusal(401, "Unauthorized", "Unauthorized")
        path = request.url.path
        if path == OWN_TOKENS:
            return self._token(who, json.loads(request.content))
        body = json.loads(request.content) if request.content else {}
        if path.endswith("/selfsubjectreviews"):
            return created({"status": {"userInfo": {"username": who}}})
        if path == REVIEWS:
            asked = body["spec"]["resourceAttributes"]
            verb = asked["verb"]
            if "subresource" in asked:
                verb = f"{verb} {asked['subresource']}"
            return created({"status": {"allowed": self._may(who, verb, asked["namespace"])}})
        if path == "/api/v1/namespaces":
            if self.namespaces is None:
                return refusal(403, "Forbidden", "namespaces is forbidden")
            items = [{"metadata": {"name": name}} for name in self.namespaces]
            return httpx.Response(200, json={"items": items, "metadata": {}})
        return self._models(who, request, body)

    def _token(self, who: str, body: Mapping[str, Any]) -> httpx.Response:
        if who != ACCOUNT or not self.makes_tokens:
            return refusal(403, "Forbidden", "serviceaccounts/token is forbidden")
        (audience,) = body["spec"]["audiences"]
        return created({"status": {"token": f"token-for-{audience}"}})

    def _models(self, who: str, request: httpx.Request, body: Mapping[str, Any]) -> httpx.Response:
        parts = request.url.path.removeprefix(MODELS).strip("/").split("/")
        namespace = parts[1] if parts[0] == "namespaces" else ALL
        name = parts[3] if len(parts) > 3 else None
        verb = "patch" if request.method == "PATCH" else "get" if name else "list"
        if not self._may(who, verb, namespace):
            words = f'User "{who}" cannot {verb} resource "modeldeployments"'
            return refusal(
                403, "Forbidden", f"modeldeployments.dandelion.dev is forbidden: {words}"
            )
        if name is None:
            wanted = [
                model
                for (where, _), model in sorted(self.models.items())
                if namespace in (ALL, where)
            ]
            query = request.url.params
            begin, most = int(query.get("continue", "0")), int(query["limit"])
            there = begin + most < len(wanted)
            metadata = {"continue": str(begin + most)} if there else {}
            items = wanted[begin : begin + most]
            return httpx.Response(200, json={"items": items, "metadata": metadata})
        model = self.models.get((namespace, name))
        if model is None:
            words = f'modeldeployments.dandelion.dev "{name}" not found'
            return refusal(404, "NotFound", words)
        if verb == "patch":
            if body["metadata"]["uid"] != model["metadata"]["uid"]:
                words = (
                    f'modeldeployments.dandelion.dev "{name}" is invalid: metadata.uid: immutable'
                )
                return refusal(422, "Invalid", words)
            merge(model, body)
        return httpx.Response(200, json=model)

    def _may(self, who: str, verb: str, namespace: str) -> bool:
        return bool({(who, verb, namespace), (who, verb, ALL)} & self.rights)


def merge(target: dict[str, Any], patch: Mapping[str, Any]) -> None:
    """A JSON merge patch (RFC 7386)."""
    for key, value in patch.items():
        if isinstance(value, Mapping):
            merge(target.setdefault(key, {}), value)
        elif value is None:
            target.pop(key, None)
        else:
            target[key] = value


def created(content: Mapping[str, Any]) -> httpx.Response:
    return httpx.Response(201, json=content)


def refusal(status: int, reason: str, message: str) -> httpx.Response:
    content = {"kind": "Status", "status": "Failure", "reason": reason, "message": message}
    return httpx.Response(status, json=content | {"code": status})
