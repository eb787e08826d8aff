"""The clients that one reconcile uses, and the installation's defaults, in one value.

Made by `process.operator`, handed to `reconcile`, and from there to `observe` and `apply`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dandelion_operator.api.location import Defaults
from dandelion_operator.ports.kube.cluster import Cluster
from dandelion_operator.ports.kube.namespaces import Namespaces
from dandelion_operator.ports.lookups import Lookups
from dandelion_operator.ports.probes import Probes
from dandelion_operator.ports.registry import Registry
from dandelion_operator.ports.s3.identity import OperatorIdentity
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.ports.s3.sts import TokenService


@dataclass(frozen=True)
class Clients:
    cluster: Cluster
    registry: Registry
    storage: Storage
    probes: Probes
    defaults: Defaults
    namespaces: Namespaces
    lookups: Lookups = field(default_factory=Lookups)
    tokens: TokenService = field(default_factory=TokenService)
    identity: OperatorIdentity | None = None  # None: the installation has keys
