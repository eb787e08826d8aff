"""What was read of serving: Deployment, pods, Service, and the answer they give."""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.api.location import Target


@dataclass(frozen=True)
class DeploymentSeen:
    ours: bool
    target: Target | None = None
    serving_digest: str | None = None
    generation: int = 0
    observed_generation: int = 0
    wanted_replicas: int = 0
    replicas: int = 0
    updated: int = 0
    available: int = 0
    progress_deadline_seconds: int | None = None
    revision_history_limit: int | None = None
    deadline_exceeded: bool = False
    refused: str | None = None
    evicted: str | None = None  # why a node put the newest pod out
    paused_by: str = ""  # who paused it, in words; empty where it is not paused
    scaled_by: str = ""  # who sets its replicas by its scale subresource; empty where nobody does
    by_account: bool = False  # its pods have no key, and reach S3 by their ServiceAccount
    takes_session_token: bool = True  # not so where a former release made its pod template
    mounts_log_key: bool = True  # not so where a release made it that wrote no predictions down
    # Pods of a former release ask the API server who calls, or are just being replaced.
    may_ask_api_server: bool = False

    def serves(self, target: Target) -> bool:
        """Whether it is this resource's and wants exactly that artifact."""
        return self.ours and self.target == target

    @property
    def complete(self) -> bool:
        return (
            self.observed_generation >= self.generation
            and self.replicas == self.updated == self.available == self.wanted_replicas
        )


@dataclass(frozen=True)
class PodSeen:
    name: str
    version: int | None
    ready: bool
    deleting: bool = False
    gone_by: str = ""  # where it is told to go: when its grace is over
    reason: str | None = None
    message: str | None = None
    permanent: bool = False

    def has_ended(self, now: str) -> bool:
        """Told to go, no longer ready, and past its grace: on a node that is lost, it may stay so
        for ever. Until then it may answer on connections that clients have kept."""
        return self.deleting and not self.ready and self.gone_by <= now


@dataclass(frozen=True)
class ServiceSeen:
    ours: bool
    digest: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class BudgetSeen:
    """PodDisruptionBudgets over the serving pods. `digest` is what ours was made from.

    Kubernetes evicts no pod that two budgets cover, so one of somebody else's is enough.
    """

    exists: bool = False
    ours: bool = False
    digest: str | None = None
    another_covers: bool = False


@dataclass(frozen=True)
class RouteSeen:
    """The HTTPRoute or the Ingress to the Service. `digest` is what it was made from, `url` where
    requests are led to it, `trouble` why none are, or not by every Gateway, in words; `unknown`:
    the cluster has no such kind, or it may not be read.
    """

    exists: bool = False
    ours: bool = False
    digest: str | None = None
    url: str | None = None
    trouble: str = ""
    unknown: bool = False


@dataclass(frozen=True)
class Answer:
    """What a GET of /readyz through the Service brought back; `pending`: nothing recent yet.

    `no_endpoints`: nothing was asked, since no EndpointSlice of the Service has a ready endpoint.
    """

    version: int | None
    message: str = ""
    pending: bool = False
    no_endpoints: bool = False
