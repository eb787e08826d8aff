"""MLflow's model registry over its REST API: the versions of one model, aliases and verdict tags.

Its Python client would add more memory than the rest of the operator for six calls. Every write
asks the fence first. Used by `observe`, `apply` and the registry poll.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from dandelion_operator.api.naming import RESTORING_TAG
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import GROUP
from dandelion_operator.ports.fence import READ_SECONDS, WRITE_SECONDS, Fence
from dandelion_operator.seen.versions import RegistrySeen, VersionSeen

API = "/api/2.0/mlflow"
NEWEST_VERSIONS = 50
CONNECT_SECONDS = 3.0
TAG = f"{GROUP}/"


class RegistryError(Exception):
    """The message says what MLflow did not do, in its own words where it had any."""


class NotInRegistryError(RegistryError):
    pass


class InRegistryError(RegistryError):
    """It is there already."""


class AliasMovedError(Exception):
    """Somebody moved an alias between reading and writing: what was decided holds no more."""


@dataclass(frozen=True)
class Pulse:
    """What changes when somebody moves an alias or registers a version."""

    aliases: tuple[tuple[str, str], ...]
    updated: int


class Registry:
    def __init__(self, http: httpx.AsyncClient, fence: Fence) -> None:
        self._http = http
        self._fence = fence

    async def pulse(self, model: str) -> Pulse:
        """One cheap call; raises RegistryError if MLflow cannot be asked."""
        found = await self._model(model)
        return Pulse(
            aliases=tuple(sorted(_aliases(found).items())),
            updated=int(found.get("last_updated_timestamp") or 0),
        )

    async def snapshot(self, model: str) -> RegistrySeen | Failure:
        try:
            return await self._snapshot(model)
        except RegistryError as error:
            return Failure(Reason.REGISTRY_UNREACHABLE, str(error))

    async def _snapshot(self, model: str) -> RegistrySeen:
        found = await self._model(model)
        aliases = _aliases(found)
        answer = await self._call(
            "GET",
            "/model-versions/search",
            params={
                "filter": f"name='{model}'",
                "max_results": str(NEWEST_VERSIONS),
                "order_by": "version_number DESC",
            },
        )
        versions = {seen.version: seen for seen in map(_version, answer.get("model_versions", []))}
        for wanted in aliases.values():
            # An alias may name a version older than the newest ones that were asked for.
            if int(wanted) not in versions:
                seen = await self._one_version(model, wanted)
                if seen is not None:
                    versions[seen.version] = seen
        champion, challenger = aliases.get("champion"), aliases.get("challenger")
        return RegistrySeen(
            champion=None if champion is None else int(champion),
            challenger=None if challenger is None else int(challenger),
            versions=tuple(versions[number] for number in sorted(versions, reverse=True)),
            created=int(found.get("creation_timestamp") or 0) // 1000,
            restoring=any(item.get("key") == RESTORING_TAG for item in found.get("tags") or []),
        )

    async def _model(self, model: str) -> Mapping[str, Any]:
        try:
            answer = await self._call("GET", "/registered-models/get", params={"name": model})
        except NotInRegistryError:
            return {}
        found: Mapping[str, Any] = answer["registered_model"]
        return found

    async def _one_version(self, model: str, version: str) -> VersionSeen | None:
        try:
            answer = await self._call(
                "GET", "/model-versions/get", params={"name": model, "version": version}
            )
        except NotInRegistryError:
            return None
        return _version(answer["model_version"])

    async def begin_restoring(self, model: str) -> None:
        """The registered model with a mark, so that whoever comes next knows what it lacks."""
        tag = {"key": RESTORING_TAG, "value": "true"}
        try:
            await self._write("POST", "/registered-models/create", {"name": model, "tags": [tag]})
        except InRegistryError:
            await self._write("POST", "/registered-models/set-tag", {"name": model, **tag})

    async def end_restoring(self, model: str) -> None:
        try:
            body = {"name": model, "key": RESTORING_TAG}
            await self._write("DELETE", "/registered-models/delete-tag", body)
        except NotInRegistryError:
            return

    async def register(self, model: str, source: str, tags: Mapping[str, str]) -> None:
        """A new version, all tags with it."""
        listed = [{"key": f"{TAG}{key}", "value": value} for key, value in tags.items() if value]
        body = {"name": model, "source": source, "tags": listed}
        await self._write("POST", "/model-versions/create", body)

    async def confirm_alias(self, model: str, alias: str, version: int | None) -> None:
        """Raises AliasMovedError unless the alias still names that version; None: no version."""
        named = _aliases(await self._model(model)).get(alias)
        if named != (None if version is None else str(version)):
            raise AliasMovedError(f"the alias {alias} of {model} names version {named} now")

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
        await self._call(method, path, json=body)

    async def _call(self, method: str, path: str, **request: Any) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(READ_SECONDS if method == "GET" else WRITE_SECONDS):
                response = await self._http.request(method, f"{API}{path}", **request)
        except (httpx.HTTPError, TimeoutError) as error:
            cause = str(error) or type(error).__name__
            where = self._http.base_url
            raise RegistryError(f"MLflow at {where} does not answer: {cause}") from error
        try:
            answer: Mapping[str, Any] = response.json()
        except ValueError:
            answer = {}
        if response.is_success:
            return answer
        if answer.get("error_code") == "RESOURCE_DOES_NOT_EXIST":
            raise NotInRegistryError(str(answer.get("message")))
        if answer.get("error_code") == "RESOURCE_ALREADY_EXISTS":
            raise InRegistryError(str(answer.get("message")))
        words = answer.get("message") or response.text[:200]
        raise RegistryError(f"MLflow answers HTTP {response.status_code}: {words}")


def http_client(tracking_uri: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=tracking_uri,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
        trust_env=False,
    )


def _aliases(model: Mapping[str, Any]) -> dict[str, str]:
    return {item["alias"]: str(item["version"]) for item in model.get("aliases") or []}


def _version(found: Mapping[str, Any]) -> VersionSeen:
    tags = {item["key"]: item.get("value", "") for item in found.get("tags") or []}

    def tag(name: str) -> str:
        return str(tags.get(f"{TAG}{name}", ""))

    return VersionSeen(
        version=int(found["version"]),
        source=str(found.get("source") or "").rstrip("/"),
        run_id=str(found.get("run_id") or ""),
        run=tag("run"),
        training_hash=tag("training-hash"),
        contract_digest=tag("contract-digest"),
        dataset_digest=tag("dataset-digest"),
        verdict=tag("verdict"),
        verdict_reason=tag("verdict-reason"),
        gate=tag("gate"),
        replaces=tag("replaces"),
    )
