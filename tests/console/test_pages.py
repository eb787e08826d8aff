"""The pages as people have them: a real Chromium before the console and a real API server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.served import OTHER, TEAM, Console, put
from tests.console.statuses import ready
from tests.page.visit import Visit, visiting

FLEET = f"/?namespace={TEAM}"
MODEL = f"/namespaces/{TEAM}/models/lawn"
WIDTHS = {"desk": 1100, "phone": 390}
ELSEWHERE = "http://elsewhere.example.com/"


@contextmanager
def person(browser: Browser, console: Console, account: str, **context: Any) -> Iterator[Visit]:
    """Somebody who has logged in by hand."""
    with visiting(browser, console.url, **context) as visit:
        visit.expected = ("401",)
        page = visit.open().page
        page.get_by_label("Token of the cluster").fill(console.token(account))
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        yield visit


def test_a_person_logs_in_looks_around_and_logs_out(browser: Browser, console: Console) -> None:
    with person(browser, console, "viewer") as visit:
        page = visit.page
        page.get_by_role("link", name=TEAM).click()
        expect(page.get_by_text("2 models: 1 not ready, 1 ready")).to_be_visible()
        page.get_by_role("link", name="lawn").click()
        expect(page.get_by_role("heading", name="Promoted: False")).to_be_visible()
        expect(page.get_by_role("link", name="Train now")).to_have_count(0)
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_label("Token of the cluster")).to_be_visible()
        page.goto(console.url + MODEL)
        expect(page.get_by_label("Token of the cluster")).to_be_visible()


def test_scripts_of_the_page_find_no_token(browser: Browser, console: Console) -> None:
    with person(browser, console, "viewer") as visit:
        found = visit.page.evaluate(
            "[document.cookie, {...localStorage}, {...sessionStorage}, location.href]"
        )
        assert found == ["", {}, {}, f"{console.url}/"]


def test_by_a_name_of_its_own_no_other_port_of_the_machine_is_sent_the_session(
    browser: Browser, console: Console
) -> None:
    """A served model that is forwarded to localhost beside it, for example."""
    named = replace(console, url=console.url.replace("127.0.0.1", "console.localhost"))
    with person(browser, named, "viewer") as visit:
        (cookie,) = visit.page.context.cookies(named.url)
        assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
        for elsewhere in ("http://localhost:8080/", "http://127.0.0.1:8080/"):
            assert visit.page.context.cookies(elsewhere) == []


def test_training_is_asked_for_by_keyboard_alone(browser: Browser, console: Console) -> None:
    with person(browser, console, "editor") as visit:
        page = visit.page
        page.goto(console.url + MODEL)
        page.get_by_role("link", name="Train now").press("Enter")
        expect(page.get_by_role("heading", name="Train now?")).to_be_visible()
        expect(page.get_by_text("The run that is under way is ended")).to_be_visible()
        page.get_by_role("button", name="Train now").press("Enter")
        expect(page.get_by_text("The operator has not begun it yet.")).to_be_visible()
        annotations = console.model()["metadata"]["annotations"]
        assert re.fullmatch(r"[-\dT:]+Z", annotations["dandelion.dev/retrain"])
        # Another status finds its way to the page by itself.
        status = ready()
        status["training"] |= {
            "run": "c0ffee",
            "retrain": annotations["dandelion.dev/retrain"],
            "progressPercent": 61,
        }
        put(console.api, "lawn", TEAM, status)
        expect(page.get_by_text("Run c0ffee is for it: running.")).to_be_visible()
        expect(page.get_by_text("61 %, running, train")).to_be_visible()


def test_images_are_read_by_keyboard_alone_and_how_far_that_is_comes_by_itself(
    browser: Browser, console: Console, pictures_folder: Path
) -> None:
    with person(browser, console, "administrator") as visit:
        page = visit.page
        page.goto(console.url + MODEL)
        page.get_by_role("link", name="Read images").press("Enter")
        expect(page.get_by_role("heading", name="Read the images now?")).to_be_visible()
        expect(page.get_by_text("Nothing is trained, and what serves")).to_be_visible()
        visit.screenshot(pictures_folder, "console-ingest-confirm")
        page.get_by_role("button", name="Read images").press("Enter")
        expect(page.get_by_text("The operator has not begun it yet.")).to_be_visible()
        value = console.model()["metadata"]["annotations"]["dandelion.dev/ingest"]
        status = ready()
        status["ingest"] = {
            "value": value,
            "state": "Running",
            "stage": "reading",
            "progressPercent": 61,
            "startedAt": "2026-03-08T11:50:00Z",
        }
        put(console.api, "lawn", TEAM, status)
        expect(page.get_by_text("It is under way.")).to_be_visible()
        expect(page.get_by_text("61 %, reading the images: running, reading")).to_be_visible()
        visit.screenshot(pictures_folder, "console-ingest-running")
        status["ingest"] |= {
            "state": "Succeeded",
            "requestedBy": "ada@example.com",
            "finishedAt": "2026-03-08T11:55:00Z",
            "message": "no change since dataset version sha256:abababab…: 1,200 images of 3 "
            "classes, 240 held out",
        }
        put(console.api, "lawn", TEAM, status)
        expect(page.get_by_text("They are read: no change since dataset version")).to_be_visible()
        expect(page.get_by_text("Read last as dandelion.dev/ingest asks")).to_be_visible()
        visit.screenshot(pictures_folder, "console-ingest-read")


def test_a_version_is_rolled_back_by_keyboard_and_its_receipt_is_the_operators(
    browser: Browser, console: Console
) -> None:
    """By somebody who may have it done and may not write the model."""
    status = ready()
    served = {"time": "2026-03-05T09:00:00Z", "decision": "FollowedAlias", "version": "2"}
    status["history"].append(served)
    put(console.api, "lawn", TEAM, status)
    with person(browser, console, "administrator") as visit:
        page = visit.page
        page.goto(console.url + MODEL)
        page.get_by_role("link", name="Roll back").press("Enter")
        expect(page.get_by_role("radio", name="Version 2")).to_be_checked()
        expect(page.get_by_text("in the place of version 3")).to_be_visible()
        expect(page.get_by_text("console's own account does it for you")).to_be_visible()
        page.get_by_role("button", name="Roll back").press("Enter")
        expect(page.get_by_text("The operator has not dealt with it yet.")).to_be_visible()
        asked = console.model()["metadata"]["annotations"]["dandelion.dev/promote"]
        assert asked.startswith("2/")
        # What the operator makes of it finds its way to the page by itself.
        name = f"system:serviceaccount:{TEAM}:administrator"
        status["promotionRequest"] = {"value": asked, "version": "2", "state": "Done"}
        status["champion"]["version"] = "2"
        told = {
            "time": "2026-03-08T12:00:00Z",
            "decision": "FollowedAlias",
            "version": "2",
            "by": "Person",
            "requestedBy": name,
            "reason": "dandelion.dev/promote names version 2 (was version 3)",
        }
        status["history"].insert(0, told)
        put(console.api, "lawn", TEAM, status)
        expect(page.get_by_text("It is the champion, and serves.")).to_be_visible()
        expect(page.get_by_text(f"asked for by {name}", exact=True)).to_be_visible()


def test_without_scripts_everything_works_too(browser: Browser, console: Console) -> None:
    with person(browser, console, "editor", java_script_enabled=False) as visit:
        page = visit.page
        page.goto(console.url + MODEL)
        page.get_by_role("link", name="Pause").click()
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_text("It is paused: spec.suspend is true, which")).to_be_visible()


def test_when_the_token_ends_an_open_page_asks_to_log_in(
    browser: Browser, console: Console
) -> None:
    kubectl = console.api.kubectl
    kubectl("create", "secret", "generic", "short", "--from-literal=a=b", "-n", TEAM)
    bound = ("--bound-object-kind=Secret", "--bound-object-name=short")
    with visiting(browser, console.url) as visit:
        visit.expected = ("401",)
        page = visit.open().page
        page.get_by_label("Token of the cluster").fill(console.token("viewer", *bound))
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        page.goto(console.url + MODEL)
        kubectl("delete", "secret", "short", "-n", TEAM)
        expect(page.get_by_text("Your session has ended")).to_be_visible()


def test_an_open_page_says_when_it_is_no_longer_new(browser: Browser, console: Console) -> None:
    with person(browser, console, "viewer") as visit:
        visit.expected = ("401", "ERR_INTERNET_DISCONNECTED")
        page = visit.page
        page.goto(console.url + MODEL)
        told = page.get_by_text("This is how it was at")
        expect(told).to_have_count(0)
        page.context.set_offline(True)
        expect(told).to_contain_text("The console does not answer")
        expect(page.get_by_role("heading", name="lawn")).to_be_visible()
        page.context.set_offline(False)
        expect(told).to_be_hidden()


def foreign(page: Page, url: str, content: str) -> None:
    """Shows another site's page."""
    page.route(f"{url}**", lambda route: route.fulfill(body=content, content_type="text/html"))
    page.goto(url)


def test_another_sites_form_changes_nothing(browser: Browser, console: Console) -> None:
    """At another port of the same host, so that the browser takes the cookie for its own."""
    uid = console.model()["metadata"]["uid"]
    host = console.url.rpartition(":")[0]
    with person(browser, console, "editor") as visit:
        visit.expected = ("401", "403")
        form = (
            f'<form method="post" action="{console.url}{MODEL}/pause">'
            f'<input name="uid" value="{uid}"><input name="value" value="2026-03-08T12:00:00Z">'
            "<button>Win</button></form>"
        )
        foreign(visit.page, f"{host}:9/", form)
        visit.page.get_by_role("button", name="Win").click()
        expect(visit.page.get_by_text("does not come from a page of this console")).to_be_visible()
        visit.elsewhere.clear()
    assert not console.model()["spec"].get("suspend")


def test_a_link_from_another_site_needs_no_second_login(browser: Browser, console: Console) -> None:
    with person(browser, console, "viewer") as visit:
        foreign(visit.page, ELSEWHERE, f'<a href="{console.url}{MODEL}">look</a>')
        visit.page.get_by_role("link", name="look").click()
        expect(visit.page.get_by_role("heading", name="lawn")).to_be_visible()
        visit.elsewhere.clear()


def test_no_page_of_others_frames_it(browser: Browser, console: Console) -> None:
    with person(browser, console, "viewer") as visit:
        visit.expected = ("401", "frame-ancestors", "X-Frame-Options", "ERR_BLOCKED_BY_RESPONSE")
        foreign(visit.page, ELSEWHERE, f'<iframe src="{console.url}/"></iframe>')
        frame = visit.page.frame_locator("iframe")
        expect(frame.get_by_label("Token of the cluster")).to_have_count(0)
        expect(frame.get_by_role("button", name="Log out")).to_have_count(0)
        visit.elsewhere.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_screen(
    browser: Browser, console: Console, pictures_folder: Path, scheme: str, width: str
) -> None:
    size = {"width": WIDTHS[width], "height": 844}
    with visiting(browser, console.url, viewport=size, color_scheme=scheme) as visit:
        visit.expected = ("401", "403")
        page = visit.open().page

        def look(name: str) -> None:
            visit.screenshot(pictures_folder, f"console-{width}-{scheme}-{name}")
            overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(overflow) == 0, name

        look("login")
        page.get_by_label("Token of the cluster").fill(console.token("owner"))
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="Which namespace?")).to_be_visible()
        look("namespaces")
        for name, address in {
            "fleet": FLEET,
            "model": MODEL,
            "train": f"{MODEL}/train",
            "promote": f"{MODEL}/promote",
            "rollback": f"{MODEL}/rollback",
            "refused": f"/namespaces/{OTHER}/models/apples",
        }.items():
            page.goto(console.url + address)
            look(name)
