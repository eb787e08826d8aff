"""A service that is not ready, full, locked, or behind something."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.sync_api import Browser, Route, expect

from tests.page.photos import meadow
from tests.page.served import Served, serving
from tests.page.visit import Visit, visiting

POPPY = ("poppy.png", meadow(0))


def refuse(
    route: Route, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> None:
    route.fulfill(status=status, json={"code": code, "detail": detail}, headers=headers)


def test_an_image_waits_until_the_model_is_ready(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path, fetchable=False) as served, visiting(browser, served.url) as visit:
        visit.expected = ("503",)
        visit.open()
        expect(visit.page.get_by_text("Not ready yet.")).to_be_visible()
        visit.choose(POPPY)
        expect(visit.cards.first.get_by_text("Looking…")).to_be_visible()
        served.offer()
        expect(visit.cards.first.locator(".verdict")).to_have_text("poppy", timeout=60_000)
        expect(visit.page.get_by_text("Version 3 is ready.")).to_be_visible()


def test_a_full_queue_is_asked_again(visit: Visit) -> None:
    visit.expected = ("429",)
    asked = 0

    def full_twice(route: Route) -> None:
        nonlocal asked
        asked += 1
        if asked <= 2:
            refuse(route, 429, "QueueFull", "Too many.", {"Retry-After": "0.2"})
        else:
            route.continue_()

    visit.page.route("**/predict", full_twice)
    visit.ready().choose(POPPY)
    expect(visit.cards.first.locator(".verdict")).to_have_text("poppy")
    assert asked == 3


def test_a_locked_service_asks_for_a_token_once_and_keeps_it(visit: Visit) -> None:
    visit.expected = ("401",)
    seen = []

    def locked(route: Route) -> None:
        token = route.request.headers.get("authorization")
        seen.append(token)
        if token == "Bearer right":
            route.continue_()
        else:
            refuse(route, 401, "Unauthenticated", "A token of the cluster is needed.")

    visit.page.route("**/predict", locked)
    visit.ready().choose(POPPY, ("other.png", meadow(2)))
    form = visit.page.locator("#access")
    waits_for_a_token = visit.page.get_by_text("Waiting for an access token…")
    expect(form.get_by_text("A token of the cluster is needed.")).to_be_visible()
    expect(form.get_by_label("Access token")).to_be_focused()
    expect(waits_for_a_token).to_have_count(2)
    visit.choose(("later.png", meadow(1)))
    expect(waits_for_a_token).to_have_count(3)
    form.get_by_label("Access token").focus()
    visit.page.keyboard.type("wrong")
    visit.page.keyboard.press("Enter")
    expect(form.get_by_label("Access token")).to_have_value("")
    expect(form.get_by_label("Access token")).to_be_focused()
    visit.page.keyboard.type("right")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator(".verdict:visible")).to_have_count(3)
    expect(form).to_be_hidden()
    visit.choose(("last.png", meadow(1)))
    expect(visit.page.locator(".verdict:visible")).to_have_count(4)
    assert seen[-1] == "Bearer right"
    kept = visit.page.evaluate(
        "JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])"
    )
    assert "right" not in kept


def test_a_token_that_may_not_is_told_what_it_lacks_and_may_be_another(visit: Visit) -> None:
    visit.expected = ("403",)
    detail = "alice may not create modeldeployments/predict; bind the ClusterRole."
    visit.page.route(
        "**/predict",
        lambda route: (
            route.continue_()
            if route.request.headers.get("authorization")
            else refuse(route, 403, "Forbidden", detail)
        ),
    )
    visit.ready().choose(POPPY)
    expect(visit.cards.first.locator(".problem")).to_have_text(detail)
    visit.page.get_by_label("Access token").fill("of bob")
    visit.page.get_by_role("button", name="Continue").click()
    visit.page.get_by_role("button", name="Try again").click()
    expect(visit.cards.first.locator(".verdict")).to_have_text("poppy")


def test_a_service_that_is_gone_is_said_to_be_and_can_be_tried_again(visit: Visit) -> None:
    visit.expected = ("ERR_FAILED",)
    visit.ready()
    visit.page.route("**/predict", lambda route: route.abort())
    visit.choose(POPPY)
    expect(visit.cards.first.locator(".problem")).to_contain_text("could not be reached")
    visit.page.unroute("**/predict")
    visit.page.get_by_role("button", name="Try again").click()
    expect(visit.cards.first.locator(".verdict")).to_have_text("poppy")
    expect(visit.cards.first.locator(".problem")).to_be_hidden()


def test_a_proxy_that_answers_for_the_service_is_no_riddle(visit: Visit) -> None:
    visit.expected = ("502",)
    visit.ready()
    visit.page.route("**/predict", lambda route: route.fulfill(status=502, body="<h1>Bad</h1>"))
    visit.choose(POPPY)
    expect(visit.cards.first.locator(".problem")).to_have_text(
        "The service answered with status 502."
    )


def test_the_page_works_behind_a_path_prefix(browser: Browser, served: Served) -> None:
    with (
        visiting(browser, "http://gateway.test/models/lawn/") as visit,
        httpx.Client(timeout=60, trust_env=False) as client,
    ):

        def forward(route: Route) -> None:
            address = route.request.url.replace("http://gateway.test/models/lawn", served.url)
            answer = client.request(
                route.request.method,
                address,
                content=route.request.post_data_buffer,
                headers={"Content-Type": route.request.headers.get("content-type", "")},
            )
            route.fulfill(
                status=answer.status_code, headers=dict(answer.headers), body=answer.content
            )

        visit.page.route("http://gateway.test/models/lawn/**", forward)
        visit.ready().choose(POPPY)
        expect(visit.cards.first.locator(".verdict")).to_have_text("poppy")
        visit.cards.first.get_by_role("button", name="Explain").click()
        expect(visit.cards.first.get_by_role("button", name="Show the photo")).to_be_visible()
