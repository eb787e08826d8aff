"""What the token reviewer counts, in a registry of its own; shown by `probes.py`."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder

# `refused`: not asked, because too much was asked already.
RESULTS = ("allowed", "forbidden", "unauthenticated", "unavailable", "refused")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._reviews = Counter(
            "dandelion_token_reviews",
            "Questions of serving pods about a token, by what came of them.",
            ("result",),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "dandelion_token_review_seconds",
            "Time that the API server took for both halves of an answer.",
            buckets=SECONDS,
            registry=self.registry,
        )
        for result in RESULTS:
            self._reviews.labels(result)

    def reviewed(self, result: str) -> None:
        self._reviews.labels(result).inc()

    def took(self, seconds: float) -> None:
        self._seconds.observe(seconds)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type
