"""`python -m dandelion_inference.answer.decoding`: decodes images that it is sent, one by one.

A process of its own, because nothing else ends a decoder that goes on and on: `decoder.py` starts
it and kills it. Imports only what reads pictures, and bounds itself by what each picture was
counted with, so that a wrong count costs one picture and not the container.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

from dandelion_pictures import Limits, Preprocessing, Reader, Unreadable

from dandelion_inference.answer.decoding import frames
from dandelion_inference.ports.memory import return_freed_memory, status_bytes

# Whoever sends an image has counted what it takes.
READER = Reader(Limits(max_memory=sys.maxsize, max_work=sys.maxsize))

# Beside what is counted: the stacks of a decoder's own threads, and pieces too small to count.
UNCOUNTED_BYTES = 64 * 1024 * 1024

# A third of the processor time that a thread of the service gets where both want it (sched(7)): a
# large image takes longer anyway, and the small ones do not wait for it.
NICENESS = 5

PR_SET_PDEATHSIG = 1


def main() -> None:
    _end_with_parent()
    os.nice(NICENESS)
    # What libraries print is for nobody: they would spoil the answers, or fill the service's log.
    answers, errors = os.fdopen(os.dup(1), "wb"), os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    try:
        while _answer_next(sys.stdin.buffer, answers):
            return_freed_memory()
    except BaseException:
        os.dup2(errors, 2)  # our own fault, and worth a word
        raise


def _answer_next(requests: BinaryIO, answers: BinaryIO) -> bool:
    """A function of its own, so that nothing of one image is left while the next is awaited."""
    request = frames.read(requests)
    if request is None:
        return False
    about, data = request
    _bound(about["memory"], about["seconds"])
    frames.write(answers, *_decoded(_preprocessing(about["preprocessing"]), data))
    return True


def _decoded(preprocessing: Preprocessing, data: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        return {}, READER.tensor(data, preprocessing).astype("<f4", copy=False).tobytes()
    except Unreadable as refusal:
        return {"kind": refusal.kind.value, "words": refusal.words}, b""


def _preprocessing(fields: dict[str, Any]) -> Preprocessing:
    channels = {name: tuple(fields[name]) for name in ("mean", "std")}
    return Preprocessing(**{**fields, **channels})


def _bound(memory: int, seconds: float) -> None:
    """Lets this process allocate and compute only so much more (setrlimit(2))."""
    allocated = status_bytes("VmData") + memory + UNCOUNTED_BYTES
    _limit(resource.RLIMIT_DATA, allocated)
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + 1)


def _limit(what: int, soft: int) -> None:
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _end_with_parent() -> None:
    """However that ends. What is sent to a whole group of processes is for the parent to follow."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main()
