"""Who a token belongs to, and what they may do: the API server's own answers to both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from dandelion_console.cluster.api import ApiError, ApiServer
from dandelion_console.ports.session import Person
from dandelion_console.resource import GROUP, PLURAL

WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
MAY = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
NAMESPACES = "/api/v1/namespaces"

# Of a cluster with more, the rest has to be typed.
ASKED_ABOUT = 100
AT_ONCE = 8
ACCOUNT = "system:serviceaccount:"


async def who(api: ApiServer, token: str) -> Person:
    """Whose token it is.

    Raises:
        TokenRefusedError: nobody's, or it has expired, or it is not meant for the API server.
        ApiError, UnreachableError: there is no answer.
    """
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = await api.create(Person("", token), WHO, review)
    user = (answer.get("status") or {}).get("userInfo") or {}
    return Person(str(user.get("username") or "unknown"), token)


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
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes | ({"name": name} if name else {})},
    }
    status = (await api.create(person, MAY, review)).get("status") or {}
    return status.get("allowed") is True and status.get("denied") is not True


async def namespaces(api: ApiServer, person: Person, known: Iterable[str]) -> tuple[str, ...]:
    """Those whose ModelDeployments they may list, of the `known` ones, their own and all that they
    may see, as far as there are not too many.
    """
    candidates = {*known, *_own(person.name)}
    try:
        found = await api.get(person, NAMESPACES, {"limit": str(ASKED_ABOUT)})
        candidates |= {item["metadata"]["name"] for item in found.get("items") or ()}
    except ApiError as error:
        if error.status != 403:
            raise
    room = asyncio.Semaphore(AT_ONCE)

    async def listed(namespace: str) -> bool:
        async with room:
            return await may(api, person, "list", namespace)

    asked = sorted(candidates)[:ASKED_ABOUT]
    answers = await asyncio.gather(*map(listed, asked))
    return tuple(name for name, allowed in zip(asked, answers, strict=True) if allowed)


def _own(username: str) -> tuple[str, ...]:
    """The namespace of a ServiceAccount."""
    if not username.startswith(ACCOUNT):
        return ()
    return (username.removeprefix(ACCOUNT).partition(":")[0],)
