"""A service under a steady load for long, some of it hostile, and what that does to the rest.

The network is a ResNet-34 with random weights. How much the service can do is measured first, and
what is sent follows from that.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from client import Load, Question, closed_loop, open_loop, post
from fakes import s3 as fake_s3
from fakes.s3 import FakeS3
from given.resnet import resnet34
from photos import photos
from running.attack import failures
from running.logging_service import events, logging_environment, rows
from running.service import INFERENCE, Service, started

SIZE = 224
HOSTILE = 0.05
# A second, on however slow a machine.
LEAST_HOSTILE = 1.0
CONNECTIONS = 32
MIB = 1024 * 1024


@dataclass(frozen=True)
class Soaked:
    highest_rate: float
    """Images a second."""
    share: float
    """Of it that was sent."""
    quiet: Load
    hostile: Load
    attack: dict[str, Any]
    """What came of the hostile requests: `answers` by outcome, and what was `wrong`."""
    resident: Sequence[tuple[float, int]]
    """Seconds and bytes, while hostile requests came."""
    answered: int
    """Predictions that the service has counted."""
    logged: int
    """Predictions in the object store after its end."""
    failures: Sequence[str]
    """What the service itself says has failed."""
    lost: Sequence[object]
    """What it says of its log."""
    ended: int
    """Its exit code."""

    def figures(self) -> dict[str, Any]:
        """Ratios first: they hold on other machines too."""
        attacks = sum(self.attack["answers"].values())
        quiet, hostile = (_milliseconds(load) for load in (self.quiet, self.hostile))
        return {
            "p99Ratio": round(hostile["p99"] / quiet["p99"], 2),
            "p50Ratio": round(hostile["p50"] / quiet["p50"], 2),
            "shareOfHighestRate": self.share,
            "shareOfHostileRequests": round(attacks / (attacks + len(self.hostile.latencies)), 3),
            "hostileSeconds": round(self.hostile.seconds),
            "highestImagesPerSecond": round(self.highest_rate, 1),
            "quietMilliseconds": quiet,
            "hostileMilliseconds": hostile,
            "good": len(self.hostile.latencies),
            "goodRefused": dict(self.hostile.errors),
            "hostile": self.attack["answers"],
            "hostileWrong": len(self.attack["wrong"]),
            "serverFailures": len(self.failures),
            "predictionsAnswered": self.answered,
            "predictionsLogged": self.logged,
            "residentMiBAtBegin": round(self.resident[0][1] / MIB),
            "residentMiBAtEnd": round(self.resident[-1][1] / MIB),
            "residentMiBPerHour": round(self.slope() * 3600 / MIB, 1),
            "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }

    def slope(self) -> float:
        """Bytes a second by least squares, over the later half: the first fills caches."""
        late = self.resident[len(self.resident) // 2 :]
        return statistics.linear_regression(*zip(*late, strict=True)).slope


def _milliseconds(load: Load) -> dict[str, float]:
    cuts = statistics.quantiles(load.latencies, n=100)
    return {name: round(cuts[number - 1] * 1000, 1) for name, number in (("p50", 50), ("p99", 99))}


def soak(seconds: float, share: float) -> Soaked:
    """`seconds` of that share of the highest rate, a twentieth of it hostile, with a tenth of quiet
    before and after."""
    with fake_s3.running() as store, tempfile.TemporaryDirectory() as home:
        wanted = logging_environment(store, Path(home), artifact=resnet34(SIZE))
        wanted["MALLOC_ARENA_MAX"] = "2"  # as in the image
        with started(wanted) as service:
            service.wait_ready()
            return _soaked(service, store, seconds, share)


def _soaked(service: Service, store: FakeS3, seconds: float, share: float) -> Soaked:
    port = urlsplit(service.url).port
    assert port
    questions = [
        Question(post("/predict", "image/jpeg", photo), b'"predictions"') for photo in photos()
    ]
    quiet_seconds = max(seconds / 10, 5)
    closed_loop(port, questions, CONNECTIONS, 2)
    highest = closed_loop(port, questions, CONNECTIONS, quiet_seconds).rate
    good = highest * share * (1 - HOSTILE)
    bad = max(highest * share * HOSTILE, LEAST_HOSTILE)
    quiet = open_loop(port, questions, good, quiet_seconds)
    with _attacked(service, bad, seconds) as attack, _resident(service) as resident:
        hostile = open_loop(port, questions, good, seconds)
    quiet += open_loop(port, questions, good, quiet_seconds)
    failed = failures(service)
    answered = _answered(service)
    service.terminate()
    ended = service.wait()
    return Soaked(
        highest_rate=highest,
        share=share,
        quiet=quiet,
        hostile=hostile,
        attack=attack,
        resident=resident,
        answered=answered,
        logged=len(rows(store, "predictions")),
        failures=failed,
        lost=events(service, "prediction log lost"),
        ended=ended,
    )


def _answered(service: Service) -> int:
    text = service.metrics()
    counted = [line for line in text.splitlines() if line.startswith("dandelion_predictions_total")]
    return sum(int(float(line.rpartition(" ")[2])) for line in counted)


@contextlib.contextmanager
def _attacked(service: Service, rate: float, seconds: float) -> Iterator[dict[str, Any]]:
    """Filled when it has ended."""
    path = os.pathsep.join(
        str(INFERENCE / folder) for folder in ("src", "pictures/src", "tests", "pictures/tests")
    )
    command = [sys.executable, "-m", "running.hostile_sender", service.url, str(rate), str(seconds)]
    found: dict[str, Any] = {}
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdin
        assert sender.stdout
        try:
            assert sender.stdout.readline() == "ready\n"
            print("go", file=sender.stdin, flush=True)
            yield found
            said, _ = sender.communicate(timeout=300)
            found.update(json.loads(said.splitlines()[-1]))
        finally:
            sender.kill()


@contextlib.contextmanager
def _resident(service: Service) -> Iterator[list[tuple[float, int]]]:
    """The memory of the service, once a second."""
    began = time.monotonic()
    found = [(0.0, service.resident_bytes_of_all())]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(1):
            found.append((time.monotonic() - began, service.resident_bytes_of_all()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        ended.set()
        watcher.join()
