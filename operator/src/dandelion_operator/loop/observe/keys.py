"""The keys beside a resource: what lies there, who holds it, and what STS gives in its place.

Called by `observe`. STS is asked where another key is due and no sooner; what is due follows from
the Secret and the pods alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.access.sts import Mode
from dandelion_operator.api.location import Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.session_policy import session_policy
from dandelion_operator.loop.observe.credentials import ResolvedCredentials
from dandelion_operator.loop.observe.readings.objects import holds, takes_session_token
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.s3.sts import Request
from dandelion_operator.seen.keys import KeyLook, KeySeen

Raw = Mapping[str, Any]


async def looks(
    resource: Resource,
    location: Location,
    credentials: ResolvedCredentials,
    former: frozenset[str],
    clients: Clients,
    now: str,
) -> dict[str, KeyLook]:
    """By purpose; `former` are the purposes of `held_by_former`."""
    sts = clients.defaults.sts
    if sts.mode is Mode.OFF:
        return {}
    insists = sts.mode is Mode.ON

    async def look(purpose: str) -> KeyLook:
        installation = credentials.installation[purpose]
        policy = session_policy(resource, location, purpose)
        request = Request(location, sts, policy, f"{resource.namespace}.{resource.name}"[:64])
        seen = key_seen(
            credentials.raw.get(purpose),
            purpose not in credentials.stale_secrets,
            purpose in former,
        )
        if seen.held_shared and not insists:
            return KeyLook(seen)
        if not seen.is_due(request.asked(installation), now):
            return KeyLook(seen, insists=insists)
        return KeyLook(seen, await clients.tokens.key(request, installation), insists)

    purposes = sorted(credentials.installation)
    found = await asyncio.gather(*(look(purpose) for purpose in purposes))
    return dict(zip(purposes, found, strict=True))


def key_seen(secret: Raw | None, shared: bool, former: bool) -> KeySeen:
    """`shared`: what lies there is the installation's key."""
    if secret is None:
        return KeySeen(former=former)
    annotations = secret["metadata"].get("annotations") or {}
    content = annotations.get(naming.KEY_CONTENT_ANNOTATION)
    return KeySeen(
        shared=shared,
        asked=annotations.get(naming.KEY_ASKED_ANNOTATION, ""),
        intact=content == digests.key_content(secret.get("data") or {}),
        issued=annotations.get(naming.KEY_ISSUED_ANNOTATION, ""),
        expires=annotations.get(naming.KEY_EXPIRES_ANNOTATION, ""),
        former=former,
    )


def held_by_former(
    jobs: Sequence[Raw], pods: Sequence[Raw], deployment: Raw | None
) -> frozenset[str]:
    """The purposes whose keys pods of a former release hold, or such as their templates make."""
    serving = [*pods, *([deployment["spec"]["template"]] if deployment else [])]
    working = [job for job in jobs if not holds(job, "Complete") and not holds(job, "Failed")]
    found = set[str]()
    if not all(takes_session_token(pod) for pod in serving):
        found |= {naming.INFERENCE, naming.LOG}
    if not all(takes_session_token(job) for job in working):
        found.add(naming.TRAINING)
    return frozenset(found)
