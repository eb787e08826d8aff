"""Two namespaces, and the tokens of every account of ours."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from dandelion_demo.install import NAMESPACE

from tests.e2e.world import World

Json = dict[str, Any]
OURS, THEIRS = "mine", "lawn"
EDITOR = "editor"
AUDIENCE = "dandelion.dev"
MODELS = "/apis/dandelion.dev/v1alpha1/namespaces/{there}/modeldeployments"


@dataclass(frozen=True)
class Neighbours:
    """`tokens`: of every account of our namespace, made by who may edit it, for the API server."""

    here: World
    there: World
    server: str
    authority: str
    tokens: Mapping[str, str]

    def minted(self, audience: str) -> dict[str, str]:
        """The same for somebody else."""
        return {name: mint(self.here, name, f"--audience={audience}") for name in self.tokens}

    def ask(self, token: str, method: str, path: str, **request: Any) -> httpx.Response:
        """The API server, with that token and nothing else of the kubeconfig."""
        headers = {"Authorization": f"Bearer {token}"} | request.pop("headers", {})
        return httpx.request(
            *(method, f"{self.server}{path}"),
            headers=headers,
            verify=ssl.create_default_context(cadata=self.authority),
            trust_env=False,
            timeout=30,
            **request,
        )

    def place(self, path: str) -> str:
        names = {"here": self.here.namespace, "there": self.there.namespace, "system": NAMESPACE}
        return path.format(**names)


def mint(world: World, account: str, *options: str) -> str:
    person = f"--as=system:serviceaccount:{world.namespace}:{EDITOR}"
    return world.kubectl("create", "token", account, person, *options).strip()
