"""What the fuzzer does with one file: the reader gives a picture or an Unreadable, within its cost.

Coverage guides it through the Python of this package and of Pillow's plugins; the decoders in C
come compiled in wheels, so it knows nothing of the ways through them and only sees them crash.
Whatever else is raised, takes more memory than was counted, or takes far longer, is written to the
results by its kind, and the next file is tried. `campaign.py` starts this.
"""

from __future__ import annotations

import resource
import sys
import time
import traceback
import zlib
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["dandelion_pictures", "PIL"]):
    from dandelion_pictures import Limits, Preprocessing, Reader, Unreadable

import numpy as np

MIB = 1024 * 1024
ADDRESS_SPACE = 6 * 1024 * MIB
SMALL = Preprocessing(36, 32, 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
READER = Reader(Limits(max_memory=64 * MIB, max_work=200_000_000))
# Between what is counted and what the process holds stand the allocator and this instrumentation.
SLACK_BYTES = 16 * MIB
# Opening holds copies of the file, of at most 64 KiB here, and no pixels.
SLACK_SECONDS, TIMES_AS_LONG = 2.0, 20
PNG = b"\x89PNG\r\n\x1a\n"

results = Path()
seen: set[str] = set()


class CostError(Exception):
    """Reading took what was not counted."""


def one_file(data: bytes) -> None:
    try:
        _read(data)
    except Unreadable:
        return
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        last = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__}-{Path(last.filename).stem}-{last.lineno}"
        if kind not in seen:
            seen.add(kind)
            (results / f"{kind}").write_bytes(data)
            (results / f"{kind}.txt").write_text("".join(traceback.format_exception(error)))


def _read(data: bytes) -> None:
    _forget_peak()
    before, started = _memory("VmRSS"), time.thread_time()
    try:
        pending = READER.open(data, SMALL)
    finally:
        _check_spent(before, started, 0, 0)
    cost = pending.cost
    try:
        tensor = pending.tensor()
    finally:
        _check_spent(before, started, cost.memory, cost.work)
    if tensor.shape != (1, 3, 32, 32) or not np.isfinite(tensor).all():
        raise ValueError("the reader gave something that is no picture")


def _check_spent(before: int, started: float, memory: int, work: int) -> None:
    grown, took = _memory("VmHWM") - before, time.thread_time() - started
    if grown > memory + SLACK_BYTES:
        raise CostError(f"{grown} bytes were taken where {memory} were counted")
    if took > SLACK_SECONDS + TIMES_AS_LONG * work / 1e9:
        raise CostError(f"{took:.1f} s were taken where {work / 1e9:.3f} were counted")


def _memory(name: str) -> int:
    with Path("/proc/self/status").open() as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def changed(data: bytes, longest: int, seed: int) -> bytes:
    """One of libFuzzer's changes; a PNG's checksums are made to fit, or few get further."""
    found = atheris.Mutate(data, longest)
    return with_checksums(found) if found.startswith(PNG) and seed % 4 else found


def with_checksums(data: bytes) -> bytes:
    repaired = bytearray(data)
    at = len(PNG)
    while at + 12 <= len(repaired):
        end = at + 8 + int.from_bytes(repaired[at : at + 4], "big")
        if end + 4 > len(repaired):
            break
        repaired[end : end + 4] = zlib.crc32(repaired[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(repaired)


def main() -> None:
    global results
    prefix = next(each for each in sys.argv if each.startswith("-artifact_prefix="))
    results = Path(prefix.partition("=")[2])
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seen.update(path.name for path in results.iterdir())
    atheris.Setup(sys.argv, one_file, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
