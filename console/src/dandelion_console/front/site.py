"""What all routes share. Made by `front.app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dandelion_console.cluster.api import ApiServer
from dandelion_console.cluster.serving import Models
from dandelion_console.front.rendering import Pages
from dandelion_console.front.visitor import Visitors
from dandelion_console.ports.account import Account
from dandelion_console.ports.metrics import Metrics
from dandelion_console.ports.review_service import ReviewService
from dandelion_console.views.links import Links


@dataclass(frozen=True)
class Site:
    """`namespaces`: those to offer besides what the API server tells; `provider_name`: how to call
    the identity provider, empty where there is none.
    """

    api: ApiServer
    account: Account
    models: Models
    review: ReviewService
    visitors: Visitors
    pages: Pages
    namespaces: tuple[str, ...]
    provider_name: str
    metrics: Metrics
    links: Links
    now: Callable[[], datetime]
