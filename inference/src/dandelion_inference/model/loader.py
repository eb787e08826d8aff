"""Brings the model up in the background, and keeps trying while it cannot.

The process stays live whatever happens: a pod that restarts in a loop tells nobody what is wrong,
one that answers `/readyz` with the reason does. Started by `startup.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from dandelion_inference.errors import LoadError, Reason
from dandelion_inference.model.artifact import Artifact, ArtifactReference, fetch
from dandelion_inference.model.network import Model
from dandelion_inference.model.readiness import Obstacle, Readiness
from dandelion_inference.model.store import ObjectStore
from dandelion_inference.ports.memory import status_bytes
from dandelion_inference.ports.settings import Asked

log = structlog.get_logger()

# Seconds before the first repetition and at most, each one doubling the last. What is transient is
# tried again soon; what needs a person (a Secret, an artifact) is looked at now and then; an
# artifact that was fetched whole and cannot be compiled will hardly change its mind.
PAUSES: dict[Reason, tuple[float, float]] = {
    Reason.STORAGE_UNREACHABLE: (0.5, 5),
    Reason.CREDENTIALS_REJECTED: (1, 10),
    Reason.ARTIFACT_MISSING: (1, 10),
    Reason.DIGEST_MISMATCH: (10, 60),
    Reason.MODEL_INVALID: (60, 60),
}


class StoppedError(Exception):
    """The service is shutting down; the work so far is dropped."""


class Loader:
    def __init__(
        self,
        open_store: Callable[[], ObjectStore],
        reference: ArtifactReference,
        asked: Asked,
        folder: Path,
        compile_model: Callable[[Artifact], Model],
        readiness: Readiness,
        on_ready: Callable[[Model], None],
    ) -> None:
        self._open_store = open_store
        self._reference = reference
        self._asked = asked
        self._folder = folder
        self._compile = compile_model
        self._readiness = readiness
        self._on_ready = on_ready
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the attempts and waits for the one under way: native code must not be running when
        the interpreter goes."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        started = time.monotonic()
        failures: dict[Reason, int] = {}
        while not self._stop.is_set():
            try:
                model = self._load()
            except StoppedError:
                return
            except LoadError as error:
                failures[error.reason] = failures.get(error.reason, 0) + 1
                self._fail(error, pause(error.reason, failures[error.reason]))
                continue
            self._on_ready(model)
            self._readiness.resident = status_bytes("VmRSS")
            self._readiness.model = model
            log.info("ready", seconds=round(time.monotonic() - started, 3))
            return

    def _load(self) -> Model:
        try:
            started = time.monotonic()
            artifact = fetch(
                self._open_store(), self._reference, self._asked, self._folder, self._go_on
            )
            log.info("fetched", seconds=round(time.monotonic() - started, 3))
            started = time.monotonic()
            model = self._compile(artifact)
            log.info("compiled", seconds=round(time.monotonic() - started, 3))
            return model
        except (LoadError, StoppedError):
            raise
        except OSError as error:
            # The disk: full, read-only, gone. Freed space or a new volume may help.
            raise LoadError(
                Reason.STORAGE_UNREACHABLE, f"cannot keep the artifact in {self._folder}: {error}"
            ) from error
        except Exception as error:
            log.exception("loading failed")
            raise LoadError(
                Reason.MODEL_INVALID, f"loading failed: {type(error).__name__}: {error}"
            ) from error

    def _fail(self, error: LoadError, seconds: float) -> None:
        self._readiness.obstacle = Obstacle(error.reason, error.detail)
        log.warning(
            "not ready", reason=error.reason.value, detail=error.detail, retry_in_seconds=seconds
        )
        self._stop.wait(seconds)

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise StoppedError


def pause(reason: Reason, failures: int) -> float:
    """Seconds to wait after the given number of failures for the same reason."""
    first, longest = PAUSES[reason]
    return min(longest, first * 2.0 ** min(failures - 1, 16))
