"""MLflow's model registry over its REST API: the versions of one model, aliases and verdict tags.

Its Python client would add more memory than the rest of the operator for six calls. Every write
asks the fence first. What goes wrong goes wrong for the model that was asked about. Used by
`observe`, `apply` and the registry poll.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import GROUP
from dandelion_operator.ports.breaker import Breaker
from dandelion_operator.ports.fence import READ_SECONDS, Fence
from dandelion_operator.ports.mlflow import (
    Mlflow,
    ModelAnswer,
    ModelVersion,
    NotInRegistryError,
    RegisteredModel,
    RegistryError,
    SearchAnswer,
    SilentRegistryError,
    VersionAnswer,
    WriteAnswer,
    http_client,
)
from dandelion_operator.seen.versions import RegistrySeen, VersionSeen

__all__ = ["Pulse", "Registry", "RegistryError", "SilentRegistryError", "http_client"]

NEWEST_VERSIONS = 50
TAG = f"{GROUP}/"


@dataclass(frozen=True)
class Pulse:
    """What changes when somebody moves an alias or registers a version."""

    aliases: tuple[tuple[str, int], ...]
    updated: int


class Registry:
    def __init__(
        self, http: httpx.AsyncClient, fence: Fence, breaker: Breaker | None = None
    ) -> None:
        """Without a breaker, MLflow is asked every time."""
        self._mlflow = Mlflow(http, breaker)
        self._fence = fence

    async def pulse(self, model: str) -> Pulse:
        """One cheap call; raises RegistryError if MLflow cannot be asked."""
        found = await self._model(model)
        return Pulse(
            aliases=tuple(sorted(found.by_alias.items())),
            updated=found.last_updated_timestamp or 0,
        )

    async def snapshot(self, model: str) -> RegistrySeen | Failure:
        try:
            return await self._snapshot(model, time.monotonic() + READ_SECONDS)
        except RegistryError as error:
            return Failure(Reason.REGISTRY_UNREACHABLE, str(error))

    async def _snapshot(self, model: str, until: float) -> RegistrySeen:
        aliases = (await self._model(model, until)).by_alias
        answer = await self._mlflow.call(
            "GET",
            "/model-versions/search",
            SearchAnswer,
            until,
            params={
                "filter": f"name='{model}'",
                "max_results": str(NEWEST_VERSIONS),
                "order_by": "version_number DESC",
            },
        )
        newest = answer.model_versions[:NEWEST_VERSIONS]
        versions = {seen.version: seen for seen in map(_seen, newest)}
        champion, challenger = aliases.get("champion"), aliases.get("challenger")
        for wanted in (champion, challenger):
            # An alias may name a version older than the newest ones that were asked for.
            if wanted is not None and wanted not in versions:
                seen = await self._one_version(model, wanted, until)
                if seen is not None:
                    versions[seen.version] = seen
        return RegistrySeen(
            champion=champion,
            challenger=challenger,
            versions=tuple(versions[number] for number in sorted(versions, reverse=True)),
        )

    async def _model(self, model: str, until: float | None = None) -> RegisteredModel:
        try:
            answer = await self._mlflow.call(
                "GET", "/registered-models/get", ModelAnswer, until, params={"name": model}
            )
        except NotInRegistryError:
            return RegisteredModel()
        return answer.registered_model

    async def _one_version(self, model: str, version: int, until: float) -> VersionSeen | None:
        try:
            answer = await self._mlflow.call(
                "GET",
                "/model-versions/get",
                VersionAnswer,
                until,
                params={"name": model, "version": str(version)},
            )
        except NotInRegistryError:
            return None
        return _seen(answer.model_version)

    async def set_alias(self, model: str, alias: str, version: int) -> None:
        await self._write(
            "POST",
            "/registered-models/alias",
            {"name": model, "alias": alias, "version": str(version)},
        )

    async def remove_alias(self, model: str, alias: str) -> None:
        try:
            await self._write("DELETE", "/registered-models/alias", {"name": model, "alias": alias})
        except NotInRegistryError:
            return

    async def set_tags(self, model: str, version: int, tags: Mapping[str, str]) -> None:
        """In order: the last one is the one that counts."""
        for key, value in tags.items():
            await self._write(
                "POST",
                "/model-versions/set-tag",
                {"name": model, "version": str(version), "key": f"{TAG}{key}", "value": value},
            )

    async def _write(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        self._fence.check()
        await self._mlflow.call(method, path, WriteAnswer, json=body)


def _seen(found: ModelVersion) -> VersionSeen:
    tags = {item.key: item.value or "" for item in found.tags or ()}

    def tag(name: str) -> str:
        return tags.get(f"{TAG}{name}", "")

    return VersionSeen(
        version=found.version,
        source=(found.source or "").rstrip("/"),
        run_id=found.run_id or "",
        run=tag("run"),
        training_hash=tag("training-hash"),
        contract_digest=tag("contract-digest"),
        dataset_digest=tag("dataset-digest"),
        verdict=tag("verdict"),
        verdict_reason=tag("verdict-reason"),
        gate=tag("gate"),
        replaces=tag("replaces"),
    )
