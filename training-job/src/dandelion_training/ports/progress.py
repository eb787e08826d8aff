"""Tells the world how far a run is: a log line, status.json for the operator, and the metrics of
the pod.

`pipeline` calls it as often as it likes; it decides what is worth writing.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from prometheus_client import CollectorRegistry, Gauge

from dandelion_training.ports.failures import TrainingFailure
from dandelion_training.ports.storage import Location, ObjectStore

log = structlog.get_logger()

STATUS_SECONDS = 1.0
LOG_SECONDS = 5.0
OUTAGE_SECONDS = 15.0  # how long status.json rests after it could not be written


@dataclass(frozen=True)
class Stage:
    """A part of a run and its share of the whole, in per cent."""

    name: str
    begin: float
    end: float


LISTING = Stage("listing", 0, 1)
DOWNLOADING = Stage("downloading", 1, 10)
FETCHING, AFTER_FETCHING = Stage("fetching", 1, 6), Stage("downloading", 6, 10)
TRAINING = Stage("training", 10, 90)
VALIDATING, AFTER_VALIDATING = Stage("cross-validating", 10, 60), Stage("training", 60, 90)
EXPORTING = Stage("exporting", 90, 92)
QUANTIZING = Stage("quantizing", 92, 95)
EVALUATING = Stage("evaluating", 95, 97)
UPLOADING = Stage("uploading", 97, 98)
COMPARING = Stage("comparing", 98, 99)
REGISTERING = Stage("registering", 99, 100)
# Of an ingest, which does nothing else.
READING = Stage("reading", 1, 100)
FETCHING_FIRST, READING_AFTER_FETCHING = Stage("fetching", 1, 60), Stage("reading", 60, 100)


class TrainingMetrics:
    """What Prometheus is told of the run."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.progress = Gauge(
            "dandelion_training_progress_ratio", "Share of the run that is done.", registry=registry
        )
        self.epoch = Gauge(
            "dandelion_training_epoch", "Epoch being learnt, from 1.", registry=registry
        )
        self.loss = Gauge("dandelion_training_loss", "Loss of the last batch.", registry=registry)


@dataclass
class Progress:
    """The run's standing. Writing it must never end a run, so `store` is one that does not wait for
    an outage.
    """

    store: ObjectStore
    location: Location
    metrics: TrainingMetrics
    clock: Callable[[], float]
    facts: dict[str, object] = field(default_factory=dict)
    stage: Stage = LISTING
    percent: float = 0.0
    _write_after: float = 0.0
    _log_after: float = 0.0

    def enter(self, stage: Stage, **facts: object) -> None:
        """A new stage begins; what became known with it stays in the status."""
        self.stage = stage
        self.facts |= facts
        log.info(stage.name, **facts)
        self._log_after = self.clock() + LOG_SECONDS
        self._at(stage.begin)
        self._write("running")

    def advance(self, share: float, **shown: object) -> None:
        """The stage is done by this share; `shown` goes into the progress line."""
        self._at(self.stage.begin + (self.stage.end - self.stage.begin) * share)
        now = self.clock()
        if now >= self._log_after:
            log.info(self.stage.name, percent=round(self.percent), **shown)
            self._log_after = now + LOG_SECONDS
        if now >= self._write_after:
            self._write("running")

    def learnt(self, share: float, epoch: int, loss: float) -> None:
        self.metrics.epoch.set(epoch)
        self.metrics.loss.set(loss)
        self.advance(share, epoch=epoch, loss=round(loss, 4))

    def warn(self, message: str) -> None:
        """Something the user should know of this run, whatever becomes of it: `warnings` of the
        status, and the log.
        """
        log.warning(message)
        told = self.facts.get("warnings", [])
        assert isinstance(told, list)
        if message not in told:
            self.facts["warnings"] = [*told, message]

    def succeeded(self, version: str = "") -> None:
        self._at(100)
        if version:
            self.facts["version"] = version
        self._write("succeeded")

    def concluded(self, store: ObjectStore) -> None:
        """The same where nothing but the status says what came of it: raises TrainingFailure where
        it cannot be written to `store`, which waits for an outage.
        """
        self._at(100)
        store.write(self.location, self._document("succeeded"), "application/json")

    def failed(self, failure: TrainingFailure) -> None:
        self.facts |= {"reason": failure.reason.value, "message": failure.message}
        self._write("failed")

    def _at(self, percent: float) -> None:
        self.percent = percent
        self.metrics.progress.set(percent / 100)

    def _document(self, state: str) -> bytes:
        status = {
            "state": state,
            "stage": self.stage.name,
            "percent": int(self.percent),
            **self.facts,
        }
        return json.dumps(status).encode()

    def _write(self, state: str) -> None:
        self._write_after = self.clock() + STATUS_SECONDS
        try:
            self.store.write(self.location, self._document(state), "application/json")
        except TrainingFailure as failure:
            self._write_after = self.clock() + OUTAGE_SECONDS
            log.warning("the status could not be written", error=failure.message)
