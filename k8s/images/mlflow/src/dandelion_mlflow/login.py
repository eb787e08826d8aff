"""The way in for browsers, which send no token of their own: a page that takes one.

A token for MLflow, as `kubectl create token` makes them, is pasted once and kept in a cookie that
no script can read. From there it becomes the header `Authorization`, and everything else is as for
any other caller. A token is bound to MLflow, so the cookie is of no use anywhere else.

The cookie counts for MLflow's own pages alone, not for what another page has a browser send.
Browsers send cookies to every port of a host, so `localhost`, where a port-forward of anything may
listen, is left for a name of MLflow's own.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from kubernetes.client.exceptions import ApiException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/dandelion/login"
COOKIE = "dandelion-mlflow-token"
# A cookie holds 4,096 bytes with its name and attributes.
MOST_BYTES = 3_500
SHARED_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
OWN_HOST = "mlflow.localhost"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>MLflow: log in</title>
<style>:root{{color-scheme:light dark}}body{{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;
margin:10vh auto;padding:0 1rem}}textarea{{width:100%;font:0.85rem monospace;box-sizing:border-box}}
[role=alert]{{border-left:0.25rem solid #c33;padding-left:0.75rem}}pre{{overflow:auto}}</style>
<h1>MLflow</h1>
{said}<form method="post" autocomplete="off">
<p><label for="token">A token for MLflow, of an account of the cluster:</label></p>
<textarea id="token" name="token" rows="6" spellcheck="false" autofocus></textarea>
<p><button>Log in</button> <button name="leave" value="true">Log out</button></p>
</form>
<p><a href="/">I am logged in already.</a></p>
<p>This makes one; what it may do is what the account's roles say:</p>
<pre>kubectl -n NAMESPACE create token ACCOUNT --audience={audience}</pre>
</html>
"""


class Login:
    """ASGI middleware. `known` says whether a token is good, and may take its time."""

    def __init__(self, app: ASGIApp, known: Callable[[str], bool], audience: str) -> None:
        self._app, self._known, self._audience = app, known, audience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        answer: Response | None = None
        if request.url.path == PATH:
            answer = await self._page(request)
        elif "authorization" not in request.headers:
            token = kept(request.headers.get("cookie", ""))
            if request.method == "GET" and request.url.path == "/":
                answer = await self._sent_to_log_in(request, token)
            if token and is_own(request):
                header = (b"authorization", f"Bearer {token}".encode("latin-1"))
                scope["headers"] = [*scope["headers"], header]
        await (answer or self._app)(scope, receive, send)

    async def _sent_to_log_in(self, request: Request, token: str) -> Response | None:
        if "text/html" not in request.headers.get("accept", ""):
            return None
        if token:
            try:
                if await run_in_threadpool(self._known, token):
                    return None
            except ApiException:
                return None  # the page will say what it is told
        return _redirect(f"{own_origin(request)}{PATH}")

    async def _page(self, request: Request) -> Response:
        if origin := own_origin(request):
            return _redirect(f"{origin}{PATH}")
        if request.method == "GET":
            return self._asked()
        if request.method != "POST" or not is_own(request):
            return self._asked("This has to be sent by this page itself.", 403)
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > 2 * MOST_BYTES:
                return self._asked("That is longer than a token.", 400)
        form = parse_qs(body.decode("latin-1"))
        if "leave" in form:
            answer: Response = _redirect(PATH)
            answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
            return answer
        token = "".join(form.get("token", [""])[0].split())
        if not token or len(token) > MOST_BYTES or not token.isascii():
            return self._asked("Paste a token.", 400)
        try:
            good = await run_in_threadpool(self._known, token)
        except ApiException as error:
            return self._asked(f"The cluster does not say whose it is: {error.reason}", 503)
        if not good:
            return self._asked("The cluster knows no such token for MLflow, or it has ended.", 401)
        answer = _redirect("/")
        secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure)
        return answer

    def _asked(self, words: str = "", status: int = 200) -> Response:
        said = f'<p role="alert">{escape(words)}</p>\n' if words else ""
        page = PAGE.format(said=said, audience=escape(self._audience))
        return HTMLResponse(page, status, HEADERS)


def kept(cookies: str) -> str:
    """The token in the header `Cookie`; empty without one."""
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None and found.value.isascii() else ""


def is_own(request: Request) -> bool:
    """Whether a browser sends it for a page of this very origin, or its person does."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


def own_origin(request: Request) -> str:
    """Where a cookie is MLflow's alone; empty: here."""
    name, port = request.url.hostname, request.url.port
    if name not in SHARED_HOSTS:
        return ""
    return f"http://{OWN_HOST}:{port}" if port else f"http://{OWN_HOST}"


def _redirect(where: str) -> Response:
    return RedirectResponse(where, 303, HEADERS)
