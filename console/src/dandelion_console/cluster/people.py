"""Who a token belongs to, and what they may do: the API server's own answers to both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import structlog

from dandelion_console.cluster.api import ApiError, ApiServer, TooLargeError
from dandelion_console.ports.session import Person
from dandelion_console.resource import GROUP, PLURAL

WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
MAY = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
MAY_SOMEBODY = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
NAMESPACES = "/api/v1/namespaces"

# Of a cluster with more, the rest has to be typed.
ASKED_ABOUT = 100
AT_ONCE = 8
ACCOUNT = "system:serviceaccount:"

log = structlog.get_logger()


async def who(api: ApiServer, token: str) -> Person:
    """Whose token it is.

    Raises:
        TokenRefusedError: nobody's, or it has expired, or it is not meant for the API server.
        ApiError, UnreachableError: there is no answer.
    """
    return Person(await username(api, Person("", token)), token)


async def username(api: ApiServer, person: Person) -> str:
    """What the API server calls them by their token; raises as `who` does."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = await api.create(person, WHO, review)
    user = (answer.get("status") or {}).get("userInfo") or {}
    return str(user.get("username") or "unknown")


async def may(
    api: ApiServer,
    person: Person,
    verb: str,
    namespace: str,
    name: str | None = None,
    subresource: str = "",
) -> bool:
    """Whether RBAC lets them do that with ModelDeployments, or with one, or a part of one."""
    attributes = {"namespace": namespace, "verb": verb, "group": GROUP, "resource": PLURAL}
    if subresource:
        attributes["subresource"] = subresource
    return await _allowed(api, person, attributes | ({"name": name} if name else {}))


async def reader(
    api: ApiServer, person: Person, verb: str, namespace: str, name: str | None = None
) -> Person:
    """As whom ModelDeployments are read for them: as themselves, or as the console's account once
    the API server has said that they may.

    Raises as `ApiServer` does, with its own words where they may not; and AccountError.
    """
    if person.token is not None:
        return person
    if not await may(api, person, verb, namespace, name):
        scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
        words = f'User "{person.name}" cannot {verb} resource "{PLURAL}" in API group "{GROUP}"'
        raise ApiError(403, "Forbidden", f"{PLURAL}.{GROUP} is forbidden: {words} {scope}")
    return api.account()


async def _allowed(api: ApiServer, person: Person, attributes: dict[str, str]) -> bool:
    spec: dict[str, Any] = {"resourceAttributes": attributes}
    kind, path, caller = "SelfSubjectAccessReview", MAY, person
    if person.token is None:
        spec |= {"user": person.name, "groups": person.groups}
        kind, path, caller = "SubjectAccessReview", MAY_SOMEBODY, api.account()
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
    status = (await api.create(caller, path, review)).get("status") or {}
    return status.get("allowed") is True and status.get("denied") is not True


async def namespaces(api: ApiServer, person: Person, known: Iterable[str]) -> tuple[str, ...]:
    """Those whose ModelDeployments they may list, of the `known` ones, their own and all that they
    may see, the first ones of which if there are too many.
    """
    candidates = sorted({*known, *_own(person.name)})
    try:
        # Which there are is shown to nobody: only those of which they may list the models.
        caller = person if person.token is not None else api.account()
        found = await api.get(caller, NAMESPACES, {"limit": str(ASKED_ABOUT)})
        candidates += sorted(item["metadata"]["name"] for item in found.get("items") or ())
    except TooLargeError:
        log.warning("the namespaces are more than is read of one answer")
    except ApiError as error:
        if error.status != 403:
            raise
    room = asyncio.Semaphore(AT_ONCE)

    async def listed(namespace: str) -> bool:
        async with room:
            return await may(api, person, "list", namespace)

    asked = list(dict.fromkeys(candidates))[:ASKED_ABOUT]
    answers = await asyncio.gather(*map(listed, asked))
    return tuple(sorted(name for name, allowed in zip(asked, answers, strict=True) if allowed))


def _own(username: str) -> tuple[str, ...]:
    """The namespace of a ServiceAccount."""
    if not username.startswith(ACCOUNT):
        return ()
    return (username.removeprefix(ACCOUNT).partition(":")[0],)
