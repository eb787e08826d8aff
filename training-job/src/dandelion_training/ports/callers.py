"""Whether a request comes from the one account that may ask: the API server says whose token it
brings (TokenReview).

The answer holds for a minute, a refusal for ten seconds. The own token and the certificate of the
API server are read anew each time, because both are rotated.
"""

import hashlib
import json
import ssl
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3

AUDIENCE = "review.dandelion.dev"
"""What tokens for a review are bound to: of no use anywhere else."""
PATH = "/apis/authentication.k8s.io/v1/tokenreviews"
TIMEOUT = urllib3.Timeout(connect=2, read=4)
HOLDS_SECONDS, REFUSED_SECONDS = 60.0, 10.0
REMEMBERED = 64
LONGEST_TOKEN = 16 * 1024


class CallerError(Exception):
    """The API server does not say whose token it is, and why."""


Ask = Callable[[str], str]


class Callers:
    """Knows the tokens of one account, `system:serviceaccount:NAMESPACE:NAME`."""

    def __init__(self, account: str, ask: Ask, clock: Callable[[], float]) -> None:
        """`ask` gives the name that a token belongs to, or nothing; `clock` is in seconds."""
        self._account = account
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._verdicts: OrderedDict[bytes, tuple[bool, float]] = OrderedDict()

    def is_known(self, token: str) -> bool:
        """Raises CallerError."""
        if not token or len(token) > LONGEST_TOKEN:
            return False
        digest, now = hashlib.sha256(token.encode()).digest(), self._clock()
        with self._lock:
            known, until = self._verdicts.get(digest, (False, now))
        if now < until:
            return known
        known = self._ask(token) == self._account
        with self._lock:
            self._verdicts[digest] = known, now + (HOLDS_SECONDS if known else REFUSED_SECONDS)
            self._verdicts.move_to_end(digest)
            while len(self._verdicts) > REMEMBERED:
                self._verdicts.popitem(last=False)
        return known


class ApiServer:
    """Asks as the ServiceAccount whose token and `ca.crt` lie in the folder."""

    def __init__(self, host: str, port: int, folder: Path) -> None:
        self._url = f"https://{f'[{host}]' if ':' in host else host}:{port}{PATH}"
        self._folder = folder

    def whose(self, token: str) -> str:
        """The name that a token for AUDIENCE belongs to, or nothing; raises CallerError."""
        review = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [AUDIENCE]},
        }
        status = self._status(json.dumps(review).encode())
        user = status.get("user") or {}
        # One that knows no audiences names none: it has looked whether the token is for itself.
        is_meant = AUDIENCE in (status.get("audiences") or ())
        known = status.get("authenticated") is True and is_meant
        return str(user.get("username") or "") if known else ""

    def _status(self, body: bytes) -> dict[str, Any]:
        try:
            own = (self._folder / "token").read_text(encoding="utf-8").strip()
            context = ssl.create_default_context(cafile=str(self._folder / "ca.crt"))
        except (OSError, ValueError) as error:
            raise CallerError(f"{self._folder} holds no token of this pod: {error}") from error
        headers = {"Authorization": f"Bearer {own}", "Content-Type": "application/json"}
        try:
            with urllib3.PoolManager(ssl_context=context, timeout=TIMEOUT, retries=False) as pool:
                answer = pool.request("POST", self._url, body=body, headers=headers)
            found = json.loads(answer.data) if answer.status in (200, 201) else None
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            # Its text holds neither header nor body.
            raise CallerError(f"the API server does not answer: {type(error).__name__}") from error
        status = found.get("status") if isinstance(found, dict) else None
        if not isinstance(status, dict):
            raise CallerError(f"the API server answered {answer.status} to a TokenReview")
        return status
