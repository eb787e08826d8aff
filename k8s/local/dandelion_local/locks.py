"""One command at a time where two would get into each other's way.

A build that two commands want is done once and used twice; `up` and `down` never overlap. The lock
is the kernel's, so it goes with its holder however that ends.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from dandelion_local import places
from dandelion_local.progress import Step


@contextmanager
def exclusively(what: str) -> Iterator[None]:
    places.cache().mkdir(parents=True, exist_ok=True)
    with (places.cache() / f"{what}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with Step(f"waiting for another command ({what})"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
