"""Requests of the Open Inference Protocol that mean no good, the same ones every time."""

from __future__ import annotations

import json
import random
import struct

import crafted

INFER = "/v2/models/lawn/infer"
STEP = 64


def requests() -> dict[str, tuple[bytes, str | None]]:
    """Bodies by name, and the header that says where the JSON in them ends."""
    chance = random.Random(23)
    picture = crafted.good()["png"]
    listed = struct.pack("<I", len(picture)) + picture
    text = json.dumps(
        {
            "id": "1",
            "inputs": [
                {
                    "name": "file",
                    "shape": [1],
                    "datatype": "BYTES",
                    "parameters": {"binary_data_size": len(listed)},
                }
            ],
            "outputs": [{"name": "labels", "parameters": {"binary_data": True}}],
        }
    ).encode()
    whole = text + listed
    found: dict[str, tuple[bytes, str | None]] = {}
    for end in range(0, len(whole), STEP):
        found[f"cut at {end}"] = (whole[:end], str(len(text)))
    for turn in range(200):
        changed = bytearray(whole)
        changed[chance.randrange(len(text) + 8)] ^= 1 << chance.randrange(8)
        found[f"with flips {turn}"] = (bytes(changed), str(len(text)))
    for length in ("", "0", "1", "-1", "1e3", "99999999999999999999", "٣", str(len(text) - 1)):
        found[f"with a header of {length}"] = (whole, length)
    for name, body in {
        "nested lists": b"[" * 1_000_000,
        "nested objects": b'{"a":' * 1_000_000,
        "empty lists": b'{"inputs": [' + b"[]," * 2_000_000,
        "tensors without end": b'{"data":["' * 500_000,
        "tensors of tensors": b'{"data":[' * 500_000,
        "blanks before a colon": b'"data"' + b" " * 5_000_000,
        "one long number": b'{"inputs": ' + b"9" * 1_000_000 + b"}",
        "one long string": b'{"id": "' + b"a" * 10_000_000 + b'"}',
        "half a pair of surrogates": b'{"id": "\\ud800", "inputs": []}',
        "an input named by half a pair": json.dumps(
            {"inputs": [{"name": "\ud800", "shape": [1], "datatype": "\ud800"}]}
        ).encode(),
        "a huge shape": json.dumps(
            {"inputs": [{"name": "image", "shape": [10**18] * 8, "datatype": "FP32", "data": []}]}
        ).encode(),
        "a shape of thousands of digits": json.dumps(
            {"inputs": [{"name": "image", "shape": [10**4000, 3, 32, 32], "datatype": "FP32"}]}
        ).encode(),
        "millions of numbers": b'{"inputs":[{"name":"image","shape":[4,3,32,32],"datatype":"FP32",'
        b'"data":[%b]}]}' % (b"1," * 5_000_000 + b"1"),
        "UTF-16": text.decode().encode("utf-16"),
        "bytes that are no text": b'{"id": "\xff\xfe"}',
    }.items():
        found[name] = (body, None)
    return found
