"""People show images to a model that lets in callers of the cluster alone: the real service, a real
API server, the console between them with its own account, and a Chromium before it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes import s3 as fake_s3
from fakes.s3 import FakeS3
from playwright.sync_api import Browser, Page, Route, expect
from running.logging_service import logging_environment
from running.reviewing import reviewing
from running.service import Service, started

from tests.api.server import ADMIN_TOKEN, ApiServer
from tests.chart.rendering import NAMESPACE
from tests.console.served import ACCOUNT, OTHER, TEAM, Console, put, serving
from tests.console.statuses import ready
from tests.console.test_pages import WIDTHS, person
from tests.page.photos import meadow
from tests.page.served import MARKUP, artifact
from tests.page.visit import Visit, upload

LAWN = f"/namespaces/{TEAM}/models/lawn/predict"
PARK = f"/namespaces/{TEAM}/models/park/predict"
APPLES = f"/namespaces/{OTHER}/models/apples/predict"
# Whom the team's namespace lets do what with which models.
RIGHTS = {"visitor": ("predict", "feedback"), "camera": ("predict",)}
REVOKED_SECONDS = 60


@dataclass(frozen=True)
class Stage:
    console: Console
    lawn: Service
    store: FakeS3


@pytest.fixture(scope="module")
def stage(console: Console, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """`console` has put people there; this one stands before a served model."""
    folder = tmp_path_factory.mktemp("predict")
    api = console.api
    people(api)
    with fake_s3.running() as store, reviewing(api.port, account(api, folder)) as reviewer:
        environment = logging_environment(store, folder, artifact=artifact())
        guarded = reviewer.environment() | {"DANDELION_MODEL_NAMESPACE": TEAM}
        with started(environment | guarded) as lawn:
            lawn.wait_ready()
            (folder / "console").mkdir()
            with serving(api, folder / "console", model_address=lawn.url) as before_it:
                yield Stage(before_it, lawn, store)


def people(api: ApiServer) -> None:
    for account, rights in RIGHTS.items():
        api.kubectl("create", "serviceaccount", account, "-n", TEAM)
        bound = f"--serviceaccount={TEAM}:{account}"
        api.kubectl("create", "rolebinding", f"{account}-sees", "-n", TEAM, VIEW, bound)
        for right in rights:
            resource = f"--resource=modeldeployments.dandelion.dev/{right}"
            api.kubectl("create", "role", f"{account}-{right}", "-n", TEAM, CREATE, resource)
            role = f"--role={account}-{right}"
            api.kubectl("create", "rolebinding", f"{account}-{right}", "-n", TEAM, role, bound)


VIEW = "--clusterrole=dandelion-view"
CREATE = "--verb=create"


def account(api: ApiServer, folder: Path) -> Path:
    """What is mounted into the token reviewer's pod."""
    mounted = folder / "reviewer"
    mounted.mkdir()
    (mounted / "token").write_text(ADMIN_TOKEN)
    (mounted / "ca.crt").write_text(api.authority.read_text())
    return mounted


def visitor(stage: Stage, account: str = "visitor") -> closing[httpx.Client]:
    return closing(stage.console.logged_in(account))


def sent(browser: httpx.Client, path: str = LAWN, **headers: str) -> httpx.Response:
    return browser.post(path, content=meadow(0), headers={"content-type": "image/png"} | headers)


def test_the_model_itself_lets_nobody_in_without_a_token(stage: Stage) -> None:
    assert stage.lawn.post("/predict", content=meadow(0)).status_code == 401


def test_who_may_predict_is_answered_through_the_console(stage: Stage) -> None:
    with visitor(stage) as browser:
        page = sent(browser)
    assert page.status_code == 200, page.text
    assert '<p class="verdict">poppy</p>' in page.text


MAY_NOT: dict[str, tuple[str, str]] = {
    "who only sees": ("viewer", LAWN),
    "who may change everything and was not given this": ("editor", LAWN),
    "a stranger": ("stranger", LAWN),
    "who may in one namespace, in another": ("visitor", APPLES),
    "who may predict, telling": ("camera", LAWN.replace("predict", "feedback")),
}


@pytest.mark.parametrize("case", MAY_NOT)
def test_who_may_not_reaches_no_model(stage: Stage, case: str) -> None:
    account, path = MAY_NOT[case]
    asked = requests(stage)
    assert asked
    with visitor(stage, account) as browser:
        answer = sent(browser, path, **{"X-Forwarded-User": "system:admin"})
        assert answer.status_code == 403
        if path.endswith("predict"):
            assert browser.get(path).status_code == 403
    assert requests(stage) == asked


def requests(stage: Stage) -> list[str]:
    return [
        line for line in stage.lawn.metrics().splitlines() if line.startswith("dandelion_requests")
    ]


def test_the_consoles_token_for_one_model_opens_no_other(stage: Stage) -> None:
    """`park` is somebody else's: whoever runs its pods is sent a token that is of no use here."""
    api = stage.console.api
    own = api.kubectl("create", "token", ACCOUNT, "-n", NAMESPACE, "--duration=10m", PARKS).strip()
    taken = stage.lawn.post("/predict", content=meadow(0), headers=bearer(own))
    assert taken.status_code == 401
    at_the_cluster = httpx.get(
        f"https://127.0.0.1:{api.port}/version",
        headers=bearer(own),
        verify=False,
        timeout=60,
        trust_env=False,
    )
    assert at_the_cluster.status_code == 401


PARKS = f"--audience=dandelion.dev/{TEAM}/park"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"audiences": ["dandelion.dev"], "expirationSeconds": 600}, "for one model alone"),
        ({"expirationSeconds": 600}, "for one model alone"),
        ({"audiences": ["dandelion.dev/a/b", "vault"], "expirationSeconds": 600}, "one model"),
        ({"audiences": ["dandelion.dev/a/b"], "expirationSeconds": 86400}, "for ten minutes"),
    ],
)
def test_the_consoles_account_can_make_itself_no_other_token(
    stage: Stage, tmp_path: Path, spec: dict[str, Any], word: str
) -> None:
    """As who has broken into the console might, for later."""
    api = stage.console.api
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{ACCOUNT}/token"
    answer = httpx.post(
        f"https://127.0.0.1:{api.port}{path}",
        json={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec},
        headers=bearer(api.kubectl("create", "token", ACCOUNT, "-n", NAMESPACE).strip()),
        verify=False,
        timeout=60,
        trust_env=False,
    )
    assert answer.status_code in (403, 422), answer.text
    assert word in answer.text


def test_a_right_that_is_withdrawn_ends_soon(stage: Stage) -> None:
    api = stage.console.api
    api.kubectl("create", "serviceaccount", "guest", "-n", TEAM)
    bound = f"--serviceaccount={TEAM}:guest"
    for role in ("clusterrole=dandelion-view", "role=visitor-predict"):
        name = f"guest-{role.partition('-')[2]}"
        api.kubectl("create", "rolebinding", name, "-n", TEAM, f"--{role}", bound)
    with visitor(stage, "guest") as browser:
        assert sent(browser).status_code == 200
        api.kubectl("delete", "rolebinding", "guest-predict", "-n", TEAM)
        deadline = time.monotonic() + REVOKED_SECONDS
        while sent(browser).status_code == 200:
            assert time.monotonic() < deadline, "a right that is withdrawn still holds"
            time.sleep(1)


def test_no_token_is_in_the_logs(stage: Stage) -> None:
    with visitor(stage) as browser:
        sent(browser)
    lines = stage.console.log.read_text()
    assert '"predicted"' in lines
    assert "system:serviceaccount:garden:visitor" in lines
    for text in (lines, "".join(stage.lawn.log)):
        assert "eyJ" not in text


def test_a_person_shows_images_looks_why_and_tells_what_they_are(
    browser: Browser, stage: Stage
) -> None:
    with person(browser, stage.console, "visitor") as visit:
        page = opened(visit)
        choose(page, ("red.png", meadow(0)), ("blue.png", meadow(2)))
        red, blue = card(page, "red.png"), card(page, "blue.png")
        expect(red.locator(".verdict")).to_have_text("poppy")
        expect(blue.locator(".verdict")).to_have_text("cornflower")
        expect(red.get_by_role("img", name="red.png")).to_be_visible()
        red.get_by_role("button", name="Explain").click()
        expect(red.get_by_role("img", name="What speaks for poppy in red.png")).to_be_visible()
        red.get_by_role("button", name="Show the photo").click()
        expect(red.get_by_role("img", name="red.png")).to_be_visible()
        red.get_by_role("button", name="It is right").click()
        expect(red.get_by_text("It is noted as “poppy”")).to_be_visible()
        blue.get_by_label("No, it is").select_option(MARKUP)
        blue.get_by_role("button", name="Tell it").click()
        expect(blue.get_by_text(f"It is noted as “{MARKUP}”")).to_be_visible()
        found = page.evaluate("[document.cookie, {...localStorage}, {...sessionStorage}]")
        assert found == ["", {}, {}]


def opened(visit: Visit) -> Page:
    visit.page.goto(visit.url.rstrip("/") + LAWN.removesuffix("/predict"))
    visit.page.get_by_role("link", name="Show it an image").click()
    expect(visit.page.get_by_role("heading", name="Show it an image")).to_be_visible()
    return visit.page


def choose(page: Page, *files: tuple[str, bytes]) -> None:
    page.locator("#files").set_input_files([upload(name, data) for name, data in files])


def card(page: Page, name: str) -> Any:
    return page.locator("#results > li").filter(
        has=page.get_by_role("heading", name=name, exact=True)
    )


def test_what_is_no_image_is_told_in_the_models_words(browser: Browser, stage: Stage) -> None:
    with person(browser, stage.console, "camera") as visit:
        visit.expected = ("400", "401")
        page = opened(visit)
        choose(page, ("notes.txt", b"hello, this is text"))
        refused = card(page, "notes.txt")
        expect(refused.get_by_role("button", name="Try again")).to_be_visible()
        expect(refused.locator(".problem")).to_contain_text("not an image")


def test_an_image_that_is_chosen_before_the_script_is_there_is_classified_too(
    browser: Browser, stage: Stage
) -> None:
    with person(browser, stage.console, "visitor") as visit:
        page, held = visit.page, list[Route]()
        page.route("**/static/predict.js", lambda route: held.append(route))
        address = visit.url.rstrip("/") + LAWN
        page.goto(address.removesuffix("/predict"))
        page.get_by_role("link", name="Show it an image").click()
        expect(page.get_by_role("button", name="Classify")).to_be_visible()
        choose(page, ("blue.png", meadow(2)))
        held.pop().continue_()
        expect(card(page, "blue.png").locator(".verdict")).to_have_text("cornflower")


def test_without_scripts_an_image_is_classified_and_told_about(
    browser: Browser, stage: Stage
) -> None:
    with person(browser, stage.console, "visitor", java_script_enabled=False) as visit:
        page = opened(visit)
        choose(page, ("green.png", meadow(1)))
        page.get_by_role("button", name="Classify").click()
        expect(page.locator(".verdict")).to_have_text("clover")
        page.get_by_role("button", name="It is right").click()
        expect(page.get_by_text("It is noted as “clover”")).to_be_visible()


def test_when_the_login_ends_the_page_asks_for_another(browser: Browser, stage: Stage) -> None:
    with person(browser, stage.console, "visitor") as visit:
        page = opened(visit)
        page.context.clear_cookies()
        choose(page, ("red.png", meadow(0)))
        expect(page.get_by_label("Token of the cluster")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_looks_as_it_should(
    browser: Browser, stage: Stage, pictures_folder: Path, scheme: Any, width: str
) -> None:
    size = {"width": WIDTHS[width], "height": 900}
    with person(browser, stage.console, "visitor", color_scheme=scheme, viewport=size) as visit:
        visit.expected = ("400", "401")
        page = opened(visit)
        choose(page, ("notes.txt", b"hello, this is text"), ("blue.png", meadow(2)))
        expect(card(page, "blue.png").locator(".verdict")).to_be_visible()
        choose(page, ("red.png", meadow(0)))
        red = card(page, "red.png")
        red.get_by_role("button", name="Explain").click()
        expect(red.get_by_role("button", name="Show the photo")).to_be_visible()
        red.get_by_role("button", name="It is right").click()
        expect(red.get_by_text("It is noted")).to_be_visible()
        visit.screenshot(pictures_folder, f"console-predict-{width}-{scheme}")
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0


def test_a_model_that_is_away_is_told(stage: Stage, tmp_path: Path) -> None:
    settings = {"model_address": "http://127.0.0.1:9"}
    put(stage.console.api, "lawn", TEAM, ready(), suspend=False)
    with serving(stage.console.api, tmp_path, **settings) as alone:
        with closing(alone.logged_in("visitor")) as browser:
            answer = sent(browser)
        assert answer.status_code == 503
        assert "does not answer" in answer.text
