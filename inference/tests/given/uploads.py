"""How files are sent."""

from __future__ import annotations


def form(*files: bytes, field: str = "file") -> list[tuple[str, tuple[str, bytes, str]]]:
    return [(field, (f"{n}.bin", data, "application/octet-stream")) for n, data in enumerate(files)]
