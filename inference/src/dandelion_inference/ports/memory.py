"""Gives memory back to the system that the process holds and does not need.

A container is judged by what it keeps. glibc keeps what was freed, above all in the arenas of other
threads; `return_freed_memory` is called after what needs far more memory than it leaves: compiling
the model (`model/network.py`) and decoding large pictures. OpenVINO keeps a graph's weights beside
the packed copies that it computes with; `forget_mapped` leaves them to the file they came from.
"""

from __future__ import annotations

import ctypes
import mmap
from pathlib import Path

_libc = ctypes.CDLL(None)
# Absent where the C library is not glibc.
_trim = getattr(_libc, "malloc_trim", None)


def return_freed_memory() -> None:
    if _trim is not None:
        _trim(0)


def forget_mapped(folder: Path) -> int:
    """Drops the pages of files below `folder` that are mapped only to be read; how many bytes.

    Whoever reads such a page again gets it from the file, even one that has no name any more.
    """
    dropped = 0
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        place, access, _, _, _, *name = line.split(maxsplit=5)
        if name and name[0].startswith(f"{folder}/") and "w" not in access:
            first, last = (int(address, 16) for address in place.split("-"))
            advice = ctypes.c_int(mmap.MADV_DONTNEED)
            if _libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), advice) == 0:
                dropped += last - first
    return dropped
