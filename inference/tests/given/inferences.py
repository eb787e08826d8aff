"""Requests of the Open Inference Protocol."""

from __future__ import annotations

import base64
import json
from typing import Any

import pictures

from given.artifacts import SIZE, tensor

INFER = "/v2/models/lawn/infer"


def image(**changes: Any) -> dict[str, Any]:
    given = {"name": "image", "datatype": "FP32", "shape": [1, 3, SIZE, SIZE]}
    return given | {"data": tensor("green").ravel().tolist()} | changes


def file(*data: Any, **changes: Any) -> dict[str, Any]:
    return {"name": "file", "datatype": "BYTES", "shape": [len(data)], "data": data} | changes


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


GREEN = in_base64(pictures.plain(pictures.GREEN))


def binary(given: dict[str, Any], raw: bytes, length: str | None = None) -> tuple[bytes, str]:
    text = json.dumps({"inputs": [given]}).encode()
    return text + raw, str(len(text)) if length is None else length


def described(raw: bytes, **changes: Any) -> dict[str, Any]:
    given = {"name": "image", "datatype": "FP32", "shape": [1, 3, SIZE, SIZE]}
    return {**given, "parameters": {"binary_data_size": len(raw)}, **changes}
