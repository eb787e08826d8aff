"""Images in a JSON document, each as Base64 or as a data URL.

`{"image": "…"}` is one, `{"images": ["…", …]}` are several. `{"instances": […]}` is what clients of
TensorFlow Serving and of KServe's version 1 send; its elements are texts too, or objects such as
`{"b64": "…"}` and `{"image": {"b64": "…"}}`. Called by `upload.py` for a body and by
`routes/stream` for a line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.documents.bounded import PIECE_BYTES, NotReadableError, loads
from dandelion_inference.intake.encodings import unwrapped

Found = TypeVar("Found")

MEDIA_TYPE = b"application/json"

LISTS = ("images", "instances")
# The members that hold an image: the protocol's `b64`, and what models commonly call their input.
MEMBERS = ("image", "b64", "data", "image_bytes")
MAX_ID_CHARACTERS = 1024

HOW = 'send {"image": "…"} or {"images": ["…", …]}, each image as Base64 or as a data URL'
TYPES = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True)
class Line:
    """One image of many, and what its sender calls it."""

    id: str | int | None
    image: bytes


def is_document(content_type: bytes, body: bytes | bytearray) -> bool:
    """Whether a body that calls itself JSON looks like it: some send an image under that name."""
    return content_type == MEDIA_TYPE and body[:64].lstrip()[:1] in (b"{", b"[", b'"')


async def images_of(body: bytes | bytearray, max_images: int) -> list[bytes]:
    """The images of a document in order; raises RefusedError. What is no Base64 is left as it is,
    to be refused on its own."""
    texts = await _apart(lambda: _texts(body, max_images), len(body))
    return [await unwrapped(text) for text in texts]


async def line_of(text: bytes) -> Line:
    """What one line holds; raises RefusedError."""
    line = await _apart(lambda: _line(text), len(text))
    return Line(line.id, await unwrapped(line.image))


async def _apart(read: Callable[[], Found], size: int) -> Found:
    return read() if size <= PIECE_BYTES else await asyncio.to_thread(read)


def _texts(body: bytes | bytearray, max_images: int) -> list[bytes]:
    document = _read(body)
    if not isinstance(document, dict):
        raise _invalid(f"The JSON is {_type(document)}, not an object")
    given = [name for name in LISTS if name in document]
    if not given:
        return [_text(document, "The JSON")]
    name = given[0]
    if len(given) > 1 or any(member in document for member in MEMBERS):
        raise _invalid(f"The JSON has images in several members, {name!r} among them")
    elements = document[name]
    if not isinstance(elements, list):
        raise _invalid(f"The member {name!r} is {_type(elements)}, not a list")
    if not elements:
        raise RefusedError(Code.MISSING_FILE, f"The list {name!r} is empty: {HOW}.")
    if len(elements) > max_images:
        raise RefusedError(
            Code.TOO_MANY_FILES,
            f"At most {max_images} images are answered in one request; send several, or one image "
            f"a line as application/x-ndjson.",
        )
    return [
        _text(element, f"Element {position} of {name!r}")
        for position, element in enumerate(elements)
    ]


def _line(text: bytes) -> Line:
    document = _read(text)
    name = document.get("id") if isinstance(document, dict) else None
    if isinstance(name, bool) or not isinstance(name, str | int | None):
        raise _invalid(f"The member 'id' is {_type(name)}, not a text")
    if isinstance(name, str) and len(name) > MAX_ID_CHARACTERS:
        raise _invalid(f"The member 'id' has more than {MAX_ID_CHARACTERS} characters")
    return Line(name, _text(document, "The line"))


def _read(text: bytes | bytearray) -> Any:
    try:
        return loads(text)
    except NotReadableError as error:
        raise RefusedError(
            Code.MALFORMED_REQUEST,
            f"The JSON cannot be read: {error}. Images are text in it: {HOW}.",
        ) from error


def _text(instance: object, what: str, depth: int = 0) -> bytes:
    """The text of an image: itself, or the one member of an object that holds it."""
    if isinstance(instance, str):
        # What is no ASCII is no Base64 either, and is refused as no image.
        return instance.encode("utf-8", "surrogatepass")
    if not isinstance(instance, dict):
        raise _invalid(
            f"{what} is {_type(instance)}, not an image (numbers go to /v2, as a tensor)"
        )
    members = [name for name in MEMBERS if name in instance]
    if len(members) != 1 or depth > 1:
        raise _invalid(f"{what} has {len(members) or 'none'} of the members {', '.join(MEMBERS)}")
    return _text(instance[members[0]], f"The member {members[0]!r}", depth + 1)


def _type(value: object) -> str:
    return TYPES[type(value)]


def _invalid(why: str) -> RefusedError:
    return RefusedError(Code.INVALID_REQUEST, f"{why}: {HOW}.")
