"""The console's own token for one model, of use nowhere else.

Pods with `spec.serving.auth: ClusterTokens` want to know who calls. A person's login is for the API
server, and whoever runs such a pod could act with it as that person; a token for all models would
let them call everybody's. So the console asks the API server for a token of its own account that is
good for ten minutes and for this one model. Used by `cluster.serving`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from dandelion_console.cluster.api import ApiServer
from dandelion_console.cluster.people import ACCOUNT, username
from dandelion_console.ports.account import Account
from dandelion_console.resource import GROUP

SECONDS = 600  # the shortest that the API server gives
RENEWED_AFTER_SECONDS = SECONDS / 2
KEPT = 1000


class ModelTokens:
    def __init__(self, api: ApiServer, account: Account, now: Callable[[], float]) -> None:
        """`now` is in seconds since 1970."""
        self._api = api
        self._account = account
        self._now = now
        self._path = ""
        self._kept: OrderedDict[tuple[str, str], tuple[str, float]] = OrderedDict()

    async def token(self, namespace: str, name: str) -> str | None:
        """None where the console has no account; raises as `ApiServer` does, and AccountError."""
        if not self._account:
            return None
        caller = self._account.caller()
        place = namespace, name
        kept, until = self._kept.get(place, ("", 0.0))
        if self._now() < until:
            return kept
        if not self._path:
            self._path = _path(await username(self._api, caller))
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": [audience(namespace, name)], "expirationSeconds": SECONDS},
        }
        answer = await self._api.create(caller, self._path, request)
        made = str(answer["status"]["token"])
        self._kept[place] = made, self._now() + RENEWED_AFTER_SECONDS
        self._kept.move_to_end(place)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return made


def audience(namespace: str, name: str) -> str:
    """Whom a token for one model is meant for; serving knows its own."""
    return f"{GROUP}/{namespace}/{name}"


def _path(username: str) -> str:
    namespace, _, name = username.removeprefix(ACCOUNT).partition(":")
    return f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
