"""Requests to Label Studio with a token, and what stands in their way in words.

A legacy token is sent as it is; a personal access token, which is a JSON Web Token (RFC 7519), is
exchanged for one that lasts some minutes. What reads is attempted again after a while; what writes
only where it cannot have arrived.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)
from urllib3.util import Retry, Timeout, make_headers

TIMEOUT = Timeout(connect=10, read=120)  # seconds
ATTEMPTS, PAUSE = 4, 0.5  # of each request, and seconds before the second
PASSING = (429, 502, 503, 504)
SHOWN = 300  # characters of what an answer says
ENVIRONMENT = "LABEL_STUDIO_API_KEY"  # as its own SDK calls it


class LabelStudioError(Exception):
    """What Label Studio did not do, as a sentence with the way out."""


@dataclass(frozen=True)
class Address:
    """Of Label Studio, without a slash at its end, and of one of its projects where it names one:
    `https://studio.example.org/projects/7`, as a browser shows it.
    """

    base: str
    project: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises LabelStudioError."""
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise LabelStudioError(f"{text!r} is no address: write https://HOST/projects/NUMBER.")
        if parts.username is not None:
            raise LabelStudioError(
                "The address names a user, which everybody on this machine can read: put a token"
                f" into {ENVIRONMENT}, or into a file, and name that by --token-file."
            )
        found = re.search(r"/projects/([0-9]+)(?=/|$)", parts.path)
        path = parts.path[: found.start()] if found else parts.path
        base = f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}"
        return cls(base, int(found[1]) if found else None)


class Connection:
    """To Label Studio at an address; to be closed. Every method raises LabelStudioError."""

    def __init__(self, base: str, token: str, pause: float = PAUSE) -> None:
        self.base = base
        self._token = token
        self._access = ""
        self._retries = Retry(
            ATTEMPTS - 1,
            status_forcelist=PASSING,
            allowed_methods={"GET"},
            backoff_factor=pause,
            raise_on_status=False,
        )
        try:
            self._http = _pool(base)
        except (HTTPError, ValueError) as error:
            raise LabelStudioError(f"The proxy of the environment is none: {error}.") from error

    def close(self) -> None:
        self._http.clear()

    def read(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        return self.told(self.asked("GET", path, query), path)

    def write(self, method: str, path: str, body: Any) -> Any:
        return self.told(self.asked(method, path, json=body), path)

    def upload(self, path: str, query: Mapping[str, Any], name: str, content: bytes) -> Any:
        answer = self.asked("POST", path, query, fields={"file": (name, content)})
        return self.told(answer, path)

    def asked(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, **body: Any
    ) -> urllib3.BaseHTTPResponse:
        """Whatever the answer is; `body` is as urllib3 takes it."""
        answer = self._sent(method, path, query, self._authorization(), body)
        if answer.status == 401 and self._access:
            # It lasts five minutes, and an export may take longer.
            self._access = ""
            answer = self._sent(method, path, query, self._authorization(), body)
        return answer

    def told(self, answer: urllib3.BaseHTTPResponse, path: str) -> Any:
        """What a good answer holds."""
        if 300 <= answer.status < 400:
            to = _plain(answer.headers.get("Location", "another address"))
            raise LabelStudioError(f"{self.base} leads to {to}: write that address.")
        try:
            found = json.loads(answer.data)
        except ValueError:
            found = None
        if not 200 <= answer.status < 300:
            raise LabelStudioError(self._refusal(answer.status, path, _detail(found)))
        if not isinstance(found, dict | list):
            raise self.strange()
        return found

    def strange(self) -> LabelStudioError:
        """The answer is none of Label Studio's."""
        return LabelStudioError(
            f"{self.base} does not answer as Label Studio does: perhaps a login page is before it."
        )

    def _authorization(self) -> dict[str, str]:
        if not (self._token.startswith("eyJ") and self._token.count(".") == 2):
            return {"Authorization": f"Token {self._token}"}
        if not self._access:
            path = "/api/token/refresh/"
            answer = self._sent("POST", path, None, {}, {"json": {"refresh": self._token}})
            found = self.told(answer, path)
            access = found.get("access") if isinstance(found, dict) else None
            if not isinstance(access, str) or not access:
                raise self.strange()
            self._access = access
        return {"Authorization": f"Bearer {self._access}"}

    def _sent(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        body: Mapping[str, Any],
    ) -> urllib3.BaseHTTPResponse:
        url = f"{self.base}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            return self._http.request(
                method,
                url,
                headers={"Accept": "application/json", **headers},
                timeout=TIMEOUT,
                retries=self._retries,
                redirect=False,  # the token is for this host alone
                **body,
            )
        except HTTPError as error:
            raise LabelStudioError(_unreached(self.base, error)) from error

    def _refusal(self, status: int, path: str, detail: str) -> str:
        said = f": {detail}" if detail else ""
        project = re.match(r"/api/projects/([0-9]+)/", path)
        if status == 401:
            return (
                f"{self.base} does not take the token{said}. Its page shows or makes one under"
                " Account & Settings."
            )
        if status == 403:
            return f"{self.base} does not let the token's user do this ({path}){said}."
        if status == 404 and project:
            return f"{self.base} has no project {project[1]}, or not for the token's user{said}."
        if status == 404:
            return f"{self.base} is no Label Studio: it has no {path}."
        if status == 413:
            return f"{self.base}, or a proxy before it, takes no body of that size{said}."
        return f"{self.base} answers {status} to {path}{said}."


def _detail(found: Any) -> str:
    """What a refusal says: a sentence, and what is wrong with which field."""
    if not isinstance(found, dict):
        return ""
    faults = found.get("validation_errors")
    said = [found.get("detail"), json.dumps(faults, ensure_ascii=False) if faults else None]
    return _plain(": ".join(str(part) for part in said if part)).rstrip(".")


def _plain(text: str) -> str:
    """On one line, bounded, and nothing in it that a terminal would act on."""
    line = " ".join(text.split())[:SHOWN]
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _unreached(base: str, error: HTTPError) -> str:
    cause: BaseException = error
    if isinstance(error, MaxRetryError) and error.reason is not None:
        cause = error.reason
    if isinstance(cause, ProxyError):
        inner = _plain(str(cause.original_error or cause))
        return f"The proxy of the environment does not lead to {base}: {inner}."
    if isinstance(cause, SSLError):
        return (
            f"{base} has no certificate that is trusted here ({_plain(str(cause))}): put its"
            " authority into a file, and name that in SSL_CERT_FILE."
        )
    if isinstance(cause, NameResolutionError):
        return f"The host of {base} is not known."
    if isinstance(cause, ConnectTimeoutError | NewConnectionError):
        return f"Nothing answers at {base}."
    return f"{base} broke off or fell silent; what was sent may have arrived. Try again."


def _pool(base: str) -> urllib3.PoolManager:
    """Through the proxy of the environment, where there is one for this address."""
    parts = urlsplit(base)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return urllib3.PoolManager()
    through = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    headers = None
    if through.username:
        login = f"{unquote(through.username)}:{unquote(through.password or '')}"
        headers = make_headers(proxy_basic_auth=login)
    host = through.netloc.rpartition("@")[2]
    return urllib3.ProxyManager(f"{through.scheme}://{host}", proxy_headers=headers)
