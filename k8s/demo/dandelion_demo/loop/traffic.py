"""Clients of the service: a steady stream beside what happens, or a number of images at once."""

from __future__ import annotations

import itertools
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dandelion_demo.data import LabelledImage

EVERY_SECONDS = 0.2
LONGEST_SECONDS = 900.0
TIMEOUT_SECONDS = 30.0


@dataclass
class Traffic:
    """What came of it."""

    answered: int = 0
    failures: list[str] = field(default_factory=list)


def predict(url: str, image: LabelledImage) -> dict[str, Any]:
    """The answer to one image; raises OSError where there is none."""
    request = urllib.request.Request(  # noqa: S310 (http, to the service just started)
        f"{url}/predict",
        data=image.content,
        headers={"Content-Type": "application/octet-stream"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
        answer: dict[str, Any] = json.load(response)
        return answer


@contextmanager
def steady(url: str, images: Sequence[LabelledImage]) -> Iterator[Traffic]:
    """One image after the other, five a second, for as long as the block runs."""
    traffic, ended = Traffic(), threading.Event()

    def send() -> None:
        for image in itertools.islice(
            itertools.cycle(images), int(LONGEST_SECONDS / EVERY_SECONDS)
        ):
            try:
                predict(url, image)
                traffic.answered += 1
            except (OSError, ValueError) as error:
                traffic.failures.append(str(error))
            if ended.wait(EVERY_SECONDS):
                return

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield traffic
    finally:
        ended.set()
        thread.join()
