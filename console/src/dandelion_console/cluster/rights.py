"""What a person may do with one model, beyond looking at it, and whether they write it themselves.

Asked by `front` before anything is offered or done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from dandelion_console.cluster.api import ApiServer
from dandelion_console.cluster.people import may
from dandelion_console.ports.session import Person
from dandelion_console.resource import Right

# What these ask for are fields that whoever may patch a model writes anyway.
WITH_PATCH = frozenset({Right.TRAIN, Right.INGEST, Right.SUSPEND})


@dataclass(frozen=True)
class Allowance:
    """`rights`: what may be done for them; `own`: they may write it with their own token."""

    rights: frozenset[Right]
    own: bool


async def may_do(api: ApiServer, person: Person, namespace: str, name: str, right: Right) -> bool:
    """Raises as `ApiServer` does."""
    return await may(api, person, "create", namespace, name, right)


async def allowance(
    api: ApiServer, person: Person, namespace: str, name: str, asked: Iterable[Right]
) -> Allowance:
    """Raises as `ApiServer` does."""
    wanted = tuple(asked)
    patches, *answers = await asyncio.gather(
        may(api, person, "patch", namespace, name),
        *(may_do(api, person, namespace, name, right) for right in wanted),
    )
    has = {right for right, answer in zip(wanted, answers, strict=True) if answer}
    has |= WITH_PATCH.intersection(wanted) if patches else set()
    return Allowance(frozenset(has), own=patches and person.token is not None)
