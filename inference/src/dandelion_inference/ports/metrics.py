"""What Prometheus sees of this pod.

Labels take few values whatever clients send: routes are templates, unknown methods are one. Updated
by whoever has something to count; `front/routes/probes.py` serves them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector

from dandelion_inference.ports.settings import Settings

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
OTHER = "other"
# The route of what no route answers.
UNMATCHED = "unmatched"
SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)
CONFIDENCE = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)


def method_label(method: str) -> str:
    return method if method in METHODS else OTHER


class Metrics:
    def __init__(self, settings: Settings) -> None:
        cast(Callable[[], None], disable_created_metrics)()
        self._settings = settings
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "dandelion_requests",
            "HTTP requests answered.",
            ("method", "route", "code"),
            registry=self.registry,
        )
        self._in_progress = Gauge(
            "dandelion_requests_in_progress",
            "HTTP requests being answered now.",
            registry=self.registry,
        )
        self._duration = Histogram(
            "dandelion_request_duration_seconds",
            "Time from a request's first byte to its answer's last.",
            ("method", "route"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._queue = Histogram(
            "dandelion_queue_seconds",
            "Time an image waited for a worker, for memory or for its turn.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self._decode = Histogram(
            "dandelion_decode_seconds",
            "Time from an image's bytes to the network's input.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self._compute = Histogram(
            "dandelion_compute_seconds",
            "Time of an image in the network.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self._predictions = Counter(
            "dandelion_predictions",
            "Images classified.",
            ("label", "version"),
            registry=self.registry,
        )
        self._confidence = Histogram(
            "dandelion_prediction_confidence",
            "Probability of the class that was answered.",
            buckets=CONFIDENCE,
            registry=self.registry,
        )
        self._unknown = Counter(
            "dandelion_unknown",
            "Images classified that may be none of the classes, where the model can tell.",
            ("version",),
            registry=self.registry,
        )
        self._drift_score = Gauge(
            "dandelion_drift_score",
            "How far the last full window of so many answers is from those of the holdout; none "
            "before the first is full.",
            ("version", "window", "statistic"),
            registry=self.registry,
        )
        self._drift_threshold = Gauge(
            "dandelion_drift_threshold",
            "What a score exceeds so seldom by chance that one of a window's does at the false "
            "alarm rate.",
            ("version", "window", "statistic"),
            registry=self.registry,
        )
        self._drift_false_alarm_rate = Gauge(
            "dandelion_drift_false_alarm_rate",
            "Share of windows of images like the holdout's that exceed a threshold by chance.",
            ("version",),
            registry=self.registry,
        )
        self._drift_filled = Gauge(
            "dandelion_drift_window_answers",
            "Answers in the window of so many that is being filled.",
            ("version", "window"),
            registry=self.registry,
        )
        self._drift_windows = Counter(
            "dandelion_drift_windows",
            "Windows of so many answers that were full and compared.",
            ("version", "window"),
            registry=self.registry,
        )
        self._drift_alarms = Counter(
            "dandelion_drift_alarms",
            "Of these, the ones with a score above its threshold.",
            ("version", "window"),
            registry=self.registry,
        )
        self._refused = Counter(
            "dandelion_images_refused",
            "Images that could not be classified, by cause.",
            ("code",),
            registry=self.registry,
        )
        self._log_written = Counter(
            "dandelion_log_written",
            "Rows and images of the prediction log that are in the object store.",
            ("kind",),
            registry=self.registry,
        )
        self._log_dropped = Counter(
            "dandelion_log_dropped",
            "Rows and images of the prediction log that were given up.",
            ("kind",),
            registry=self.registry,
        )
        self._log_failures = Counter(
            "dandelion_log_failures",
            "Attempts to write the prediction log that failed.",
            ("reason",),
            registry=self.registry,
        )
        self._review_queued = Counter(
            "dandelion_review_queued",
            "Answers in the prediction log that people are asked to review, by why they are.",
            ("source",),
            registry=self.registry,
        )
        self._reviews = Counter(
            "dandelion_auth_reviews",
            "Questions to the token reviewer about who may do what, by its answer.",
            ("result",),
            registry=self.registry,
        )
        self._model_info = Gauge(
            "dandelion_model_info",
            "1 for the model that is served; absent until one is.",
            ("name", "namespace", "version", "digest", "run", "architecture", "precision"),
            registry=self.registry,
        )

    def request_started(self) -> None:
        self._in_progress.inc()

    def request_ended(
        self, method: str, route: str, code: int, seconds: float, exemplar: Mapping[str, str]
    ) -> None:
        """`method` as of `method_label`; `exemplar` leads from the measurement to the request."""
        self._in_progress.dec()
        self._requests.labels(method, route, str(code)).inc()
        self._duration.labels(method, route).observe(seconds, dict(exemplar))

    def request_refused(self, code: int) -> None:
        """Before it was read."""
        self._requests.labels(OTHER, UNMATCHED, str(code)).inc()

    def image_ended(
        self, queue: float, decode: float, compute: float, exemplar: Mapping[str, str]
    ) -> None:
        """Seconds that an image took; none for what it did not come to."""
        labels = dict(exemplar)
        self._queue.observe(queue, labels)
        if decode:
            self._decode.observe(decode, labels)
        if compute:
            self._compute.observe(compute, labels)

    def predicted(self, label: str, probability: float, unknown: bool | None) -> None:
        self._predictions.labels(label, self._settings.model_version).inc()
        self._confidence.observe(probability)
        if unknown:
            self._unknown.labels(self._settings.model_version).inc()

    def drift_begins(self, rate: float, thresholds: Mapping[int, Mapping[str, float]]) -> None:
        """Of windows by their answers; a threshold a statistic."""
        version = self._settings.model_version
        if thresholds:
            self._drift_false_alarm_rate.labels(version).set(rate)
        for answers, by_statistic in thresholds.items():
            self._drift_filled.labels(version, answers)
            self._drift_windows.labels(version, answers)
            self._drift_alarms.labels(version, answers)
            for statistic, threshold in by_statistic.items():
                self._drift_threshold.labels(version, answers, statistic).set(threshold)

    def drift_filling(self, answers: int, filled: Callable[[], int]) -> None:
        self._drift_filled.labels(self._settings.model_version, answers).set_function(filled)

    def drift_compared(self, answers: int, scores: Mapping[str, float], exceeded: bool) -> None:
        version = self._settings.model_version
        for statistic, score in scores.items():
            self._drift_score.labels(version, answers, statistic).set(score)
        if exceeded:
            self._drift_alarms.labels(version, answers).inc()
        # Last: who looks meanwhile, and finds the window counted, finds all of it.
        self._drift_windows.labels(version, answers).inc()

    def refused(self, code: str) -> None:
        """An image was, not a whole request."""
        self._refused.labels(code).inc()

    def reviewed(self, result: str) -> None:
        self._reviews.labels(result).inc()

    def log_begins(
        self, kinds: Iterable[str], reasons: Iterable[str], sources: Iterable[str]
    ) -> None:
        """What may be written or dropped, why it may fail, and why people are asked to review, if
        they are: their series begin at zero."""
        for kind in kinds:
            self._log_written.labels(kind)
            self._log_dropped.labels(kind)
        for reason in reasons:
            self._log_failures.labels(reason)
        for source in sources:
            self._review_queued.labels(source)

    def log_written(self, kind: str, number: int) -> None:
        self._log_written.labels(kind).inc(number)

    def log_dropped(self, kind: str, number: int) -> None:
        self._log_dropped.labels(kind).inc(number)

    def log_failed(self, reason: str) -> None:
        self._log_failures.labels(reason).inc()

    def review_queued(self, answers: Mapping[str, int]) -> None:
        for source, number in answers.items():
            self._review_queued.labels(source).inc(number)

    def model_loaded(
        self,
        classes: Iterable[str],
        run: str,
        architecture: str,
        precision: str,
        tells_unknown: bool,
    ) -> None:
        for label in classes:
            # A series that begins at zero: the first predictions count in rate() too.
            self._predictions.labels(label, self._settings.model_version)
        if tells_unknown:
            self._unknown.labels(self._settings.model_version)
        self._model_info.labels(
            self._settings.model_name,
            self._settings.model_namespace,
            self._settings.model_version,
            self._settings.contract_digest,
            run,
            architecture,
            precision,
        ).set(1)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """The metrics and their content type, in the format that the scraper prefers."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type
