"""The console behind a real gateway, which ends TLS, by HTTPRoute and by Ingress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.api.server import ApiServer
from tests.chart.rendering import NAMESPACE, render
from tests.console.provider import Provider, providing
from tests.console.served import TEAM, Console, put, serving
from tests.console.statuses import ready
from tests.gateway import contour
from tests.gateway.backends import publish
from tests.gateway.contour import Gateway
from tests.gateway.values import CONSOLE, CONSOLE_BY_INGRESS, WAYS_IN
from tests.page.browser import ARGUMENTS, executable

BEGIN = "/login/oidc"
SESSION = "__Host-dandelion-console"
PERSON = {"sub": "1", "email": "ada@example.com", "email_verified": True}
ADA = "oidc:ada@example.com"


@dataclass(frozen=True)
class Door:
    """The console, and the address at which the gateway leads to it."""

    console: Console
    provider: Provider
    gateway: Gateway
    url: str

    @contextmanager
    def browser(self, **headers: str) -> Iterator[httpx.Client]:
        """What keeps cookies and names its origin, as a browser does."""
        with closing(self.gateway.client(self.url, Origin=self.url, **headers)) as browser:
            yield browser

    def log_in(self, browser: httpx.Client, account: str = "viewer") -> httpx.Response:
        told = {"token": self.console.token(account), "next": "/"}
        return browser.post("/login", data=told)


@pytest.fixture(scope="module")
def doors(
    team: ApiServer, gateway: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Door]]:
    """By the chart's own HTTPRoute and Ingress."""
    folder = tmp_path_factory.mktemp("console")
    put(team, "lawn", TEAM, ready(), suspend=False)
    bound = ("--clusterrole=dandelion-view", f"--user={ADA}")
    team.kubectl("create", "rolebinding", "ada", "-n", TEAM, *bound)
    with (
        providing(folder) as provider,
        serving(team, folder, host="", **provider.settings(cluster_accepts_tokens="false")) as run,
    ):
        chart = render(WAYS_IN)
        name = "dandelion-console"
        publish(team, chart.one("Service", name).content, NAMESPACE, run.url)
        team.apply(dict(contour.certificate(NAMESPACE, gateway)), "--server-side")
        for kind in ("HTTPRoute", "Ingress"):
            team.apply(dict(chart.one(kind, name).content), "--server-side")
        found = {
            way: Door(run, provider, gateway, f"https://{host}")
            for way, host in (("route", CONSOLE), ("ingress", CONSOLE_BY_INGRESS))
        }
        for door in found.values():
            door.gateway.await_answer(f"{door.url}/login")
        yield found


@pytest.fixture(params=["route", "ingress"])
def door(doors: dict[str, Door], request: pytest.FixtureRequest) -> Door:
    return doors[str(request.param)]


def test_a_person_logs_in_with_a_token_and_sees_their_models(door: Door) -> None:
    with door.browser() as browser:
        page = browser.get("/")
        assert page.status_code == 401
        answer = door.log_in(browser)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        page = browser.get(f"/?namespace={TEAM}")
        assert page.status_code == 200
        assert "lawn" in page.text


def test_the_session_is_a_cookie_of_this_host_alone_and_over_https(door: Door) -> None:
    with door.browser() as browser:
        door.log_in(browser)
        (cookie,) = (item for item in browser.cookies.jar if item.name == SESSION)
        assert cookie.secure
        assert not cookie.domain_specified
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "strict"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "https://evil.example.com"}, id="another site's form"),
        pytest.param({"Origin": "null"}, id="a form of nobody's"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="as the browser says itself"),
        pytest.param(
            {"Origin": "https://evil.example.com", "X-Forwarded-Host": "evil.example.com"},
            id="with a host that a header claims",
        ),
        pytest.param(
            {"Origin": "https://evil.example.com", "Forwarded": "host=evil.example.com"},
            id="with a host that another claims",
        ),
    ],
)
def test_a_form_of_another_site_is_refused(door: Door, headers: dict[str, str]) -> None:
    with door.browser() as browser:
        answer = browser.post("/login", data={"token": "a", "next": "/"}, headers=headers)
        assert answer.status_code == 403
        assert SESSION not in browser.cookies


FORGED = {
    "X-Forwarded-User": "system:admin",
    "X-Forwarded-Email": "ada@example.com",
    "X-Forwarded-Groups": "system:masters",
    "X-Auth-Request-User": "system:admin",
    "X-Remote-User": "system:admin",
    "X-Remote-Group": "system:masters",
    "Impersonate-User": "system:admin",
    "X-Envoy-Original-Path": "/healthz",
    "X-Forwarded-Client-Cert": "By=admin",
}


def test_no_header_says_who_somebody_is(door: Door) -> None:
    with door.browser(**FORGED) as browser:
        assert browser.get(f"/?namespace={TEAM}").status_code == 401
        door.log_in(browser, "stranger")
        assert "lawn" not in browser.get(f"/?namespace={TEAM}").text


def test_a_client_that_claims_http_gets_a_cookie_for_https_all_the_same(door: Door) -> None:
    """The gateway writes of each request how it came."""
    claimed = {"X-Forwarded-Proto": "http", "X-Forwarded-Scheme": "http", "Forwarded": "proto=http"}
    with door.browser(**claimed) as browser:
        answer = door.log_in(browser)
        assert "Secure" in answer.headers["set-cookie"]
        assert SESSION in answer.headers["set-cookie"]


def test_a_login_with_the_provider_leads_back_to_the_outer_name(door: Door) -> None:
    forged = {"X-Forwarded-Host": "evil.example.com", "X-Forwarded-Port": "8080"}
    with door.browser(**forged) as browser:
        door.provider.next(**PERSON)
        begun = browser.get(BEGIN, params={"next": "/"})
        assert begun.status_code == 303, begun.text
        asked = parse_qs(urlsplit(begun.headers["location"]).query)
        assert asked["redirect_uri"] == [f"{door.url}/login/oidc/return"]
        back = door.provider.follow(begun.headers["location"])
        assert back.startswith(f"{door.url}/login/oidc/return?")
        answer = browser.get(back)
        assert answer.status_code == 303, answer.text
        assert ADA in browser.get("/").text


def test_over_plain_http_no_page_is_reached(door: Door) -> None:
    with closing(door.gateway.client(door.url.replace("https://", "http://"))) as browser:
        answer = browser.get("/login")
        assert answer.status_code in (301, 404)
        assert answer.headers.get("location", door.url).startswith(door.url)


@pytest.fixture(scope="module")
def chromium(gateway: Gateway, doors: dict[str, Door]) -> Iterator[Browser]:
    """To which the names of these tests are the gateway's; nobody signed its certificate."""
    here = f"127.0.0.1:{gateway.https}"
    leads = f"--host-resolver-rules=MAP *.example.com {here},MAP *.example.org {here}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=[*ARGUMENTS, leads])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(ignore_https_errors=True) as session:
        yield session.new_page()


def sees_the_models_and_logs_out(page: Page, door: Door) -> None:
    page.goto(f"{door.url}/?namespace={TEAM}")
    expect(page.get_by_role("link", name="lawn")).to_be_visible()
    assert [(item["name"], item["secure"]) for item in page.context.cookies(door.url)] == [
        (SESSION, True)
    ]
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in with")).to_be_visible()
    assert page.context.cookies(door.url) == []


def test_a_browser_logs_in_with_a_token(page: Page, door: Door) -> None:
    page.goto(door.url)
    page.get_by_text("Or with a token of the cluster").click()
    page.get_by_label("Token of the cluster").fill(door.console.token("viewer"))
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    sees_the_models_and_logs_out(page, door)


def test_a_browser_logs_in_with_the_provider(page: Page, door: Door) -> None:
    door.provider.next(**PERSON)
    page.goto(f"{door.url}/?namespace={TEAM}")
    page.get_by_role("link", name="Log in with").click()
    expect(page.get_by_text(ADA)).to_be_visible()
    assert page.url.startswith(f"{door.url}/")
    sees_the_models_and_logs_out(page, door)
