"""What went wrong, as a page that says what to do.

Installed by `front.app`. What the API server said is shown as it is; the rest is in the log.
"""

from __future__ import annotations

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from dandelion_console.answer import ModelError
from dandelion_console.cluster.api import ApiError, TokenRefusedError, UnreachableError
from dandelion_console.front.forms import FormError
from dandelion_console.front.routes.login import asked_to_log_in
from dandelion_console.front.site import Site
from dandelion_console.front.visitor import NotLoggedInError
from dandelion_console.ports.account import AccountError
from dandelion_console.ports.review_service import ReviewError
from dandelion_console.ports.session import KeyFileError

log = structlog.get_logger()

TITLES = {
    403: "You may not do that",
    404: "There is no such thing",
    409: "Somebody else was faster",
    429: "The API server is busy",
}
ADVICE = {
    403: "Whoever looks after the namespace can let you, by a RoleBinding to the cluster's role "
    "view, edit or admin, or to Dandelion's role user, reviewer or administrator.",
    409: "Load the page again to see what is there now.",
    429: "Try again in a moment.",
}
UNREACHABLE = (
    "The API server does not answer. What serves goes on serving; try again in a moment, and see "
    "the console's log if it stays."
)


def install(app: FastAPI, site: Site) -> None:
    def page(title: str, message: str, status: int, advice: str = "") -> Response:
        return site.pages.page("problem.html", status, title=title, message=message, advice=advice)

    @app.exception_handler(NotLoggedInError)
    async def nobody(request: Request, error: NotLoggedInError) -> Response:
        return asked_to_log_in(site, request, error.ended)

    @app.exception_handler(TokenRefusedError)
    async def token_refused(request: Request, _error: TokenRefusedError) -> Response:
        return asked_to_log_in(site, request, ended=True)

    @app.exception_handler(ApiError)
    async def refused(_request: Request, error: ApiError) -> Response:
        status = error.status if error.status < 500 else 502
        title = TITLES.get(error.status, "The API server refused that")
        return page(title, error.message, status, ADVICE.get(error.status, ""))

    @app.exception_handler(UnreachableError)
    async def unreachable(_request: Request, error: UnreachableError) -> Response:
        log.error("no answer of the API server", cause=str(error))
        return page("The cluster does not answer", UNREACHABLE, 503)

    @app.exception_handler(ModelError)
    async def model_refused(_request: Request, error: ModelError) -> Response:
        answer = page("The model gives no answer to that", error.message, error.status)
        if error.retry_after:
            answer.headers["Retry-After"] = error.retry_after
        return answer

    @app.exception_handler(KeyFileError)
    async def no_key(_request: Request, error: KeyFileError) -> Response:
        log.error("nobody can log in", cause=str(error))
        return page("Nobody can log in", "The key for sessions is missing.", 503)

    @app.exception_handler(AccountError)
    async def no_account(_request: Request, error: AccountError) -> Response:
        log.error("the console's own account cannot be used", cause=str(error))
        words = "Its account at the API server cannot be used; the console's log says why."
        return page("The console cannot do that now", words, 503)

    @app.exception_handler(ReviewError)
    async def not_reviewed(request: Request, error: ReviewError) -> Response:
        log.warning("not reviewed", status=error.status, cause=error.message)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"message": error.message}, error.status)
        return page("That cannot be reviewed now", error.message, error.status)

    @app.exception_handler(FormError)
    async def no_form(_request: Request, error: FormError) -> Response:
        return page("That form cannot be read", error.message, error.status)

    @app.exception_handler(HTTPException)
    async def other(_request: Request, error: HTTPException) -> Response:
        phrase = HTTPStatus(error.status_code).phrase
        return page(TITLES.get(error.status_code, phrase), phrase, error.status_code)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, _error: RequestValidationError) -> Response:
        return page("There is no such thing", "The address is not one of this console.", 404)

    @app.exception_handler(ClientDisconnect)
    async def gone(_request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=400)

    @app.exception_handler(Exception)
    async def failure(request: Request, error: Exception) -> Response:
        log.error("failure", path=request.url.path, exc_info=error)
        return page("Something went wrong here", "The console's log says what.", 500)
