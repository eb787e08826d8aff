"""Actions on what serves, and on what serving and runs need beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from dandelion_operator.api.location import Target
from dandelion_operator.seen.keys import TemporaryKey


@dataclass(frozen=True)
class RefreshSecret:
    """Put the key for one purpose (training, inference, log) next to the resource.

    `key` is one that is for a while; None: a copy of the chart's.
    """

    purpose: str
    corrected: tuple[str, ...] = field(default=(), compare=False)
    key: TemporaryKey | None = None


@dataclass(frozen=True)
class AddSigningKey:
    """Put what newer pods sign with beside the key that pods of a time before use."""

    purpose: str


@dataclass(frozen=True)
class ApplyS3Account:
    """The ServiceAccount by which pods of a component (training, inference) reach S3."""

    component: str


@dataclass(frozen=True)
class ApplyService:
    """`corrected`, here and below: whose writes are put right with this or were before."""

    corrected: tuple[str, ...] = ()


@dataclass(frozen=True)
class ApplyBudget:
    """The PodDisruptionBudget that lets one serving pod after the other be put out."""

    corrected: tuple[str, ...] = ()


@dataclass(frozen=True)
class RemoveBudget:
    pass


@dataclass(frozen=True)
class ApplyRoute:
    """The HTTPRoute by which callers from outside reach the Service."""

    corrected: tuple[str, ...] = ()


@dataclass(frozen=True)
class ApplyPolicy:
    """The NetworkPolicy of the pods that train or of those that serve."""

    component: str
    corrected: tuple[str, ...] = ()


@dataclass(frozen=True)
class ApplyIngress:
    """The Ingress by which they do where there is no Gateway."""

    corrected: tuple[str, ...] = ()


@dataclass(frozen=True)
class RemoveIngress:
    pass


@dataclass(frozen=True)
class RemoveRoute:
    pass


@dataclass(frozen=True)
class RemovePolicy:
    component: str


@dataclass(frozen=True)
class ApplyDeployment:
    """A new pod template: this is what starts a rollout.

    `sets_replicas` is false where an autoscaler sets them.
    """

    target: Target
    sets_replicas: bool = True
    corrected: tuple[str, ...] = ()


@dataclass(frozen=True)
class AdjustDeployment:
    """Replicas, deadline and history only; no pod is restarted. None: that one is left alone."""

    replicas: int | None
    progress_deadline_seconds: int | None
    revision_history_limit: int | None
    corrected: tuple[str, ...] = ()
