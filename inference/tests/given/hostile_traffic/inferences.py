"""Requests of the Open Inference Protocol that mean no good, the same ones every time."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

import crafted

from given.hostile_traffic import HostileRequest
from given.hostile_traffic.json_documents import bombs, tensor_lies

INFER = "/v2/models/lawn/infer"
STEP = 64


def requests() -> dict[str, HostileRequest]:
    found = {**_damaged(), **_binary_lies()}
    for name, body in {**bombs(), **tensor_lies()}.items():
        found[name] = HostileRequest(INFER, body)
    return found


def _with_header(body: bytes, length: str) -> HostileRequest:
    """Whose header says where the JSON ends."""
    return HostileRequest(INFER, body, {"Inference-Header-Content-Length": length})


def _binary(size: Any, shape: Any = (1,), datatype: str = "BYTES", name: str = "file") -> bytes:
    document = {
        "id": "1",
        "inputs": [
            {
                "name": name,
                "shape": shape,
                "datatype": datatype,
                "parameters": {"binary_data_size": size},
            }
        ],
        "outputs": [{"name": "labels", "parameters": {"binary_data": True}}],
    }
    return json.dumps(document).encode()


def _damaged() -> dict[str, HostileRequest]:
    chance = random.Random(23)
    picture = crafted.good()["png"]
    listed = struct.pack("<I", len(picture)) + picture
    text = _binary(len(listed))
    whole = text + listed
    found = {}
    for end in range(0, len(whole), STEP):
        found[f"cut at {end}"] = _with_header(whole[:end], str(len(text)))
    for turn in range(200):
        changed = bytearray(whole)
        changed[chance.randrange(len(text) + 8)] ^= 1 << chance.randrange(8)
        found[f"with flips {turn}"] = _with_header(bytes(changed), str(len(text)))
    for length in ("", "0", "1", "-1", "1e3", "99999999999999999999", "٣", str(len(text) - 1)):
        found[f"with a header of {length}"] = _with_header(whole, length)
    return found


def _binary_lies() -> dict[str, HostileRequest]:
    """Binary data of another size, shape or kind than the JSON before them says."""
    picture = crafted.good()["png"]
    listed = struct.pack("<I", len(picture)) + picture
    found = {}
    sizes = (-1, 0, 1, len(listed) - 1, len(listed) + 1, 2**31, 2**63, 10**100, 1.5, "8", None)
    for size in (*sizes, True, [], {}):
        text = _binary(size)
        found[f"a size of {size!r:.20}"] = _with_header(text + listed, str(len(text)))
    for length in (0, 1, len(picture) + 1, 2**31 - 1, 2**32 - 1):
        lying = struct.pack("<I", length) + picture
        text = _binary(len(lying))
        found[f"a file of {length} bytes"] = _with_header(text + lying, str(len(text)))
    many = struct.pack("<I", 0) * 100_000
    text = _binary(len(many), [100_000])
    found["100,000 empty files"] = _with_header(text + many, str(len(text)))
    for shape in ([], [0], [2], [-1], [1, 1], [1, 2**62], [[1]], "1", None):
        text = _binary(len(listed), shape)
        found[f"files of shape {shape}"] = _with_header(text + listed, str(len(text)))
    floats = struct.pack("<f", float("nan")) * (3 * 32 * 32)
    for datatype in ("FP32", "FP16", "FP64", "INT8", "BOOL", "BYTES", "", "fp32", "FP32\0"):
        text = _binary(len(floats), [1, 3, 32, 32], datatype, "image")
        found[f"NaNs as {datatype!r}"] = _with_header(text + floats, str(len(text)))
    for number in (float("inf"), -float("inf"), 3.4e38, 1e-45):
        data = struct.pack("<f", number) * (3 * 32 * 32)
        text = _binary(len(data), [1, 3, 32, 32], "FP32", "image")
        found[f"a tensor of {number}"] = _with_header(text + data, str(len(text)))
    text = _binary(8, [0, 3, 32, 32], "FP32", "image")
    found["data of an empty tensor"] = _with_header(text + bytes(8), str(len(text)))
    return found
