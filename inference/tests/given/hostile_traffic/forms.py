"""Bodies that say they are forms and mean no good, the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Iterator

import crafted

from given.hostile_traffic import HostileRequest

BOUNDARY = b"xyz"
CONTENT_TYPE = "multipart/form-data; boundary=xyz"
FILE = b'Content-Disposition: form-data; name="file"; filename="a.png"'


def part(content: bytes, *lines: bytes, boundary: bytes = BOUNDARY) -> bytes:
    head = b"\r\n".join(lines or (FILE,))
    return b"--" + boundary + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


def end(boundary: bytes = BOUNDARY) -> bytes:
    return b"--" + boundary + b"--\r\n"


def requests() -> dict[str, HostileRequest]:
    pieces = (_framed(), _with_parts(), _encoded(), _damaged())
    found = [item for piece in pieces for item in piece]
    return {name: HostileRequest("/predict", body, _of(kind)) for name, body, kind in found}


def _of(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type}


Named = Iterator[tuple[str, bytes, str]]


def _framed() -> Named:
    """What is around the parts."""
    picture = crafted.good()["png"]
    good = part(picture)
    yield "no boundary named", good + end(), "multipart/form-data"
    yield "an empty boundary", good + end(), 'multipart/form-data; boundary=""'
    yield "another boundary", good + end(), "multipart/form-data; boundary=abc"
    for length in (70, 71, 1_000, 10_000):
        long = b"b" * length
        kind = f"multipart/form-data; boundary={long.decode()}"
        yield f"a boundary of {length} bytes", part(picture, boundary=long) + end(long), kind
    yield "a boundary of blanks", good + end(), 'multipart/form-data; boundary="   "'
    yield "two boundaries", good + end(), f"{CONTENT_TYPE}; boundary=abc"
    yield "a boundary in two charsets", good + end(), "multipart/form-data; boundary*=utf-8''xyz"
    yield "parameters without end", good + end(), CONTENT_TYPE + "; a=b" * 10_000
    yield "quotes without end", good + end(), 'multipart/form-data; boundary="xyz' + '\\"' * 10_000
    for size in (1_000, 10_000_000):
        yield f"{size} bytes before the parts", bytes(size) + b"\r\n" + good + end(), CONTENT_TYPE
        yield f"{size} bytes behind the parts", good + end() + bytes(size), CONTENT_TYPE
    yield "blank lines before the parts", b"\r\n" * 1_000_000 + good + end(), CONTENT_TYPE
    yield "no end", good, CONTENT_TYPE
    yield "only the end", end(), CONTENT_TYPE
    yield "nothing", b"", CONTENT_TYPE
    yield "two ends", good + end() + end(), CONTENT_TYPE
    yield "bare LFs", (good + end()).replace(b"\r\n", b"\n"), CONTENT_TYPE
    yield "bare CRs", (good + end()).replace(b"\r\n", b"\r"), CONTENT_TYPE
    yield "almost boundaries", part(b"\r\n--xy" * 1_000_000) + end(), CONTENT_TYPE
    yield "dashes", b"-" * 5_000_000, CONTENT_TYPE


def _with_parts() -> Named:
    picture = crafted.good()["png"]
    for number in (33, 129, 40_000):
        yield f"{number} empty parts", part(b"") * number + end(), CONTENT_TYPE
        other = part(b"", b'Content-Disposition: form-data; name="a"')
        yield f"{number} other parts", other * number + part(picture) + end(), CONTENT_TYPE
    disposition = b"Content-Disposition: form-data"
    for name, lines in {
        "no name": (disposition,),
        "an empty name": (disposition + b'; name=""',),
        "a name of another field": (disposition + b'; name="fi\\"le"',),
        "two names": (disposition + b'; name="file"; name="other"',),
        "a name without quotes": (disposition + b"; name=file",),
        "a name in a charset": (disposition + b"; name*=utf-8''file",),
        "a name of any bytes": (disposition + b'; name="\xff\xfe\0"',),
        "a name of 5,000 bytes": (disposition + b'; name="' + b"a" * 5_000 + b'"',),
        "a name of 50,000 bytes": (disposition + b'; name="' + b"a" * 50_000 + b'"',),
        "a way up as its name": (disposition + b'; name="file"; filename="../../etc/passwd"',),
        "a NUL in its file's name": (disposition + b'; name="file"; filename="a\0.png"',),
        "no disposition": (b"X: a",),
        "two dispositions": (FILE, disposition + b'; name="other"'),
        "another disposition": (b'Content-Disposition: attachment; name="file"',),
        "a header without a colon": (FILE, b"nothing"),
        "a header on two lines": (b"Content-Disposition: form-data;", b' name="file"'),
        "a header without a name": (FILE, b": a"),
        "1,000 headers": (FILE, *[b"X: a"] * 1_000),
        "a long header": (FILE, b"X: " + b"a" * 100_000),
        "a length that lies": (FILE, b"Content-Length: 1"),
        "a type that lies": (FILE, b"Content-Type: text/html"),
        "a coding": (FILE, b"Content-Encoding: gzip"),
    }.items():
        yield f"a part with {name}", part(picture, *lines) + end(), CONTENT_TYPE
    inner = part(picture, boundary=b"in") + end(b"in")
    nested = part(inner, FILE, b"Content-Type: multipart/mixed; boundary=in")
    yield "a form in a form", nested + end(), CONTENT_TYPE
    yield "the same boundary within", part(part(picture) + end()) + end(), CONTENT_TYPE
    for other in ("multipart/mixed", "multipart/related", "multipart/form-data-x", "multipart/"):
        yield f"as {other}", part(picture) + end(), f"{other}; boundary=xyz"
    yield "as urlencoded", b"file=" + b"%00" * 1_000_000, "application/x-www-form-urlencoded"
    yield "as a type of any letters", picture, "\x80/\xff"


def _encoded() -> Named:
    picture = crafted.good()["png"]
    for coding in ("base64", "quoted-printable", "7bit", "8bit", "binary", "x-uuencode", "a, b"):
        encoding = f"Content-Transfer-Encoding: {coding}".encode()
        for name, content in {
            "a picture": picture,
            "nothing": b"",
            "noise": random.Random(24).randbytes(1_000),
            "equals signs": b"=" * 1_000_000,
            "a long line": b"A" * 5_000_000,
            "line breaks": b"\r\n" * 1_000_000,
            "half a triple": b"QUI",
        }.items():
            yield f"{name} as {coding}", part(content, FILE, encoding) + end(), CONTENT_TYPE
    for name, content in {
        "an empty data URL": b"data:",
        "a data URL of text": b"data:text/html,<p>",
        "a data URL without its comma": b"data:image/png;base64",
        "a data URL of much": b"data:image/png;base64," + b"A" * 10_000_000,
        "a data URL of percents": b"data:image/png," + b"%89" * 1_000_000,
        "data URLs in data URLs": b"data:image/png;base64," * 10_000,
        "parameters of a data URL": b"data:image/png" + b";a=b" * 100_000 + b";base64,QUI=",
    }.items():
        yield name, content, "text/plain"
        yield f"{name} in a part", part(content) + end(), CONTENT_TYPE


def _damaged() -> Named:
    chance = random.Random(25)
    pictured = crafted.good()
    whole = part(pictured["png"]) + part(pictured["jpeg"]) + end()
    for at in range(0, len(whole), 16):
        yield f"cut at {at}", whole[:at], CONTENT_TYPE
    for turn in range(200):
        changed = bytearray(whole)
        for _ in range(1 + turn % 4):
            changed[chance.randrange(len(whole))] = chance.choice(b'\r\n-:;="\0a ')
        yield f"with changes {turn}", bytes(changed), CONTENT_TYPE
