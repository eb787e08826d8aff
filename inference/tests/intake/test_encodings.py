"""Images that travel as text are taken as the images that they are."""

from __future__ import annotations

import asyncio
import base64
import binascii
import textwrap

import httpx
import pictures
import pytest
from dandelion_inference.intake.encodings import PIECE_BYTES, unwrapped

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "GIF", "TIFF")
NOISE = pictures.encoded(pictures.noise((300, 200)))


def read(data: bytes, encoding: bytes = b"") -> bytes:
    return asyncio.run(unwrapped(data, encoding))


def wrapped(data: bytes) -> bytes:
    return "\r\n".join(textwrap.wrap(base64.b64encode(data).decode(), 76)).encode()


def quoted(data: bytes) -> bytes:
    return binascii.b2a_qp(data, quotetabs=True, istext=False)


WAYS = {
    "Base64": base64.b64encode,
    "Base64 in lines": wrapped,
    "Base64 for addresses": base64.urlsafe_b64encode,
    "Base64 without padding": lambda data: base64.b64encode(data).rstrip(b"="),
    "a data URL": lambda data: b"data:image/x;name=a;base64," + base64.b64encode(data),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file_format", FORMATS)
def test_text_is_told_from_what_it_holds(way: str, file_format: str) -> None:
    image = pictures.plain(pictures.GREEN, file_format)
    assert read(WAYS[way](image)) == image
    # And an image is never taken for text.
    assert read(image) == image


@pytest.mark.parametrize("way", WAYS)
def test_text_of_any_length_is_read_piece_by_piece(way: str) -> None:
    assert len(NOISE) > 2 * PIECE_BYTES
    for end in range(3):
        image = NOISE + bytes(end)
        assert read(WAYS[way](image)) == image


NO_IMAGE = {
    "words": b"hello, this is text",
    "letters alone": b"abcdefgh" * 100,
    "nothing": b"",
    "Base64 of words": base64.b64encode(b"hello, this is text, and no image"),
    "Base64 with something else in it": base64.b64encode(NOISE)[:200_000] + b"!" + b"AAAA" * 9,
    "Base64 that goes on after its end": base64.b64encode(pictures.plain()) + b"====AAAA",
    "a data URL without Base64": b"data:image/png,%89PNG",
    "a data URL that does not end": b"data:" + b"x" * 100_000,
}


@pytest.mark.parametrize("case", NO_IMAGE)
def test_what_holds_no_image_stays_as_it_is(case: str) -> None:
    assert read(NO_IMAGE[case]) == NO_IMAGE[case]


def test_quoted_printable_is_read_where_it_is_named() -> None:
    for image in (pictures.plain(), NOISE):
        text = quoted(image)
        assert read(text, b" Quoted-Printable") == image
        assert read(text) == text


def part(data: bytes, encoding: str) -> bytes:
    head = f'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n{encoding}\r\n'
    return head.encode() + data + b"\r\n"


BLUE = pictures.plain(pictures.BLUE, "JPEG")
PARTS = {
    "Base64 that says so": (base64.b64encode(BLUE), "Content-Transfer-Encoding: base64\r\n"),
    "Base64 that does not": (wrapped(BLUE), ""),
    "quoted-printable": (
        quoted(BLUE),
        "content-transfer-encoding: quoted-printable\r\n",
    ),
    "the image itself, which says so": (BLUE, "Content-Transfer-Encoding: binary\r\n"),
}


@pytest.mark.parametrize("path", ["/predict", "/explain"])
@pytest.mark.parametrize("case", PARTS)
def test_a_part_of_a_form_is_the_image_that_it_holds(
    client: httpx.Client, case: str, path: str
) -> None:
    body = part(*PARTS[case]) + b"--xyz--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=xyz"}
    answer = client.post(path, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    if path == "/predict":
        assert answer.json()["predictions"][0]["label"] == "blue"
    else:
        assert answer.headers["Dandelion-Label"] == "blue"


def test_parts_keep_their_own_encodings(client: httpx.Client) -> None:
    body = b"".join(part(*given) for given in PARTS.values()) + b"--xyz--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=xyz"}
    answer = client.post("/predict", content=body, headers=headers)
    assert [found["label"] for found in answer.json()["predictions"]] == ["blue"] * len(PARTS)


@pytest.mark.parametrize("way", WAYS)
def test_a_body_of_text_is_the_image_that_it_holds(client: httpx.Client, way: str) -> None:
    answer = client.post("/predict", content=WAYS[way](BLUE))
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"][0]["label"] == "blue"
