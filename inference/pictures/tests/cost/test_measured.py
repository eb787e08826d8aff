"""Reading takes no more memory than was counted, whatever the format, and not far less."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import measured
import pytest

SIZES = ((1200, 900), (2000, 1600))
MIB = 1024 * 1024
# What the allocator and the libraries keep for themselves.
SLACK = MIB


@cache
def measurements(width: int, height: int) -> dict[str, dict[str, Any]]:
    script = [sys.executable, measured.__file__, str(width), str(height)]
    environment = {"PYTHONPATH": ":".join(sys.path), "MALLOC_MMAP_THRESHOLD_": "65536"}
    done = subprocess.run(script, check=True, env=environment, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["kind"]: line for line in lines}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kind", measured.KINDS)
def test_reading_takes_no_more_memory_than_was_counted(kind: str, size: tuple[int, int]) -> None:
    found = measurements(*size)[kind]
    assert found["memory"] <= found["counted memory"] + SLACK
    # A cost that is far too high would refuse ordinary pictures.
    assert found["counted memory"] <= 2 * found["memory"] + 3 * MIB
