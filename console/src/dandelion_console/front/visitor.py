"""From a request to the person who made it: the session cookie, and nothing else.

No header names anybody. The cookie is for this site's own pages alone (`SameSite=Strict`), and no
script can read it.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from dandelion_console.ports.session import Person, Sessions

COOKIE = "dandelion-console"


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
        response.set_cookie(
            cookie_name(request),
            self._sessions.seal(person),
            max_age=self._sessions.seconds,
            path="/",
            httponly=True,
            samesite="strict",
            secure=over_https(request),
        )

    def log_out(self, request: Request, response: Response) -> None:
        response.delete_cookie(
            cookie_name(request),
            path="/",
            httponly=True,
            samesite="strict",
            secure=over_https(request),
        )


def cookie_name(request: Request) -> str:
    """Over https, one that no other host of the same domain can set (RFC 6265bis, `__Host-`)."""
    return f"__Host-{COOKIE}" if over_https(request) else COOKIE


def over_https(request: Request) -> bool:
    """Whether the browser came by https, as whatever ends TLS says. Who forges this gets a cookie
    that is sent more rarely.
    """
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", "").lower())
