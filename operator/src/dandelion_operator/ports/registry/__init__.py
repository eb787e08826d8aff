"""MLflow's model registry over its REST API: the versions of one model, aliases and verdict tags.

Its Python client would add more memory than the rest of the operator for six calls. Every write
asks the fence first. What goes wrong goes wrong for the model that was asked about. Used by
`observe`, `apply` and the registry poll.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx

from dandelion_operator.api.naming import RESTORING_TAG
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.breaker import Breaker
from dandelion_operator.ports.fence import READ_SECONDS, Fence
from dandelion_operator.ports.registry.calls import (
    InRegistryError,
    Mlflow,
    ModelAnswer,
    NamedVersion,
    NotInRegistryError,
    RegisteredModel,
    RegistryError,
    SearchAnswer,
    SilentRegistryError,
    VersionAnswer,
    VersionsAnswer,
    WriteAnswer,
    http_client,
)
from dandelion_operator.ports.registry.identity import namespace_of
from dandelion_operator.ports.registry.listing import MAX_PAGES, PAGE_MODELS, Listing, pulse_of
from dandelion_operator.ports.registry.memory import Memory, Pulse
from dandelion_operator.ports.registry.versions import (
    NEWEST_VERSIONS,
    TAG,
    registry_seen,
    version_seen,
)
from dandelion_operator.seen.versions import RegistrySeen, VersionSeen

__all__ = [
    "LOOK_SECONDS",
    "AliasMovedError",
    "Pulse",
    "Registry",
    "RegistryError",
    "SilentRegistryError",
    "http_client",
]

# A look on whose ground nothing is written holds a worker, and is soon repeated.
LOOK_SECONDS = 5.0


class AliasMovedError(Exception):
    """Somebody moved an alias between reading and writing: what was decided holds no more."""


class Registry:
    def __init__(
        self,
        http: httpx.AsyncClient,
        fence: Fence,
        breaker: Breaker | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        by_namespace: bool = False,
    ) -> None:
        """Without a breaker, MLflow is asked every time. `by_namespace`: namespaces are its
        workspaces, and each model lies in its own.
        """
        self._mlflow = Mlflow(http, breaker, by_namespace)
        self._fence = fence
        self._memory = Memory(monotonic)
        self._listing = Listing(self._mlflow, monotonic)
        self._primed = False

    @property
    def lists_at_once(self) -> bool:
        """Whether the last listing cost MLflow next to nothing."""
        return self._listing.at_once

    async def pulses(self) -> dict[str, Pulse]:
        """Of all models; from here on it vouches for what was read of them before.

        Raises RegistryError if MLflow cannot be asked, or has no answer for some of them.
        """
        begun = self._memory.now()
        found = await self._listing.pulses()
        self._memory.listed(found, begun)
        if not self._primed:
            self._primed = True
            with contextlib.suppress(RegistryError):  # then each is asked for in its turn
                await self._prime(found)
        return found

    async def _prime(self, pulses: Mapping[str, Pulse]) -> None:
        """Reads the versions of all models in pages, which spares a restart a call for each."""
        versions: dict[str, dict[int, VersionSeen]] = {model: {} for model in pulses}
        for namespace in sorted({namespace_of(model) for model in pulses}):
            async for version in self._versions(namespace):
                versions.setdefault(version.name, {})[version.version] = version_seen(version)
            if not self._mlflow.by_namespace:
                break  # these were all
        for model, pulse in pulses.items():
            # A page that moved on while it was read may have left one out.
            if versions[model].keys() >= set(dict(pulse.aliases).values()):
                self._memory.read(model, self._seen(pulse, versions[model]), pulse)

    async def _versions(self, namespace: str) -> AsyncIterator[NamedVersion]:
        query = {"max_results": str(PAGE_MODELS)}
        for _ in range(MAX_PAGES):
            page = await self._mlflow.call(
                "GET", "/model-versions/search", VersionsAnswer, namespace=namespace, params=query
            )
            for version in page.model_versions:
                yield version
            if not page.next_page_token:
                break
            query |= {"page_token": page.next_page_token}

    async def pulse(self, model: str) -> Pulse:
        """One cheap call; raises RegistryError if MLflow cannot be asked."""
        return pulse_of(await self._model(model))

    async def snapshot(
        self, model: str, fresh: bool = True, seconds: float | None = None
    ) -> RegistrySeen | Failure:
        """Unless it has to be `fresh`, what was read before may do, if no listing says otherwise.

        Nothing may be written on the ground of an answer that was not fresh. `seconds` bound all
        calls together; None: as long as a read may take.
        """
        if not fresh and (known := self._memory.of(model)) is not None:
            return known
        pulse = self._memory.pulse(model)
        until = time.monotonic() + (READ_SECONDS if seconds is None else seconds)
        try:
            found = await self._snapshot(model, until)
        except RegistryError as error:
            return Failure(Reason.REGISTRY_UNREACHABLE, str(error))
        if not fresh:
            self._memory.read(model, found, pulse)
        return found

    async def _snapshot(self, model: str, until: float) -> RegistrySeen:
        found = await self._model(model, until)
        aliases = found.by_alias
        answer = await self._mlflow.call(
            "GET",
            "/model-versions/search",
            SearchAnswer,
            until,
            namespace=namespace_of(model),
            params={
                "filter": f"name='{model}'",
                "max_results": str(NEWEST_VERSIONS),
                "order_by": "version_number DESC",
            },
        )
        newest = answer.model_versions[:NEWEST_VERSIONS]
        versions = {seen.version: seen for seen in map(version_seen, newest)}
        champion, challenger = aliases.get("champion"), aliases.get("challenger")
        for wanted in (champion, challenger):
            # An alias may name a version older than the newest ones that were asked for.
            if wanted is not None and wanted not in versions:
                seen = await self._one_version(model, wanted, until)
                if seen is not None:
                    versions[seen.version] = seen
        return self._seen(pulse_of(found), versions)

    def _seen(self, pulse: Pulse, versions: Mapping[int, VersionSeen]) -> RegistrySeen:
        return registry_seen(pulse, versions, knows_callers=self._mlflow.by_namespace)

    async def _model(self, model: str, until: float | None = None) -> RegisteredModel:
        try:
            answer = await self._mlflow.call(
                "GET",
                "/registered-models/get",
                ModelAnswer,
                until,
                namespace=namespace_of(model),
                params={"name": model},
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
                namespace=namespace_of(model),
                params={"name": model, "version": str(version)},
            )
        except NotInRegistryError:
            return None
        return version_seen(answer.model_version)

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
        await self._write("POST", "/model-versions/create", body, may_repeat=False)

    async def confirm_alias(self, model: str, alias: str, version: int | None) -> None:
        """Raises AliasMovedError unless the alias still names that version; None: no version."""
        named = (await self._model(model)).by_alias.get(alias)
        if named != version:
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

    async def _write(
        self, method: str, path: str, body: Mapping[str, Any], may_repeat: bool = True
    ) -> None:
        check = self._fence.check
        try:
            await self._mlflow.call(
                method,
                path,
                WriteAnswer,
                check=check,
                may_repeat=may_repeat,
                namespace=namespace_of(body["name"]),
                json=body,
            )
        finally:
            self._memory.wrote(body["name"])
