"""Takes the images out of a request body without ever holding more than the limit.

A body is one image as it is, multipart/form-data with one or more parts named `file`, or JSON with
images as text; what else there is to read is read whole. The limit counts every byte that arrives,
declared or not, in whatever form. Called by the routes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.admission import Place
from dandelion_inference.intake.documents import instances
from dandelion_inference.intake.encodings import unwrapped

FIELD = "file"
HOW = f"send the image itself as the body, or multipart/form-data with the field '{FIELD}'"


@dataclass(frozen=True)
class Pace:
    """How slowly a body may arrive."""

    seconds: float
    """For all of it."""
    min_bytes_per_second: int
    window_seconds: float
    """The rate is the mean over so long; a body's last bytes get as long too."""


@dataclass(frozen=True)
class FormBounds:
    """How much a form may hold beside the bytes of its files."""

    max_files: int
    max_parts: int
    max_part_header_bytes: int
    """Of one header; the parser bounds their number too."""


def check_declared(request: Request, limit: int) -> None:
    """Raises RefusedError for a body that its headers alone rule out."""
    check_encoding(request)
    declared = request.headers.get("content-length")
    # The server has refused what is no number.
    if declared is not None and int(declared) > limit:
        raise _too_large(f"{declared} bytes", limit)


def check_encoding(request: Request) -> None:
    """Raises RefusedError for a compressed body."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise RefusedError(
            Code.UNSUPPORTED_ENCODING,
            f"Content-Encoding {encoding!r} is not supported: send the body as it is.",
        )


async def read_images(
    request: Request, limit: int, bounds: FormBounds, pace: Pace, place: Place
) -> list[bytes]:
    """The uploaded files in order, in a place that has begun; raises RefusedError."""
    content_type, options = parse_options_header(request.headers.get("content-type"))
    if content_type != b"multipart/form-data":
        body = await read_body(request, limit, pace, place)
        if not body:
            raise RefusedError(Code.EMPTY_UPLOAD, f"The request body is empty: {HOW}.")
        if instances.is_document(content_type, body):
            return await instances.images_of(body, bounds.max_files)
        return [await unwrapped(bytes(body))]
    async with _Arrival(request, limit, pace, place) as chunks:
        form = await _form(chunks, options.get(b"boundary", b""), bounds)
    place.begin()
    return [
        await unwrapped(bytes(file), encoding)
        for file, encoding in zip(form.files, form.encodings, strict=True)
    ]


async def read_document(
    request: Request, limit: int, bounds: FormBounds, pace: Pace, place: Place
) -> list[bytes]:
    """The images in a body that is JSON, whatever it calls itself; raises RefusedError."""
    body = await read_body(request, limit, pace, place)
    return await instances.images_of(body, bounds.max_files)


async def read_body(
    request: Request, limit: int, pace: Pace, place: Place | None = None
) -> bytearray:
    """The whole body as it is, in a place that has begun; raises RefusedError."""
    body = bytearray()
    async with _Arrival(request, limit, pace, place) as chunks:
        async for chunk in chunks:
            body += chunk
    if place is not None:
        place.begin()
    return body


class _Arrival:
    """Accounts for a body as it arrives, before any of it is handed on."""

    def __init__(self, request: Request, limit: int, pace: Pace, place: Place | None) -> None:
        self._request = request
        self._limit = limit
        self._pace = pace
        self._place = place
        self._received = 0
        self._time = asyncio.get_running_loop().time
        self._end = self._time() + pace.seconds
        self._deadline = asyncio.timeout_at(self._next_deadline())

    def _next_deadline(self) -> float:
        return min(self._end, self._time() + self._pace.window_seconds)

    async def __aenter__(self) -> AsyncIterator[bytes]:
        await self._deadline.__aenter__()
        if self._place is not None:
            self._place.on_evicted = self._wait_no_longer
        return self._chunks()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._place is not None:
            self._place.on_evicted = None
        try:
            await self._deadline.__aexit__(kind, error, trace)
        except TimeoutError as late:
            if self._place is not None and self._place.evicted:
                raise self._place.refusal from late
            pace = self._pace
            raise RefusedError(
                Code.UPLOAD_TOO_SLOW,
                f"{self._received} bytes of the body arrived in time. All of it must within "
                f"{pace.seconds:g} s, and {pace.min_bytes_per_second} bytes/s or more over "
                f"{pace.window_seconds:g} s; send it again.",
            ) from late

    def _wait_no_longer(self) -> None:
        if not self._deadline.expired():
            self._deadline.reschedule(self._time())

    async def _chunks(self) -> AsyncIterator[bytes]:
        paced = 0
        enough = self._pace.min_bytes_per_second * self._pace.window_seconds
        async for chunk in self._request.stream():
            self._received += len(chunk)
            if self._received > self._limit:
                raise _too_large("more", self._limit)
            if self._place is not None:
                self._place.hold(len(chunk))
            if self._received - paced >= enough:
                paced = self._received
                self._deadline.reschedule(self._next_deadline())
            yield chunk


async def _form(chunks: AsyncIterator[bytes], boundary: bytes, bounds: FormBounds) -> _Form:
    form = _Form(bounds)
    if not boundary:
        raise _malformed("its Content-Type names no boundary")
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.begin_part,
                "on_header_field": form.header_field,
                "on_header_value": form.header_value,
                "on_header_end": form.end_header,
                "on_headers_finished": form.end_headers,
                "on_part_data": form.part_data,
                "on_end": form.end,
            },
            max_header_size=bounds.max_part_header_bytes,
        )
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise _malformed(str(error)) from error
    if not form.complete:
        raise _malformed("it ends before its closing boundary")
    if not form.files:
        named = ", ".join(sorted(form.other_fields)) or "none at all"
        raise RefusedError(
            Code.MISSING_FILE, f"The form has no field '{FIELD}' (fields: {named}): {HOW}."
        )
    return form


class _Form:
    """Collects the parts named `file` while the parser runs; the others are counted and dropped."""

    def __init__(self, bounds: FormBounds) -> None:
        self._bounds = bounds
        self._parts = 0
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._encoding = b""
        self._current: bytearray | None = None
        self.files: list[bytearray] = []
        self.encodings: list[bytes] = []
        self.other_fields: set[str] = set()
        self.complete = False

    def begin_part(self) -> None:
        self._parts += 1
        if self._parts > self._bounds.max_parts:
            raise _malformed(f"it has more than {self._bounds.max_parts} parts")
        self._disposition = b""
        self._encoding = b""
        self._current = None

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def end_header(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        elif name.lower() == b"content-transfer-encoding":
            self._encoding = bytes(value)
        self._header = (bytearray(), bytearray())

    def end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name != FIELD:
            if len(self.other_fields) < 10:
                self.other_fields.add(repr(name[:50]))
            return
        if len(self.files) == self._bounds.max_files:
            raise RefusedError(
                Code.TOO_MANY_FILES,
                f"At most {self._bounds.max_files} files are answered in one request; "
                "send several.",
            )
        self._current = bytearray()
        self.files.append(self._current)
        self.encodings.append(self._encoding)

    def part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current is not None:
            self._current += memoryview(data)[start:end]

    def end(self) -> None:
        self.complete = True


def _too_large(what: str, limit: int) -> RefusedError:
    return RefusedError(
        Code.UPLOAD_TOO_LARGE,
        f"The body has {what}, but at most {limit} bytes are accepted. "
        f"Scale the image down, or send several requests.",
    )


def _malformed(why: str) -> RefusedError:
    return RefusedError(Code.MALFORMED_REQUEST, f"The multipart body cannot be read: {why}.")
