"""Gives freed memory back to the system.

glibc keeps what was freed, above all in the arenas of other threads, and a container is judged by
what it keeps. Called after the two things that need far more memory than they leave: compiling the
model (`model.py`) and decoding a large picture (`image.py`).
"""

from __future__ import annotations

import ctypes

# Absent where the C library is not glibc.
_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)


def return_freed_memory() -> None:
    if _trim is not None:
        _trim(0)
