"""What a form may hold beside the bytes of its files."""

from __future__ import annotations

import asyncio

import pytest
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.admission import Admission
from dandelion_inference.intake.upload import FormBounds, Pace, read_images
from starlette.requests import Request
from starlette.types import Message

DISPOSITION = b'Content-Disposition: form-data; name="file"'
END = b"--b--\r\n"


def part(headers: bytes, body: bytes = b"") -> bytes:
    return b"--b\r\n" + headers + b"\r\n\r\n" + body + b"\r\n"


async def read(form: bytes) -> list[bytes]:
    async def receive() -> Message:
        return {"type": "http.request", "body": form, "more_body": False}

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    with Admission(1, 10**9).admit() as place:
        return await read_images(request, 10**9, FormBounds(2, 3, 200), Pace(60, 1, 60), place)


def test_a_form_within_its_bounds_is_read() -> None:
    other = part(b'Content-Disposition: form-data; name="a"')
    form = other + part(DISPOSITION, b"x") + other + END
    assert asyncio.run(read(form)) == [b"x"]


@pytest.mark.parametrize(
    ("form", "why"),
    [
        pytest.param(part(b"A: b") * 40_000 + END, "parts", id="40,000 empty parts"),
        pytest.param(part(b"A: " + b"b" * 10**6) + END, "header", id="one endless header"),
        pytest.param(b"--b\r\n" + b"A: b\r\n" * 10**5, "header", id="headers without end"),
        pytest.param(part(b"A" * 10**6 + b": b"), "header", id="an endless name of a header"),
    ],
)
def test_a_form_beyond_its_bounds_is_refused(form: bytes, why: str) -> None:
    with pytest.raises(RefusedError, match=why) as refused:
        asyncio.run(read(form))
    assert refused.value.code is Code.MALFORMED_REQUEST
