"""From a request to the person who made it: the session cookie, and nothing else.

No header names anybody. The cookie is for this site's own pages alone (`SameSite=Strict`), and no
script can read it.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dandelion_console.ports.session import LOGIN_SECONDS, Person, Sessions
from dandelion_console.provider.login import Begun

COOKIE = "dandelion-console"
LOGIN_COOKIE = "dandelion-console-login"


class NotLoggedInError(Exception):
    """Nobody is logged in; `ended`: somebody was, and their session or token has ended."""

    def __init__(self, ended: bool = False) -> None:
        super().__init__()
        self.ended = ended


class Visitors:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def person(self, request: Request) -> Person:
        """Raises NotLoggedInError and KeyFileError."""
        value = request.cookies.get(cookie_name(request))
        if not value:
            raise NotLoggedInError
        person = self._sessions.open(value)
        if person is None:
            raise NotLoggedInError(ended=True)
        return person

    def log_in(self, request: Request, response: Response, person: Person) -> None:
        """Raises KeyFileError and TokenTooLongError."""
        value = self._sessions.seal(person)
        _set(request, response, COOKIE, value, self._sessions.seconds)

    def log_out(self, request: Request, response: Response) -> None:
        _delete(request, response, COOKIE)

    def begin_login(self, request: Request, response: Response, begun: Begun) -> None:
        """Raises KeyFileError."""
        value = self._sessions.seal_login(asdict(begun))
        _set(request, response, LOGIN_COOKIE, value, LOGIN_SECONDS)

    def begun_login(self, request: Request) -> Begun | None:
        """None where this browser has begun none, or too long ago; raises KeyFileError."""
        value = request.cookies.get(cookie_name(request, LOGIN_COOKIE))
        found = self._sessions.open_login(value) if value else None
        return Begun(**found) if found is not None else None

    def end_login(self, request: Request, response: Response) -> None:
        """What it was begun with is good for once."""
        _delete(request, response, LOGIN_COOKIE)


def _set(request: Request, response: Response, cookie: str, value: str, seconds: int) -> None:
    name = cookie_name(request, cookie)
    response.set_cookie(name, value, max_age=seconds, **_attributes(request))


def _delete(request: Request, response: Response, cookie: str) -> None:
    response.delete_cookie(cookie_name(request, cookie), **_attributes(request))


def _attributes(request: Request) -> Any:
    return {
        "path": "/",
        "httponly": True,
        "samesite": "strict",
        "secure": over_https(request),
    }


def cookie_name(request: Request, cookie: str = COOKIE) -> str:
    """Over https, one that no other host of the same domain can set (RFC 6265bis, `__Host-`)."""
    return f"__Host-{cookie}" if over_https(request) else cookie


def over_https(request: Request) -> bool:
    """Whether the browser came by https, as whatever ends TLS says. Who forges this gets a cookie
    that is sent more rarely.
    """
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", "").lower())
