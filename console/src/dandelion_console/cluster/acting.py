"""Has done what a person may have done: with their own token, or by the console's account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dandelion_console.cluster.api import ApiError, ApiServer, TokenRefusedError
from dandelion_console.cluster.models import change
from dandelion_console.cluster.rights import Allowance
from dandelion_console.ports.account import Account, AccountError
from dandelion_console.ports.session import Person
from dandelion_console.resource import ModelDeployment, Right


def allowed(allowance: Allowance, account: Account) -> frozenset[Right]:
    """What can be done for them: without an account, nothing that they do not write themselves."""
    return allowance.rights if allowance.own or account else frozenset()


def check(
    account: Account, person: Person, allowance: Allowance, right: Right, seen: ModelDeployment
) -> None:
    """Raises ApiError, as the API server would have, where they may not have that done."""
    where = f"{seen.metadata.name} in {seen.metadata.namespace}"
    if right not in allowance.rights:
        words = f"it takes the right to create modeldeployments/{right} there."
        raise ApiError(403, "Forbidden", f"{person.name} may not {right} {where}: {words}")
    if not (allowance.own or account):
        words = "and this console has no account that does it for them."
        raise ApiError(403, "Forbidden", f"{person.name} may not change {where}, {words}")


async def act(
    api: ApiServer,
    account: Account,
    person: Person,
    allowance: Allowance,
    seen: ModelDeployment,
    patch: Mapping[str, Any],
) -> None:
    """Changes the model that was seen, for somebody who was checked.

    Raises:
        ApiError: the API server refuses it, with its words.
        AccountError: the console's account cannot write.
        TokenRefusedError, UnreachableError: as `ApiServer` has them.
    """
    writer = person if allowance.own else account.caller()
    metadata = seen.metadata
    try:
        await change(api, writer, metadata.namespace, metadata.name, metadata.uid, patch)
    except TokenRefusedError as error:
        if writer is person:
            raise
        raise AccountError("the API server does not accept the token of its account") from error
