"""Services that refuse while a client still sends, and what each is to be refused with."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pictures
from fakes.s3 import FakeS3
from given import artifacts
from running.service import Service, environment, started

MIB = 1024 * 1024
BODY = bytes(20 * MIB)
MAX_HEAD_BYTES = 4096

BOUNDS = {
    "DANDELION_MAX_UPLOAD_BYTES": str(10 * MIB),
    "DANDELION_MAX_HEAD_BYTES": str(MAX_HEAD_BYTES),
    "DANDELION_QUEUE_LIMIT": "1",
    # A client on a busy machine may stand still for a while.
    "DANDELION_UPLOAD_WINDOW_SECONDS": "60",
}
# For those who send too slowly, and for nobody else.
IMPATIENT = {
    "DANDELION_UPLOAD_WINDOW_SECONDS": "0.3",
    "DANDELION_UPLOAD_MIN_BYTES_PER_SECOND": "10000",
    # They come to send the rest all the same, and only then read.
    "DANDELION_REFUSED_DRAIN_SECONDS": "60",
}


@dataclass(frozen=True)
class Early:
    """A request that is refused before its body is there."""

    status: int
    code: str
    path: str = "/predict"
    headers: Mapping[str, str] | None = None


EARLY = {
    "too large": Early(413, "UploadTooLarge"),
    "compressed": Early(415, "UnsupportedEncoding", headers={"Content-Encoding": "gzip"}),
    "nowhere": Early(404, "NotFound", "/nowhere"),
    "too long a head": Early(431, "HeadersTooLarge", headers={"X-Long": "a" * MAX_HEAD_BYTES}),
}
UNAUTHENTICATED = Early(401, "Unauthenticated")


@contextmanager
def refusing(s3: FakeS3, home: Path, **more: str) -> Iterator[Service]:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    wanted = environment(stored, s3.url, home) | BOUNDS | more
    with started(wanted) as service:
        service.wait_ready()
        yield service


def asking_for_tokens(s3: FakeS3, home: Path) -> AbstractContextManager[Service]:
    # Who sends no token is refused before anybody is asked.
    nobody = {"DANDELION_TOKEN_REVIEWER_URL": "http://127.0.0.1:9"}
    return refusing(s3, home, DANDELION_AUTH="ClusterTokens", **nobody)


@contextmanager
def busy(service: Service) -> Iterator[None]:
    """While somebody's pictures are answered all the time."""
    large = pictures.plain(size=(4000, 3000))
    ended = threading.Event()

    def send() -> None:
        while not ended.is_set():
            assert service.post("/predict", content=large).status_code in (200, 429)

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    try:
        yield
    finally:
        ended.set()
        for sender in senders:
            sender.join()
