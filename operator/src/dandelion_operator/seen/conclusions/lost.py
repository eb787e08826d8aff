"""Whether MLflow lost versions that it held: its volume is gone, or its database is another one.

A person who deletes a version leaves the registered model as old as it was. A registry that was
lost has no such model, or one that was made after the status last knew of a version. Facts; asked
by `observe` and the gate.
"""

from __future__ import annotations

from datetime import UTC, datetime

from dandelion_operator.api.status import Status
from dandelion_operator.api.status.history import FOLLOWED, TRAINED
from dandelion_operator.api.status.training import RunState
from dandelion_operator.seen.versions import RegistrySeen

TIME = "%Y-%m-%dT%H:%M:%SZ"


def registry_is_lost(previous: Status, registry: RegistrySeen) -> bool:
    """Also while it is being restored: then the registered model itself says so."""
    if registry.restoring:
        return True
    training = previous.training
    trained = training.run if training and training.state is RunState.SUCCEEDED else ""
    served = served_digests(previous, registry)
    if not trained and not served:
        return False
    if registry.of_run(trained) or any(registry.of_contract(digest) for digest in served):
        return False
    known = _last_known(previous)
    return not registry.created or (known is not None and registry.created > known)


def served_digests(previous: Status, registry: RegistrySeen) -> tuple[str, ...]:
    """Of the contracts of what is deployed and of what the status says serves, in that order."""
    deployed, champion = registry.deployed, previous.champion
    found = (deployed.contract_digest if deployed else "", (champion and champion.digest) or "")
    return tuple(digest for digest in found if digest)


def _last_known(previous: Status) -> int | None:
    """The last moment of which the status tells that a version was there, in seconds since 1970."""
    times = [entry.time for entry in previous.history if entry.decision in (*FOLLOWED, TRAINED)]
    seconds = [found for found in map(_seconds, times) if found is not None]
    return max(seconds, default=None)


def _seconds(time: str) -> int | None:
    try:
        return int(datetime.strptime(time, TIME).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
