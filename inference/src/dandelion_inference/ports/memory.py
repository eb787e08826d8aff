"""How much memory this container may take, and giving back what the process does not need.

A container is judged by what it keeps. glibc keeps what was freed, above all in the arenas of other
threads; `return_freed_memory` is called after what needs far more memory than it leaves: compiling
the model (`model/network.py`), decoding large images (`answer/decoding`). OpenVINO keeps a graph's
weights beside the packed copies that it computes with; `forget_mapped` leaves them to the file they
came from.
"""

from __future__ import annotations

import ctypes
import mmap
from pathlib import Path

from dandelion_inference.ports.cgroups import groups, text

_libc = ctypes.CDLL(None)
# Absent where the C library is not glibc.
_trim = getattr(_libc, "malloc_trim", None)


def limit_bytes(root: Path = Path("/")) -> int:
    """The tightest limit of the container and of what it is in: the machine's memory at most."""
    limits = [
        int(limit)
        for group in groups(root, "memory")
        for name in ("memory.max", "memory.limit_in_bytes")
        # "max" (v2) means that there is no limit here; in v1 it is a number that nobody has.
        if (limit := text(group / name).strip()).isdigit()
    ]
    return min([*limits, status_bytes("MemTotal", root / "proc/meminfo")])


def status_bytes(field: str, path: Path = Path("/proc/self/status")) -> int:
    """A figure of this process, "VmRSS" for what it holds (proc(5))."""
    line = next(line for line in text(path).splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


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
