"""What is beside a resource whose pods reach S3 by their accounts: the accounts, and its Secrets.

Of a time before, Secrets hold keys. They stay there for as long as pods of that time do. Called by
`observe`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.location import Defaults, Location
from dandelion_operator.api.reasons import Failure, Reason, name_taken
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.observe.credentials import ResolvedCredentials
from dandelion_operator.loop.observe.readings.objects import goes_by_account, holds
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError
from dandelion_operator.ports.kube.objects import SERVICE_ACCOUNT, is_owned
from dandelion_operator.ports.s3.credentials import KEY_PARTS
from dandelion_operator.seen.identity import AccountSecrets

Raw = Mapping[str, Any]


async def accounts(
    resource: Resource, location: Location, cluster: Cluster, defaults: Defaults
) -> frozenset[str] | Failure:
    """Of training and inference, those whose account is missing or says something else."""
    wanted = naming.s3_accounts(
        resource.key, location.training_goes_by_account, location.serving_goes_by_account
    )
    try:
        found = await asyncio.gather(
            *(cluster.get(SERVICE_ACCOUNT, resource.namespace, name) for name in wanted.values())
        )
    except ClusterError as error:
        if not error.refused:
            raise
        words = f"the accounts by which pods reach S3 cannot be looked after: {error}"
        return Failure(Reason.IDENTITY_MISSING, words)
    wrong = set()
    for (component, name), raw in zip(wanted.items(), found, strict=True):
        if raw is not None and not is_owned(raw, resource.uid):
            return name_taken("ServiceAccount", name)
        told = digests.identity(resource, defaults, component)
        there = ((raw or {}).get("metadata") or {}).get("annotations") or {}
        if not told.items() <= there.items():
            wrong.add(component)
    return frozenset(wrong)


def account_secrets(
    credentials: ResolvedCredentials,
    jobs: Sequence[Raw],
    pods: Sequence[Raw],
    deployment: Raw | None,
) -> AccountSecrets:
    """Pods, and the Deployment that makes them, are those that serve."""
    serving = [*pods, *([deployment["spec"]["template"]] if deployment else [])]
    working = [job for job in jobs if not holds(job, "Complete") and not holds(job, "Failed")]
    uses = {
        naming.TRAINING: not all(map(goes_by_account, working)),
        naming.INFERENCE: not all(map(goes_by_account, serving)),
        naming.LOG: not all(map(goes_by_account, serving)),
    }
    stale, unsigned, held, at_rest = set(), set(), set(), {}
    for purpose, raw in credentials.by_account.items():
        data, wanted = dict((raw or {}).get("data") or {}), credentials.signing.get(purpose, {})
        if data.keys() & KEY_PARTS and uses[purpose]:
            held.add(purpose)
            if not wanted.items() <= data.items():
                unsigned.add(purpose)
            continue
        if data != wanted:
            stale.add(purpose)
        if raw is not None and wanted and not data.keys() & KEY_PARTS:
            at_rest[purpose] = raw
    return AccountSecrets(frozenset(stale), frozenset(unsigned), frozenset(held), at_rest)
