"""JSON that means no good: for the Open Inference Protocol, for feedback and for images in it."""

from __future__ import annotations

import base64
import json
from typing import Any

import crafted

from given.hostile_traffic import HostileRequest

FEEDBACK = "/feedback"
V1 = "/v1/models/lawn:predict"


def bombs() -> dict[str, bytes]:
    """What a parser of JSON stumbles over."""
    good = json.dumps({"inputs": [{"name": "file", "shape": [0], "datatype": "BYTES"}]}).encode()
    return {
        "nothing": b"",
        "blanks": b" " * 1_000_000,
        "nested lists": b"[" * 1_000_000,
        "nested objects": b'{"a":' * 1_000_000,
        "lists that are closed": b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "nested data": b'{"inputs":[{"name":"image","shape":[1],"datatype":"FP32","data":'
        + b"[" * 100_000
        + b"]" * 100_000
        + b"}]}",
        "empty lists": b'{"inputs": [' + b"[]," * 2_000_000,
        "tensors without end": b'{"data":["' * 500_000,
        "tensors of tensors": b'{"data":[' * 500_000,
        "blanks before a colon": b'"data"' + b" " * 5_000_000,
        "one long number": b'{"inputs": ' + b"9" * 1_000_000 + b"}",
        "one long fraction": b'{"inputs": 0.' + b"9" * 1_000_000 + b"}",
        "a number with a long exponent": b'{"inputs": 1e' + b"9" * 1_000_000 + b"}",
        "one long string": b'{"id": "' + b"a" * 10_000_000 + b'"}',
        "escapes": b'{"id": "' + b"\\u0000" * 1_000_000 + b'"}',
        "half a pair of surrogates": b'{"id": "\\ud800", "inputs": []}',
        "an input named by half a pair": json.dumps(
            {"inputs": [{"name": "\ud800", "shape": [1], "datatype": "\ud800"}]}
        ).encode(),
        "100,000 keys": json.dumps({str(number): number for number in range(100_000)}).encode(),
        "the same key 100,000 times": b"{" + b'"id":"a",' * 100_000 + b'"id":"b"}',
        "inputs twice": b'{"inputs":[],"inputs":' + good + b"}",
        "UTF-16": good.decode().encode("utf-16"),
        "UTF-32": good.decode().encode("utf-32"),
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "bytes that are no text": b'{"id": "\xff\xfe"}',
        "text behind the end": good + b"{}",
        "a comment": b"/* a */" + good,
        "no object": b"1",
        "null": b"null",
        "a string": b'"inputs"',
    }


def tensor_lies() -> dict[str, bytes]:
    """Tensors in JSON whose shape, type and numbers do not fit."""

    def told(shape: Any, data: bytes | None = b"[]", **more: Any) -> bytes:
        tensor = {"name": "image", "shape": shape, "datatype": "FP32", **more}
        text = json.dumps(tensor).encode()
        if data is not None:
            text = text[:-1] + b', "data": ' + data + b"}"
        return b'{"inputs": [' + text + b"]}"

    right = [1, 3, 32, 32]
    numbers = 3 * 32 * 32
    found = {
        "a huge shape": told([10**18] * 8),
        "a shape whose product is nothing": told([2**32, 2**32, 0]),
        "a shape whose product fits in no word": told([2**32, 2**32, 2**32]),
        "a shape of thousands of digits": told([10**4000, 3, 32, 32], None),
        "a shape of 10,000 sides": told([1] * 10_000),
        "millions of numbers": told([4, 3, 32, 32], b"[" + b"1," * 5_000_000 + b"1]"),
        "ragged data": told([2, 3, 32, 32], b"[[1,2],[3]]"),
        "the same tensor twice": b'{"inputs": ['
        + b",".join([told(right)[len(b'{"inputs": [') : -2]] * 2)
        + b"]}",
        "1,000 tensors": b'{"inputs": ['
        + b",".join([told(right)[len(b'{"inputs": [') : -2]] * 1_000)
        + b"]}",
        "data twice": told(right, b'[1], "data": [2]'),
        "1,000 outputs": told(right)[:-1] + b', "outputs": [' + b'{"name":"labels"},' * 999 + b"]}",
    }
    for side in (-1, 0, 1.0, 1.5, True, None, "1", [1], 2**31, 2**63, -(2**63)):
        found[f"a side of {side}"] = told([side, 3, 32, 32], b"[" + b"1," * (numbers - 1) + b"1]")
    for shape in (None, 1, "1", {}, [[]]):
        found[f"a shape that is {shape}"] = told(shape)
    for number in (
        *("1e999", "-1e999", "NaN", "Infinity", "-Infinity", "nan", "1" * 5_000, "1e-999", "-0"),
        *("0x10", "1_000", "01", "+1", ".5", "5.", "1e", "٣", "true", "null", '"1"', "{}", "--1"),
    ):
        data = b"[" + (number.encode() + b",") * (numbers - 1) + number.encode() + b"]"
        found[f"numbers like {number[:10]}"] = told(right, data)
    for priority in (-1, 2**70, 1.5, "high", None, []):
        found[f"a priority of {priority}"] = told(right, parameters={"priority": priority})
    return found


def feedback() -> dict[str, HostileRequest]:
    """Labels for answers that nobody got, and what is no label."""
    found = dict(bombs())
    for name, document in {
        "an invented id": {"id": "v1.3.1.aaaa", "label": "red"},
        "an empty id": {"id": "", "label": "red"},
        "a long id": {"id": "a" * 60_000, "label": "red"},
        "an id of dots": {"id": "." * 4_000, "label": "red"},
        "an id with a NUL": {"id": "\0", "label": "red"},
        "an id that is a number": {"id": 1, "label": "red"},
        "a huge index": {"id": "a", "index": 10**30, "label": "red"},
        "a negative index": {"id": "a", "index": -1, "label": "red"},
        "an index that is true": {"id": "a", "index": True, "label": "red"},
        "no such label": {"id": "a", "label": "\ud800"},
        "a label that is a list": {"id": "a", "label": ["red"]},
        "another member": {"id": "a", "label": "red", "admin": True},
    }.items():
        found[name] = json.dumps(document).encode()
    return {name: HostileRequest(FEEDBACK, body) for name, body in found.items()}


def images() -> dict[str, HostileRequest]:
    """Documents that should hold images as text."""
    picture = base64.b64encode(crafted.good()["png"])
    found = bombs()
    for name, document in {
        "no members": b"{}",
        "no image": b'{"image": null}',
        "an empty text": b'{"image": ""}',
        "a number": b'{"image": 1e999}',
        "what is no Base64": b'{"image": "%%%"}',
        "a long text": b'{"image": "' + b"A" * 10_000_000 + b'"}',
        "an image of escapes": b'{"image": "' + b"\\u0041" * 1_000_000 + b'"}',
        "no images": b'{"images": []}',
        "100,000 images": b'{"images": [' + b'"",' * 99_999 + b'""]}',
        "33 images": b'{"images": [' + b",".join([b'"' + picture + b'"'] * 33) + b"]}",
        "two ways at once": b'{"image": "' + picture + b'", "images": ["' + picture + b'"]}',
        "the same member twice": b'{"image": "a", "image": "' + picture + b'"}',
        "images in images": b'{"images": ' + b"[" * 1_000 + b"]" * 1_000 + b"}",
        "objects in objects": b'{"image": ' + b'{"image": ' * 1_000 + b'""' + b"}" * 1_001,
        "instances of nothing": b'{"instances": [{}, null, 1, []]}',
        "an instance with many members": b'{"instances": [{'
        + b",".join(b'"%d": 1' % number for number in range(10_000))
        + b"}]}",
        "an address": b'{"image": "http://169.254.169.254/latest/meta-data"}',
        "a file's address": b'{"image": "file:///etc/passwd"}',
        "a data URL of a data URL": b'{"image": "data:text/plain;base64,data:image/png,"}',
    }.items():
        found[name] = document
    as_json = {"Content-Type": "application/json"}
    return {
        f"{name} to {path}": HostileRequest(path, body, as_json)
        for path in ("/predict", V1)
        for name, body in found.items()
    }
