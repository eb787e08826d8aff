"""Good requests of every address, changed by chance: the same seed and number give the same one."""

from __future__ import annotations

import base64
import json
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import crafted
import hostile

from given.hostile_traffic import HostileRequest, RawRequest
from given.hostile_traffic.forms import CONTENT_TYPE, FILE, end, part
from given.hostile_traffic.inferences import INFER
from given.hostile_traffic.json_documents import FEEDBACK, V1

# What readers of these formats look for, and the numbers at which they turn.
WORDS = (
    *(b"\r\n", b"\n", b"\r\n\r\n", b"\0", b"--xyz", b"--xyz--\r\n", b'name="file"', b"base64,"),
    *(b"[", b"]", b"{", b"}", b'"', b",", b":", b"null", b"NaN", b"1e999", b"-1", b"9" * 30),
    *(b'"data":[', b'"shape":[-1]', b'"binary_data_size":', b"\\ud800", b"\xff\xfe", b"%00"),
    *(b"IHDR", b"IDAT", b"IEND", b"acTL", b"VP8X", b"ALPH", b"ftyp", b"meta", b"iloc", b"mdat"),
    *(b"\xff\xd8", b"\xff\xd9", b"\xff\xc2", b"\xff\xda", b"Exif\0\0", b"II*\0", b"GIF89a"),
    *(b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\1", b"\1\0"),
)


@cache
def _good() -> Sequence[HostileRequest]:
    """One of each kind that is answered, but for feedback's id, which nobody can know."""
    found = []
    files = list(hostile.every_good_file().values())
    pictured = crafted.good()
    for data in files:
        found.append(HostileRequest("/predict", data))
        found.append(HostileRequest("/explain", data))
        encoded = base64.b64encode(data)
        found.append(HostileRequest("/predict", encoded, {"Content-Type": "text/plain"}))
        found.append(HostileRequest("/predict", b"data:image/png;base64," + encoded))
        document = b'{"images": ["%b"]}' % encoded
        found.append(HostileRequest("/predict", document, {"Content-Type": "application/json"}))
        found.append(HostileRequest(V1, b'{"instances": [{"b64": "%b"}]}' % encoded))
        form = part(data) + end()
        found.append(HostileRequest("/predict", form, {"Content-Type": CONTENT_TYPE}))
    several = part(pictured["png"]) + part(
        base64.b64encode(pictured["jpeg"]), FILE, b"Content-Transfer-Encoding: base64"
    )
    form = HostileRequest("/predict", several + end(), {"Content-Type": CONTENT_TYPE})
    label = HostileRequest(FEEDBACK, json.dumps({"id": "a.b", "index": 0, "label": "red"}).encode())
    return [*found, *[form, label, *_inferences(pictured["png"])] * 5]


def _inferences(picture: bytes) -> list[HostileRequest]:
    numbers = [0.5] * (3 * 32 * 32)
    tensor = {"name": "image", "shape": [1, 3, 32, 32], "datatype": "FP32"}
    plain = json.dumps({"id": "1", "inputs": [{**tensor, "data": numbers}]}).encode()
    binary = struct.pack(f"<{len(numbers)}f", *numbers)
    listed = struct.pack("<I", len(picture)) + picture
    found = [HostileRequest(INFER, plain)]
    for name, shape, datatype, data in (
        ("image", [1, 3, 32, 32], "FP32", binary),
        ("file", [1], "BYTES", listed),
    ):
        size = {"binary_data_size": len(data)}
        asked = {"name": name, "shape": shape, "datatype": datatype, "parameters": size}
        outputs = [{"name": "probabilities", "parameters": {"classification": 2}}]
        text = json.dumps({"inputs": [asked], "outputs": outputs}).encode()
        header = {"Inference-Header-Content-Length": str(len(text))}
        found.append(HostileRequest(INFER, text + data, header))
    return found


def request(seed: int, number: int) -> HostileRequest | RawRequest:
    """The changed request of that number."""
    chance = random.Random(f"{seed}-{number}")
    good = chance.choice(_good())
    if chance.random() < 0.2:
        return RawRequest(_changed(_raw(good), chance, reach=512))
    # Its beginning is where every byte means something.
    reach = chance.choice((128, len(good.body)))
    return HostileRequest(good.path, _changed(good.body, chance, reach), good.headers)


def requests(
    seed: int, first: int, count: int
) -> Iterator[tuple[str, HostileRequest | RawRequest]]:
    """By names that say how to send one of them again."""
    for number in range(first, first + count):
        yield f"number {number} of seed {seed}", request(seed, number)


def _raw(good: HostileRequest) -> bytes:
    lines = [f"POST {good.path} HTTP/1.1", "Host: a", f"Content-Length: {len(good.body)}"]
    lines += [f"{name}: {value}" for name, value in good.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + good.body


def _changed(data: bytes, chance: random.Random, reach: int) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(max(1, min(len(changed), reach)))
        chance.choice(CHANGES)(changed, at, chance)
    return bytes(changed)


def _flip(data: bytearray, at: int, chance: random.Random) -> None:
    if data:
        data[at] ^= 1 << chance.randrange(8)


def _replace(data: bytearray, at: int, chance: random.Random) -> None:
    word = chance.choice(WORDS)
    data[at : at + len(word)] = word


def _insert(data: bytearray, at: int, chance: random.Random) -> None:
    data[at:at] = chance.choice(WORDS)


def _noise(data: bytearray, at: int, chance: random.Random) -> None:
    data[at : at + 8] = chance.randbytes(chance.randrange(1, 64))


def _drop(data: bytearray, at: int, chance: random.Random) -> None:
    del data[at : at + chance.choice((1, 4, 64, 1_000))]


def _repeat(data: bytearray, at: int, chance: random.Random) -> None:
    size = chance.choice((1, 4, 64, 1_000))
    data[at:at] = data[at : at + size] * chance.choice((1, 2, 100))


def _move(data: bytearray, at: int, chance: random.Random) -> None:
    size = chance.choice((4, 64, 1_000))
    piece = data[at : at + size]
    del data[at : at + size]
    to = chance.randrange(len(data) + 1)
    data[to:to] = piece


def _cut(data: bytearray, at: int, chance: random.Random) -> None:
    del data[at:]


def _exchange(data: bytearray, at: int, chance: random.Random) -> None:
    """For the end of another request's body."""
    other = chance.choice(_good()).body
    data[at:] = other[chance.randrange(len(other)) :]


CHANGES: Sequence[Callable[[bytearray, int, random.Random], None]] = (
    *(_flip, _flip, _replace, _replace, _insert, _insert),
    *(_noise, _drop, _repeat, _move, _cut, _exchange),
)
