"""One call of MLflow's REST API: within a time, up to a size, and of the shape that it must have.

Behind the address there may be a proxy with a page to log in, a server in trouble or nothing at
all; each is a RegistryError with words, and no answer is believed because of its status. Used by
`registry`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dandelion_operator.api.words import address, foreign
from dandelion_operator.ports.breaker import Breaker, OpenError
from dandelion_operator.ports.fence import READ_SECONDS, WRITE_SECONDS
from dandelion_operator.ports.registry.identity import WORKSPACE, Token

API = "/api/2.0/mlflow"
# Only this project's image of MLflow has it.
LISTING = "/api/2.0/dandelion/registered-models"
CONNECT_SECONDS = 3.0
# Fifty versions with a hundred tags each are less.
MAX_ANSWER_BYTES = 16 * 1024 * 1024
# After these pauses, in seconds, what may be repeated is asked again where MLflow is in trouble: a
# promotion is a chain of calls, and one bad answer in five must not cost minutes.
PAUSES = (0.1, 0.4)
# Failures in a row that nobody lives to see.
NEVER = 1 << 62
# What httpx raises besides its own errors: of an address, of a name, of a stream that was closed.
UNANSWERED = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError)


class RegistryError(Exception):
    """The message says what MLflow did not do, in its own words where it had any."""


class NotInRegistryError(RegistryError):
    pass


class InRegistryError(RegistryError):
    """It is there already."""


class TroubledRegistryError(RegistryError):
    """MLflow answered that it could not do it just now."""


class SilentRegistryError(RegistryError):
    """No answer came; `nobody` if nothing listens there, so that none will come for any model."""

    def __init__(self, message: str, nobody: bool = False) -> None:
        super().__init__(message)
        self.nobody = nobody


Version = Annotated[int, Field(ge=0, lt=1 << 53)]


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Alias(Part):
    alias: str
    version: Version


class Tag(Part):
    key: str
    value: str | None = None


class RegisteredModel(Part):
    aliases: tuple[Alias, ...] | None = None
    last_updated_timestamp: int | None = None
    creation_timestamp: int | None = None
    tags: tuple[Tag, ...] | None = None

    @property
    def by_alias(self) -> dict[str, int]:
        return {item.alias: item.version for item in self.aliases or ()}


class ModelVersion(Part):
    version: Version
    source: str | None = None
    run_id: str | None = None
    creation_timestamp: int | None = None
    tags: tuple[Tag, ...] | None = None


class NamedVersion(ModelVersion):
    name: str


class VersionsAnswer(Part):
    model_versions: tuple[NamedVersion, ...] = ()
    next_page_token: str | None = None


class ModelAnswer(Part):
    registered_model: RegisteredModel


class VersionAnswer(Part):
    model_version: ModelVersion


class NamedModel(RegisteredModel):
    name: str


class ModelsAnswer(Part):
    registered_models: tuple[NamedModel, ...] = ()
    next_page_token: str | None = None


class SearchAnswer(Part):
    model_versions: tuple[ModelVersion, ...] = ()


class WriteAnswer(Part):
    """An object, of whatever."""


Shape = TypeVar("Shape", bound=Part)


class Answer(NamedTuple):
    status_code: int
    headers: Mapping[str, str]
    content: bytes


class Mlflow:
    def __init__(
        self, http: httpx.AsyncClient, breaker: Breaker | None = None, by_namespace: bool = False
    ) -> None:
        """Without a breaker, it is asked every time. `by_namespace`: namespaces are workspaces."""
        self._http = http
        self.by_namespace = by_namespace
        # One that never opens has the same words to say.
        self._breaker = breaker or Breaker(failures=NEVER)

    async def call(
        self,
        method: str,
        path: str,
        shape: type[Shape],
        until: float | None = None,
        check: Callable[[], None] | None = None,
        may_repeat: bool = True,
        namespace: str = "",
        **request: Any,
    ) -> Shape:
        """`until` bounds several calls together, by the monotonic clock; `check` is asked before
        each try and may raise. Raises RegistryError.
        """
        if self.by_namespace:
            request["headers"] = {WORKSPACE: namespace}
        for pause in PAUSES if may_repeat else ():
            try:
                return await self._call(method, path, shape, until, check, request)
            except TroubledRegistryError:
                await asyncio.sleep(pause)
        return await self._call(method, path, shape, until, check, request)

    async def listing(self, etag: str) -> tuple[ModelsAnswer, str] | None:
        """All models in one answer and its ETag, None if it is still the one with that `etag`.

        Raises RegistryError, also where MLflow has no such listing.
        """
        known = {"If-None-Match": etag} if etag else {}
        answer = await self._answer("GET", LISTING, READ_SECONDS, {"headers": known})
        if answer.status_code == httpx.codes.NOT_MODIFIED and etag:
            return None
        return self._read(answer, ModelsAnswer), answer.headers.get("ETag", "")

    async def _call(
        self,
        method: str,
        path: str,
        shape: type[Shape],
        until: float | None,
        check: Callable[[], None] | None,
        request: Mapping[str, Any],
    ) -> Shape:
        if check is not None:
            check()
        seconds = READ_SECONDS if method == "GET" else WRITE_SECONDS
        if until is not None:
            seconds = max(0.0, until - time.monotonic())
        return self._read(await self._answer(method, f"{API}{path}", seconds, request), shape)

    def _read(self, response: Answer, shape: type[Shape]) -> Shape:
        status = response.status_code
        try:
            answer = json.loads(response.content)
        except (ValueError, RecursionError):
            answer = None
        if httpx.codes.is_success(status):
            return self._parsed(shape, answer)
        known = answer if isinstance(answer, dict) else {}
        refusal = known.get("error")
        told = refusal if isinstance(refusal, dict) else known
        words = foreign(str(told.get("message") or ""))
        missing = known.get("error_code") == "RESOURCE_DOES_NOT_EXIST"
        # Of a namespace that MLflow does not know it has lost nothing.
        if missing and not (self.by_namespace and words.startswith("Workspace ")):
            raise NotInRegistryError(words)
        if known.get("error_code") == "RESOURCE_ALREADY_EXISTS":
            raise InRegistryError(words)
        troubled = status == httpx.codes.TOO_MANY_REQUESTS or httpx.codes.is_server_error(status)
        kind = TroubledRegistryError if troubled else RegistryError
        raise kind(f"MLflow answers HTTP {status}{f': {words}' if words else ''}")

    def _parsed(self, shape: type[Shape], answer: Any) -> Shape:
        if not isinstance(answer, dict):
            raise RegistryError(
                f"what answers at {self._where} is not MLflow: it sends no JSON object"
            )
        try:
            return shape.model_validate(answer)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            part = foreign(".".join(map(str, first["loc"])) + f": {first['msg']}")
            raise RegistryError(
                f"MLflow at {self._where} answers what it should not: {part}"
            ) from None

    async def _answer(
        self, method: str, path: str, seconds: float, request: Mapping[str, Any]
    ) -> Answer:
        try:
            self._breaker.enter()
        except OpenError as error:
            raise SilentRegistryError(str(error), nobody=True) from None
        try:
            async with (
                asyncio.timeout(seconds),
                self._http.stream(method, path, **request) as response,
            ):
                content = await self._body(response)
                self._breaker.answered()
                return Answer(response.status_code, response.headers, content)
        except RegistryError:
            self._breaker.answered()
            raise
        except UNANSWERED as error:
            cause = self._silence(error)
            self._breaker.failed(cause)
            nobody = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise SilentRegistryError(cause, nobody) from error
        finally:
            self._breaker.unasked()

    def _silence(self, error: Exception) -> str:
        late = isinstance(error, TimeoutError) and not str(error)
        words = "no whole answer in time" if late else foreign(str(error))
        return f"MLflow at {self._where} does not answer: {words or type(error).__name__}"

    async def _body(self, response: httpx.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise RegistryError(f"MLflow at {self._where} compresses what nobody asked it to")
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > MAX_ANSWER_BYTES:
                raise RegistryError(
                    f"the answer of MLflow at {self._where} is larger than "
                    f"{MAX_ANSWER_BYTES // 1024 // 1024} MiB"
                )
        return bytes(content)

    @property
    def _where(self) -> str:
        return address(str(self._http.base_url)).rstrip("/")


def http_client(tracking_uri: str, token_file: Path | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=tracking_uri,
        auth=Token(token_file) if token_file else None,
        # Compressed, a small answer could become any size.
        headers={"Accept-Encoding": "identity"},
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
        trust_env=False,
    )
