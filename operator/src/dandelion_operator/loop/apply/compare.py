"""Are the children still what was applied, or has somebody else written to them?

Field managers tell without a request whether anybody has: a field that somebody else set is no
longer the operator's. Only then is the API server asked, by a dry run of the apply, which fields
would change; so what an admission webhook or a default adds is no difference. Called by `reconcile`
between `observe` and `decide`. What it remembers only saves dry runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from dandelion_operator.api import digests, naming
from dandelion_operator.api.location import Location
from dandelion_operator.api.resource import NamespacedName, Resource
from dandelion_operator.loop.apply.children import (
    ChildAction,
    applied_digest,
    child,
    with_notes,
)
from dandelion_operator.loop.decide.plan.children import (
    ApplyBudget,
    ApplyDeployment,
    ApplyIngress,
    ApplyPolicy,
    ApplyRoute,
    ApplyService,
    RefreshSecret,
)
from dandelion_operator.loop.decide.rollout.target import wanted_target
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.kube import managed_fields
from dandelion_operator.ports.kube.cluster import ClusterError
from dandelion_operator.ports.kube.managed_fields import Path
from dandelion_operator.ports.kube.objects import Kind, is_owned
from dandelion_operator.ports.s3.credentials import (
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    SIGNING_KEY,
)
from dandelion_operator.seen.drift import Drift
from dandelion_operator.seen.observed import Observed

Raw = Mapping[str, Any]
NOTES = frozenset(
    {naming.APPLIED_ANNOTATION, naming.INSTALLATION_ANNOTATION, naming.CORRECTED_ANNOTATION}
)
KEY_PARTS = frozenset({ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, SIGNING_KEY})
POLICIES = {naming.policy_child(name): name for name in (naming.TRAINING, naming.INFERENCE)}
UNKNOWN_WRITER = "somebody unknown"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _State:
    """What an answer rests on: the child as it is, and all that decides what is wanted of it."""

    uid: str
    version: str
    generation: int
    location: Location
    action: ChildAction


class Comparison:
    """Remembers by resource and child which fields differed, for as long as nothing changes."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._known: dict[NamespacedName, dict[str, tuple[_State, tuple[Path, ...]]]] = {}

    def forget(self, key: NamespacedName) -> None:
        self._known.pop(key, None)

    async def drifts(
        self, resource: Resource, observed: Observed, location: Location
    ) -> dict[str, Drift]:
        """Raises ClusterError."""
        found = {}
        for name, action in _applied(resource, observed, location):
            live = observed.raw[name]
            if not is_owned(live, resource.uid):
                continue
            fields: tuple[Path, ...] = ()
            # Without field managers, nothing tells others' writes from a former release's.
            if isinstance(action, RefreshSecret) and _holds_temporary_key(live):
                fields = _key_of_others(live)
            elif action is not None and live["metadata"].get("managedFields"):
                fields = await self._remembered(name, action, resource, location, live)
            found[name] = _drift(live, fields, self._clients.defaults.installation)
        return found

    async def _remembered(
        self, name: str, action: ChildAction, resource: Resource, location: Location, live: Raw
    ) -> tuple[Path, ...]:
        metadata, known = live["metadata"], self._known.setdefault(resource.key, {})
        state = _State(
            metadata["uid"], metadata["resourceVersion"], resource.generation, location, action
        )
        if name in known and known[name][0] == state:
            return known[name][1]
        kind, wanted = child(action, resource, location, self._clients.defaults)
        suspected = any(_is_of_others(live, wanted, path) for path in _paths(wanted))
        found = await self._try(kind, wanted, live) if suspected else ()
        known[name] = (state, found)
        return found

    async def _try(self, kind: Kind, wanted: dict[str, Any], live: Raw) -> tuple[Path, ...]:
        noted = with_notes(wanted, self._clients.defaults.installation, ())
        body = {**noted, "metadata": {**noted["metadata"], "uid": live["metadata"]["uid"]}}
        try:
            tried = await self._clients.cluster.try_apply(kind, body)
        except ClusterError as error:
            if not error.refused:
                raise
            log.info("a child cannot be compared", child=kind.plural, cause=str(error))
            return ()
        is_there, would_be = _values(live), _values(tried)
        return tuple(
            path
            for path in sorted(is_there.keys() | would_be.keys())
            if is_there.get(path, _ABSENT) != would_be.get(path, _ABSENT)
            and _is_of_others(live, wanted, path)
        )


_ABSENT = object()


def _applied(
    resource: Resource, observed: Observed, location: Location
) -> Iterator[tuple[str, ChildAction | None]]:
    """By what each child was made; None: something else is wanted now, so nothing can differ."""
    for name in observed.raw:
        match name:
            case "Deployment":
                yield name, _deployment(resource, observed, location)
            case "Service":
                yield name, ApplyService()
            case "PodDisruptionBudget":
                yield name, ApplyBudget()
            case "HTTPRoute":
                yield name, ApplyRoute() if location.route is not None else None
            case "Ingress":
                yield name, ApplyIngress() if location.ingress is not None else None
            case str() if name in POLICIES:
                yield name, _policy(POLICIES[name], observed, location)
            case purpose:
                yield name, RefreshSecret(purpose)


def _deployment(
    resource: Resource, observed: Observed, location: Location
) -> ApplyDeployment | None:
    (target, _), deployment = wanted_target(observed), observed.deployment
    if target is None or deployment is None:
        return None
    if deployment.serving_digest != digests.serving(resource, target, location):
        return None
    return ApplyDeployment(target, not deployment.scaled_by)


def _policy(component: str, observed: Observed, location: Location) -> ApplyPolicy | None:
    wanted, seen = (location.policies or {}).get(component), observed.policies or {}
    if wanted is None or seen.get(component) != digests.digest(wanted):
        return None
    return ApplyPolicy(component)


def _holds_temporary_key(live: Raw) -> bool:
    annotations = live["metadata"].get("annotations") or {}
    return naming.KEY_ASKED_ANNOTATION in annotations


def _key_of_others(live: Raw) -> tuple[Path, ...]:
    """What others made of a key that is for a while: it cannot be applied again to see."""
    if not live["metadata"].get("managedFields"):
        return ()
    paths = (("data", name) for name in sorted(live.get("data") or {}) if name in KEY_PARTS)
    return tuple(path for path in paths if _is_of_others(live, live, path))


def _is_of_others(live: Raw, wanted: Raw, path: Path) -> bool:
    """Whether somebody else set the field, or took it away.

    A field that is not there may also be one that an older release did not apply: that is told by
    the digest of what was applied.
    """
    ours = (
        entry.get("fieldsV1") or {}
        for entry in live["metadata"].get("managedFields") or []
        if entry.get("manager") == naming.FIELD_MANAGER
    )
    if any(fields and managed_fields.owns(fields, path) for fields in ours):
        return False
    if managed_fields.holds(managed_fields.content(live), path):
        return True
    annotations = live["metadata"].get("annotations") or {}
    return bool(annotations.get(naming.APPLIED_ANNOTATION) == applied_digest(wanted))


def _paths(wanted: Raw) -> Iterator[Path]:
    for path, _ in managed_fields.leaves(managed_fields.content(wanted)):
        yield path


def _values(raw: Raw) -> dict[Path, Any]:
    return {
        path: value
        for path, value in managed_fields.leaves(managed_fields.content(raw))
        if path[-1] not in NOTES
    }


def _drift(live: Raw, fields: tuple[Path, ...], installation: str) -> Drift:
    annotations = live["metadata"].get("annotations") or {}
    noted = annotations.get(naming.CORRECTED_ANNOTATION) or ""
    wrote = annotations.get(naming.INSTALLATION_ANNOTATION) or installation
    return Drift(
        fields=tuple(managed_fields.in_words(path) for path in fields),
        writers=tuple(sorted({_writer(live, path) for path in fields})),
        corrected=tuple(name for name in noted.split(",") if name),
        rival="" if wrote == installation else f"the installation in {wrote}",
    )


def _writer(live: Raw, path: Path) -> str:
    for writer in managed_fields.writers(live, *path):
        return writer.manager
    return managed_fields.latest_writer(live, but=naming.FIELD_MANAGER) or UNKNOWN_WRITER
