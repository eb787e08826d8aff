"""MLflow's own pages in a real browser: who logs in sees their namespace's models, and no page but
these writes by their login.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from dandelion_console.views.links import Links
from playwright.sync_api import Browser, Error, Page, expect

from tests.api.mlflow.server import API, Mlflow
from tests.page.browser import chromium

TEAM, MODEL = "orangery", "orangery.lemons"
ROLES = ("dandelion-mlflow-view", "dandelion-mlflow-edit", "dandelion-mlflow-admin")
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def token(mlflow: Mlflow) -> str:
    """An administrator's, whose namespace has a model."""
    mlflow.api.kubectl("create", "namespace", TEAM)
    found = mlflow.account(f"{TEAM}:jane", *ROLES)
    for path, body in (
        ("/registered-models/create", {"name": MODEL}),
        ("/model-versions/create", {"name": MODEL, "source": "s3://models/orangery/lemons/a"}),
    ):
        mlflow.ask(found, TEAM, "POST", f"{API}{path}", json=body).raise_for_status()
    return found


@pytest.fixture
def page(mlflow: Mlflow, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(base_url=f"http://localhost:{urlsplit(mlflow.url).port}")
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


# What MLflow's pages send to move an alias.
MOVE = """async ([origin, alias, mode, type, team, name]) => {
    const answer = await fetch(origin + "/ajax-api/2.0/mlflow/registered-models/alias", {
        method: "POST", credentials: "include", mode: mode,
        headers: {"Content-Type": type, "X-MLFLOW-WORKSPACE": team},
        body: JSON.stringify({name: name, alias: alias, version: "1"}),
    });
    return answer.status;
}"""


def move(page: Page, origin: str, alias: str, mode: str, kind: str) -> int:
    """What a page is answered that tries to; 0 where it may not know."""
    return int(page.evaluate(MOVE, [origin, alias, mode, kind, TEAM, MODEL]))


def log_in(page: Page, token: str) -> str:
    """The origin to which that leads."""
    page.goto("/")
    expect(page).to_have_url(re.compile(r"^http://mlflow\.localhost:\d+/dandelion/login$"))
    page.get_by_label("A token for MLflow").fill(token)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile(r"^http://mlflow\.localhost:\d+/(#/.*)?$"))
    parts = urlsplit(page.url)
    return f"{parts.scheme}://{parts.netloc}"


def test_who_logs_in_sees_the_models_of_their_namespace(page: Page, token: str) -> None:
    origin = log_in(page, token)
    expect(page.get_by_text(TEAM).first).to_be_visible(timeout=PATIENCE_MS)
    page.goto(f"{origin}/#/models?workspace={TEAM}")
    expect(page.get_by_text(MODEL).first).to_be_visible(timeout=PATIENCE_MS)
    (cookie,) = page.context.cookies()
    assert (cookie["domain"], cookie["httpOnly"]) == ("mlflow.localhost", True)
    assert cookie["sameSite"] == "Strict"
    assert page.evaluate("document.cookie") == ""
    assert move(page, "", "own", "same-origin", "application/json") == httpx.codes.OK


def test_what_the_console_links_to_is_there(page: Page, token: str) -> None:
    links = Links(mlflow=log_in(page, token))
    page.goto(links.model(TEAM, "lemons"))
    expect(page.get_by_text(MODEL).first).to_be_visible(timeout=PATIENCE_MS)
    page.goto(links.version(TEAM, "lemons", "1"))
    expect(page.get_by_text("Version 1").first).to_be_visible(timeout=PATIENCE_MS)


def test_a_page_of_another_origin_writes_nothing_by_the_login(
    mlflow: Mlflow, page: Page, token: str
) -> None:
    """`localhost` is where whatever else is forwarded has its pages."""
    origin = log_in(page, token)
    page.goto("/version")
    assert page.url.startswith("http://localhost:")
    for mode, kind in (("cors", "application/json"), ("no-cors", "text/plain")):
        with contextlib.suppress(Error):  # a browser that was refused leave to send it
            move(page, origin, "forged", mode, kind)
    query = {"name": MODEL}
    found = mlflow.ask(token, TEAM, "GET", f"{API}/registered-models/get", params=query)
    aliases = found.raise_for_status().json()["registered_model"].get("aliases", [])
    assert "forged" not in {item["alias"] for item in aliases}
