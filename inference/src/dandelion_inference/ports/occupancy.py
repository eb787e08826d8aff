"""How full the pod is, as Prometheus sees it: what waits, and what is held of what there is.

Looked at when somebody asks, so that it costs nothing until then. Made by `front/app.py`, on the
registry of `metrics.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge


class Admitted(Protocol):
    """What is taken on, and how much of that may be."""

    max_requests: int
    max_bytes: int
    requests: int
    bytes: int


class Occupancy:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._waiting = Gauge(
            "dandelion_images_waiting",
            "Images that wait for a worker, for memory or for their turn, by class of work.",
            ("class",),
            registry=registry,
        )
        self._places = Gauge(
            "dandelion_places_held",
            "Requests taken on, by what they ask for.",
            ("class",),
            registry=registry,
        )
        self._places_limit = Gauge(
            "dandelion_places_limit",
            "Requests that are taken on at most; the next is told 429.",
            ("class",),
            registry=registry,
        )
        self._upload_bytes = Gauge(
            "dandelion_upload_bytes_held",
            "Bytes of the requests taken on, by what they ask for.",
            ("class",),
            registry=registry,
        )
        self._upload_bytes_limit = Gauge(
            "dandelion_upload_bytes_limit",
            "Bytes of requests that are held at most; the next is told 429.",
            ("class",),
            registry=registry,
        )
        self._decoding_bytes = Gauge(
            "dandelion_decoding_bytes_held",
            "Memory in which large images are being decoded.",
            registry=registry,
        )
        self._decoding_bytes_limit = Gauge(
            "dandelion_decoding_bytes_limit",
            "Memory that the container's limit leaves for decoding large images.",
            registry=registry,
        )
        self._saturation = Gauge(
            "dandelion_saturation",
            "Work in the pod against what it does at once, or places or bytes held against those "
            "there are, whichever is more. Above 1, images wait.",
            registry=registry,
        )

    def of_waiting(self, kind: str, waiting: Callable[[], int]) -> None:
        self._waiting.labels(kind).set_function(waiting)

    def of_admission(self, kind: str, admission: Admitted) -> None:
        self._places.labels(kind).set_function(lambda: admission.requests)
        self._places_limit.labels(kind).set(admission.max_requests)
        self._upload_bytes.labels(kind).set_function(lambda: admission.bytes)
        self._upload_bytes_limit.labels(kind).set(admission.max_bytes)

    def of_decoding(self, held: Callable[[], int], limit: Callable[[], int]) -> None:
        self._decoding_bytes.set_function(held)
        self._decoding_bytes_limit.set_function(limit)

    def of_all(self, saturation: Callable[[], float]) -> None:
        self._saturation.set_function(saturation)
