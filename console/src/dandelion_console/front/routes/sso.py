"""Logging in with the OpenID Connect provider: there, and back.

What is kept of a login under way lies encrypted in a strict cookie, which the browser does not
send when the provider leads back here. So the way back asks once more for itself, by a page of this
site.
"""

from __future__ import annotations

import secrets
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from dandelion_console.cluster.api import ApiError, TokenRefusedError, UnreachableError
from dandelion_console.cluster.people import who
from dandelion_console.front.rendering import NO_STORE
from dandelion_console.front.routes.login import local, login_page
from dandelion_console.front.site import Site
from dandelion_console.front.visitor import over_https
from dandelion_console.ports.metrics import Login, Result, of_status
from dandelion_console.ports.session import KeyFileError, Person, TokenTooLongError
from dandelion_console.provider.claims import ClaimError
from dandelion_console.provider.discovery import ProviderError
from dandelion_console.provider.login import Begun, Provider, Vouched

BEGIN, WAY_BACK = "/login/oidc", "/login/oidc/return"
ADDRESS_CHARACTERS = 8 * 1024
SAID_CHARACTERS = 300

AWAY = "The identity provider does not answer as one; the console's log says why. Try again later."
NOT_BEGUN = (
    "This login was not begun in this browser, or more than ten minutes ago, or is over already. "
    "Begin it again."
)
NOT_FINISHED = (
    "The identity provider's answer was not accepted; the console's log says why. Begin it again."
)
NOT_THE_CLUSTERS = (
    "The cluster does not accept the identity provider's tokens ({said}). Its API server has to "
    "know the provider, or the console be told that it does not: "
    "console.oidc.clusterAcceptsTokens: false."
)
TOO_LONG = (
    "What the identity provider says of you is longer than a cookie can hold, which is mostly a "
    "long list of groups. Have it send this client fewer of them, or log in with a token."
)

log = structlog.get_logger()


def add_sso(app: FastAPI, site: Site, provider: Provider) -> None:
    @app.get(BEGIN)
    async def begin(request: Request, next: str = "/") -> Response:
        try:
            begun, there = await provider.begin(local(next), _way_back(request))
        except ProviderError as error:
            return refused(error, AWAY, 502)
        answer = RedirectResponse(there, 303, headers=NO_STORE)
        site.visitors.begin_login(request, answer, begun)
        return answer

    @app.get(WAY_BACK)
    async def come_back(request: Request) -> Response:
        said = request.query_params
        begun = site.visitors.begun_login(request)
        if begun is None and "again" not in said and len(str(request.url)) < ADDRESS_CHARACTERS:
            once_more = f"{WAY_BACK}?{request.url.query}&again=1"
            return site.pages.page("arriving.html", address=once_more)
        if begun is None or not secrets.compare_digest(
            begun.state.encode(), said.get("state", "").encode()
        ):
            return refused(ProviderError("the state is not this browser's"), NOT_BEGUN, 400)
        answer = await arrived(request, begun)
        site.visitors.end_login(request, answer)
        return answer

    async def arrived(request: Request, begun: Begun) -> Response:
        said = request.query_params
        if "code" not in said:
            words = said.get("error_description") or said.get("error", "it gave no code")
            problem = f"The identity provider refused: {words[:SAID_CHARACTERS]}"
            return refused(ProviderError(problem), problem, 403, begun.onwards)
        try:
            vouched = await provider.finish(begun, said["code"], _way_back(request))
            person = await visitor(vouched)
            answer = RedirectResponse(begun.onwards, 303, headers=NO_STORE)
            site.visitors.log_in(request, answer, person)
        except ProviderError as error:
            return refused(error, NOT_FINISHED, 401, begun.onwards)
        except ClaimError as error:
            problem = f"The identity provider does not say who you are: {error}."
            return refused(error, problem, 403, begun.onwards)
        except TokenRefusedError as error:
            problem = NOT_THE_CLUSTERS.format(said=error.message)
            return refused(error, problem, 403, begun.onwards)
        except ApiError as error:
            problem = f"The API server does not say whose token it is: {error.message}"
            return refused(error, problem, 403, begun.onwards)
        except TokenTooLongError as error:
            return refused(error, TOO_LONG, 400, begun.onwards)
        except (UnreachableError, KeyFileError):
            site.metrics.login(Login.OIDC, Result.FAILED)
            raise
        log.info("login", person=person.name, by="oidc")
        site.metrics.login(Login.OIDC, Result.DONE)
        return answer

    async def visitor(vouched: Vouched) -> Person:
        if provider.settings.cluster_accepts_tokens:
            return await who(site.api, vouched.token)
        of = vouched.identity
        return Person(of.username, None, of.groups, vouched.until)

    def refused(cause: Exception, problem: str, status: int, onwards: str = "/") -> Response:
        log.warning("login refused", status=status, by="oidc", cause=str(cause))
        site.metrics.login(Login.OIDC, of_status(status))
        return login_page(site, onwards, status, problem)


def _way_back(request: Request) -> str:
    """Of this site, by the name that the browser knows it by: the provider has a list of those."""
    scheme = "https" if over_https(request) else "http"
    return f"{scheme}://{quote(request.headers.get('host', ''), safe='.:[]-')}{WAY_BACK}"
