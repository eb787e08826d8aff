"""All that one reconcile touches outside of this process, in one value.

Made by `process`, handed to `reconcile`, and from there to `observe` and `apply`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.cluster import Cluster
from dandelion_operator.location import Defaults
from dandelion_operator.probe import Probe
from dandelion_operator.registry import Registry
from dandelion_operator.reviewers import TokenReviewers
from dandelion_operator.storage import Storage


@dataclass(frozen=True)
class World:
    cluster: Cluster
    registry: Registry
    storage: Storage
    probe: Probe
    reviewers: TokenReviewers
    defaults: Defaults
