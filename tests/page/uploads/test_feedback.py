"""Wrong? Tell it: what is sent, and what the person reads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.page.photos import meadow
from tests.page.served import CLASSES
from tests.page.visit import Visit

ANSWER = "7d3f1f0e-5b0e-4b39-9a53-1c3f3a1f0a01"

REFUSED = {
    "feedback is switched off": (409, "FeedbackDisabled", "Feedback is off for this model."),
    "the token may not": (403, "Forbidden", "Ask for the role that may create feedback."),
    "the log is gone": (503, "LogUnavailable", "The log does not answer."),
}


def answers_have_an_id(visit: Visit) -> None:
    def with_id(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={"id": ANSWER, **answer.json()})

    visit.page.route("**/predict", with_id)


def feedback_is(visit: Visit, status: int, body: dict[str, Any]) -> list[dict[str, Any]]:
    """What arrives there, from now on."""
    arrived: list[dict[str, Any]] = []

    def answer(route: Route) -> None:
        arrived.append(json.loads(route.request.post_data or ""))
        route.fulfill(status=status, json=body)

    visit.page.route("**/feedback", answer)
    return arrived


def tell(visit: Visit, label: str) -> None:
    visit.ready().choose(("poppy.png", meadow(0)))
    card = visit.cards.first
    card.get_by_role("button", name="Wrong? Tell it").click()
    card.get_by_label("It is").select_option(label)
    card.get_by_role("button", name="Send").click()


def test_the_chosen_class_is_sent_and_noted(visit: Visit) -> None:
    answers_have_an_id(visit)
    arrived = feedback_is(visit, 202, {"id": ANSWER})
    tell(visit, "dandelion")
    expect(visit.cards.first.locator(".told")).to_have_text(
        "Thank you. It is noted as “dandelion”."
    )
    [told] = arrived
    assert told["index"] == 0
    assert told["label"] == "dandelion"
    assert len(told["id"]) == len(ANSWER)
    expect(visit.cards.first.get_by_label("It is")).to_be_hidden()


def test_every_class_can_be_chosen_whatever_its_name(visit: Visit) -> None:
    answers_have_an_id(visit)
    arrived = feedback_is(visit, 202, {"id": ANSWER})
    visit.ready().choose(("poppy.png", meadow(0)))
    visit.cards.first.get_by_role("button", name="Wrong? Tell it").click()
    options = visit.cards.first.locator(".truth option").all_inner_texts()
    assert options[0] == "choose…"
    assert set(options[1:]) == set(CLASSES)
    for label in CLASSES:
        visit.cards.first.get_by_label("It is").select_option(label)
        visit.cards.first.get_by_role("button", name="Send").click()
        expect(visit.cards.first.locator(".told")).to_contain_text(f"“{label}”")
        visit.cards.first.get_by_role("button", name="Wrong? Tell it").click()
    assert [told["label"] for told in arrived] == list(CLASSES)


def test_nothing_is_sent_before_a_class_is_chosen(visit: Visit) -> None:
    answers_have_an_id(visit)
    arrived = feedback_is(visit, 202, {"id": ANSWER})
    visit.ready().choose(("poppy.png", meadow(0)))
    visit.cards.first.get_by_role("button", name="Wrong? Tell it").click()
    visit.cards.first.get_by_role("button", name="Send").click()
    assert visit.page.evaluate("document.activeElement.tagName") == "SELECT"
    assert arrived == []


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_shown_in_its_own_words(visit: Visit, case: str) -> None:
    status, code, detail = REFUSED[case]
    visit.expected = (str(status),)
    answers_have_an_id(visit)
    feedback_is(visit, status, {"code": code, "detail": detail})
    tell(visit, "clover")
    expect(visit.cards.first.locator(".told")).to_have_text(detail)
