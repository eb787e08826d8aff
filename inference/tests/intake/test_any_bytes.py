"""Whatever arrives, the readers of bodies give what was sent or say why not."""

from __future__ import annotations

import asyncio
import base64
import json
import textwrap
from typing import Any

from dandelion_inference.errors import RefusedError
from dandelion_inference.intake.documents import instances
from dandelion_inference.intake.documents.lines import Lines
from dandelion_inference.intake.encodings import is_address, unwrapped
from dandelion_inference.intake.upload import FormBounds, read_images
from given import bodies
from hypothesis import given
from hypothesis import strategies as st

SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP")
BOUNDARY = "b0undary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
BOUNDS = FormBounds(4, 8, 200)

CUTS = st.lists(st.integers(0, 400), max_size=8)
# Longer than the head that Base64 is told by.
IMAGES = st.builds(bytes.__add__, st.sampled_from(SIGNATURES), st.binary(min_size=8, max_size=300))
# Bytes of which some are what a parser looks for.
FORM_BYTES = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [
                *(b"--", b"\r\n", b"--b0undary", b"--b0undary--", b"\r\n\r\n", b"\n", b"=", b";"),
                *(b'"', b'Content-Disposition: form-data; name="file"'),
                *(
                    b"Content-Transfer-Encoding: base64",
                    b"Content-Transfer-Encoding: quoted-printable",
                ),
            ]
        ),
    ),
    max_size=12,
).map(b"".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*instances.LISTS, *instances.MEMBERS, "id", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)
DOCUMENT_BYTES = st.binary(max_size=60) | st.builds(
    bytes.__add__,
    st.sampled_from([b"{", b"[", b'{"image":', b'{"images":[', b'"', b"\xef\xbb\xbf{"]),
    st.binary(max_size=40),
)


def read(body: bytes, content_type: str, cuts: list[int]) -> list[bytes] | None:
    """The images of a body, or None where it was refused."""

    async def reading() -> list[bytes]:
        with bodies.place() as place:
            request = bodies.request(bodies.pieces(body, cuts), content_type)
            return await read_images(request, bodies.MUCH, BOUNDS, bodies.PACE, place)

    try:
        return asyncio.run(reading())
    except RefusedError:
        return None


@given(data=st.binary(max_size=400), encoding=st.binary(max_size=20))
def test_any_bytes_unwrap_to_bytes(data: bytes, encoding: bytes) -> None:
    assert isinstance(asyncio.run(unwrapped(data, encoding)), bytes)
    assert is_address(data) in (True, False)


@given(
    image=IMAGES,
    url=st.sampled_from([b"", b"data:;base64,", b"DATA:image/x;a=b;base64,"]),
    encode=st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]),
    padded=st.booleans(),
    width=st.integers(4, 100),
)
def test_an_image_in_base64_is_the_image_however_it_is_written(
    image: bytes, url: bytes, encode: Any, padded: bool, width: int
) -> None:
    text: bytes = encode(image)
    text = text if padded else text.rstrip(b"=")
    wrapped = "\r\n".join(textwrap.wrap(text.decode(), width, break_on_hyphens=False)).encode()
    assert asyncio.run(unwrapped(url + text)) == image
    assert asyncio.run(unwrapped(wrapped)) == image


@given(body=FORM_BYTES, cuts=CUTS, begun=st.booleans())
def test_any_form_is_read_or_refused_however_it_is_cut(
    body: bytes, cuts: list[int], begun: bool
) -> None:
    if begun:
        body = b'--b0undary\r\nContent-Disposition: form-data; name="file"\r\n' + body
    assert read(body, FORM, cuts) == read(body, FORM, [])


@given(images=st.lists(IMAGES, min_size=1, max_size=4), cuts=CUTS, others=st.integers(0, 4))
def test_the_files_of_a_form_are_those_that_were_put_in(
    images: list[bytes], cuts: list[int], others: int
) -> None:
    part = '--b0undary\r\nContent-Disposition: form-data; name="{}"\r\n\r\n'
    parts = [part.format("other").encode() + b"x\r\n"] * others
    parts += [part.format("file").encode() + image + b"\r\n" for image in images]
    body = b"".join([*parts, b"--b0undary--\r\n"])
    assert read(body, FORM, cuts) == images


@given(body=DOCUMENT_BYTES | VALUES.map(lambda value: json.dumps(value).encode()), cuts=CUTS)
def test_any_document_is_read_or_refused(body: bytes, cuts: list[int]) -> None:
    found = read(body, "application/json", cuts)
    assert found is None or all(isinstance(image, bytes) for image in found)


@given(
    images=st.lists(IMAGES, min_size=1, max_size=4),
    shape=st.sampled_from(["images", "instances", "b64", "named"]),
    indent=st.none() | st.integers(0, 4),
)
def test_the_images_of_a_document_are_those_that_were_put_in(
    images: list[bytes], shape: str, indent: int | None
) -> None:
    texts: list[Any] = [base64.b64encode(image).decode() for image in images]
    if shape in ("b64", "named"):
        texts = [{"b64": text} for text in texts]
    if shape == "named":
        texts = [{"image": text} for text in texts]
    document = {"images" if shape == "images" else "instances": texts}
    body = json.dumps(document, indent=indent).encode()
    assert read(body, "application/json", []) == images


@given(text=DOCUMENT_BYTES | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_line_is_read_or_refused(text: bytes) -> None:
    try:
        line = asyncio.run(instances.line_of(text))
    except RefusedError:
        return
    assert isinstance(line.image, bytes)
    assert json.loads(json.dumps(line.id)) == line.id


@given(
    body=st.lists(st.sampled_from([b"a", b"bcd", b"\n", b"\r\n", b" ", b"\n\n", b"x" * 9])).map(
        b"".join
    ),
    cuts=CUTS,
    limit=st.integers(1, 12),
    late=st.booleans(),
)
def test_lines_are_those_of_the_body_however_it_is_cut_and_nothing_of_them_is_kept(
    body: bytes, cuts: list[int], limit: int, late: bool
) -> None:
    async def reading() -> tuple[list[bytes | None], int]:
        with bodies.place() as place:
            request = bodies.request(bodies.pieces(body, cuts), "application/x-ndjson")
            lines = Lines(request, limit, bodies.PACE, place, lambda: None)
            found: list[bytes | None] = []
            async for line in lines:
                found.append(None if isinstance(line, RefusedError) else line)
                if isinstance(line, bytes) and not late:
                    place.release(len(line))
            if late:
                place.release(sum(len(line) for line in found if line is not None))
            return found, place.size

    whole = [line for line in body.split(b"\n") if line.strip() or len(line) > limit]
    expected = [line if len(line) <= limit else None for line in whole]
    assert asyncio.run(reading()) == (expected, 0)
