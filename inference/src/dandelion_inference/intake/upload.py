"""Takes the images out of a request body without ever holding more than the limit.

A body is either one image as it is, or multipart/form-data with one or more parts named `file`;
what else there is to read is read whole. The limit counts every byte that arrives, declared or not,
in whatever form. Called by the routes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.encodings import unwrapped

FIELD = "file"
HOW = f"send the image itself as the body, or multipart/form-data with the field '{FIELD}'"


def declared_size(request: Request, limit: int) -> int:
    """The size that the client declares, or else the limit; raises RefusedError."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise RefusedError(
            Code.UNSUPPORTED_ENCODING,
            f"Content-Encoding {encoding!r} is not supported: send the body as it is.",
        )
    declared = request.headers.get("content-length")
    if declared is None:
        return limit
    size = int(declared)  # the server has refused what is no number
    if size > limit:
        raise _too_large(f"{size} bytes", limit)
    return size


async def read_images(request: Request, limit: int, max_files: int, seconds: float) -> list[bytes]:
    """The uploaded files in order; raises RefusedError."""
    content_type, options = parse_options_header(request.headers.get("content-type"))
    if content_type != b"multipart/form-data":
        body = await read_body(request, limit, seconds)
        if not body:
            raise RefusedError(Code.EMPTY_UPLOAD, f"The request body is empty: {HOW}.")
        return [await unwrapped(bytes(body))]
    async with _deadline(seconds):
        return await _form(_limited(request, limit), options.get(b"boundary", b""), max_files)


async def read_body(request: Request, limit: int, seconds: float) -> bytearray:
    """The whole body as it is; raises RefusedError."""
    body = bytearray()
    async with _deadline(seconds):
        async for chunk in _limited(request, limit):
            body += chunk
    return body


@asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise RefusedError(
            Code.UPLOAD_TOO_SLOW, f"The body did not arrive within {seconds:g} s; send it again."
        ) from error


async def _limited(request: Request, limit: int) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise _too_large("more", limit)
        yield chunk


async def _form(chunks: AsyncIterator[bytes], boundary: bytes, max_files: int) -> list[bytes]:
    form = _Form(max_files)
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
    return [
        await unwrapped(bytes(file), encoding)
        for file, encoding in zip(form.files, form.encodings, strict=True)
    ]


class _Form:
    """Collects the parts named `file` while the parser runs; the others are counted and dropped."""

    def __init__(self, max_files: int) -> None:
        self._max_files = max_files
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._encoding = b""
        self._current: bytearray | None = None
        self.files: list[bytearray] = []
        self.encodings: list[bytes] = []
        self.other_fields: set[str] = set()
        self.complete = False

    def begin_part(self) -> None:
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
        if len(self.files) == self._max_files:
            raise RefusedError(
                Code.TOO_MANY_FILES,
                f"At most {self._max_files} files are answered in one request; send several.",
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
