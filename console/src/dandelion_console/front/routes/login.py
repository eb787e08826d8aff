"""Logging in with a token of the cluster, and out.

The API server says whose token it is. What it refuses is answered in the same words whatever is
wrong with it, since it tells no more itself.
"""

from __future__ import annotations

import re

import structlog
from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from dandelion_console.cluster.api import ApiError, TokenRefusedError, UnreachableError
from dandelion_console.cluster.people import who
from dandelion_console.front.forms import fields
from dandelion_console.front.site import Site
from dandelion_console.front.visitor import cookie_name
from dandelion_console.ports.metrics import Login, Result, of_status
from dandelion_console.ports.session import KeyFileError, TokenTooLongError

TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, section 2.1
# Of this site: no scheme, no host, nothing that a browser takes for either.
PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
# A cookie holds it while somebody is at the identity provider. No page has a longer one.
PATH_CHARACTERS = 2048

REFUSED = (
    "The API server does not accept this token ({said}). It is wrong, has expired, or is not meant "
    "for the API server: make a new one, without --audience."
)
ENDED = "Your session has ended, or your token has: log in again."
TOO_LONG = (
    "This token is longer than a cookie can hold. Use one of a ServiceAccount, which is shorter."
)

log = structlog.get_logger()


def add_login(app: FastAPI, site: Site) -> None:
    @app.get("/login")
    async def form() -> Response:
        return login_page(site, "/", 200)

    @app.post("/login")
    async def log_in(request: Request) -> Response:
        sent = await fields(request)
        token, onwards = sent.get("token", "").strip(), local(sent.get("next", ""))

        def refused(problem: str, status: int) -> Response:
            log.info("login refused", status=status)
            site.metrics.login(Login.TOKEN, of_status(status))
            return login_page(site, onwards, status, problem)

        if not TOKEN.fullmatch(token):
            return refused(REFUSED.format(said="it has characters that no token has"), 401)
        try:
            person = await who(site.api, token)
            answer = RedirectResponse(onwards, 303)
            site.visitors.log_in(request, answer, person)
        except TokenRefusedError as error:
            return refused(REFUSED.format(said=error.message), 401)
        except ApiError as error:
            return refused(f"The API server does not say whose token it is: {error.message}", 403)
        except TokenTooLongError:
            return refused(TOO_LONG, 400)
        except (UnreachableError, KeyFileError):
            site.metrics.login(Login.TOKEN, Result.FAILED)
            raise
        log.info("login", person=person.name)
        site.metrics.login(Login.TOKEN, Result.DONE)
        return answer

    @app.post("/logout")
    async def log_out(request: Request) -> Response:
        answer = RedirectResponse("/login", 303)
        site.visitors.log_out(request, answer)
        return answer


def login_page(site: Site, next_path: str, status: int, problem: str = "") -> Response:
    return site.pages.page(
        "login.html", status, next=next_path, problem=problem, provider=site.provider_name
    )


def asked_to_log_in(site: Site, request: Request, ended: bool) -> Response:
    """In place of a page that is for somebody."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    onwards = local(here) if request.method == "GET" else "/"
    if _arrives_from_elsewhere(request):
        # The browser has kept the cookie back, since another site led here (SameSite=Strict). Asked
        # for by a page of this one, it sends it.
        return site.pages.page("arriving.html", address="")
    answer = login_page(site, onwards, 401, ENDED if ended else "")
    if ended:
        site.visitors.log_out(request, answer)
    return answer


def local(path: str) -> str:
    """A path of this site, or the first page."""
    return path if len(path) <= PATH_CHARACTERS and PATH.fullmatch(path) else "/"


def _arrives_from_elsewhere(request: Request) -> bool:
    return (
        request.method == "GET"
        and cookie_name(request) not in request.cookies
        and request.headers.get("sec-fetch-site") == "cross-site"
        and request.headers.get("sec-fetch-mode") == "navigate"
    )
