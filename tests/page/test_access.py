"""The page for those who use no mouse, see little, or hear it read out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.photos import meadow
from tests.page.served import Served
from tests.page.uploads.test_feedback import answers_have_an_id, feedback_is
from tests.page.visit import Visit, upload, visiting

# What WCAG 2.2 asks of text at level AA; large text may have less, and needs not.
CONTRAST = 4.5
FINGERTIP = 44

# Every text that can be seen, with its contrast to whatever lies behind it.
CONTRASTS = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = numbers(colour).map((value) => value / 255)
      .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      const alpha = numbers(colour)[3];
      if (alpha === undefined || alpha === 1) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility()) continue;
    const lights = [getComputedStyle(element).color, behind(element)].map(luminance);
    found.push([text, (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05)]);
  }
  return found;
}"""

CONTROLS = "button, select, summary, a, input:not([hidden])"

FOCUSED = """() => {
  const element = document.activeElement;
  const {outlineStyle, outlineWidth} = getComputedStyle(element);
  return {
    name: (element.labels?.[0] ?? element).textContent.trim().replace(/\\s+/g, " "),
    tag: element.tagName,
    visible: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
  };
}"""


def with_everything_shown(visit: Visit) -> Page:
    """A card with its feedback, one with a problem, and the field for a token."""
    visit.expected = ("400", "403")
    answers_have_an_id(visit)
    feedback_is(visit, 403, {"code": "Forbidden", "detail": "You may not tell."})
    visit.ready().choose(("poppy.png", meadow(0)), ("notes.txt", b"hello, this is text"))
    expect(visit.page.get_by_role("button", name="Try again")).to_be_visible()
    card = visit.cards.first
    card.get_by_role("button", name="Wrong? Tell it").click()
    card.get_by_label("It is").select_option("clover")
    card.get_by_role("button", name="Send").click()
    expect(visit.page.get_by_label("Access token")).to_be_visible()
    card.get_by_text("2 more classes").click()
    visit.page.get_by_text("From a program").click()
    return visit.page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(
    browser: Browser, served: Served, scheme: str
) -> None:
    with visiting(browser, served.url, color_scheme=scheme) as visit:
        page = with_everything_shown(visit)
        found = page.evaluate(CONTRASTS)
        assert len(found) > 30
        assert [(text, ratio) for text, ratio in found if ratio < CONTRAST] == []


def test_every_control_has_a_name_and_the_size_of_a_fingertip(visit: Visit) -> None:
    page = with_everything_shown(visit)
    controls = [control for control in page.locator(CONTROLS).all() if control.is_visible()]
    assert len(controls) > 10
    for control in controls:
        described = control.aria_snapshot().splitlines()[0]
        if control.evaluate("element => element.matches('button, select, input, a')"):
            assert re.match(r'- \w+ ".+"', described), described
        box = control.bounding_box()
        assert box is not None
        if control.evaluate("element => element.matches('button, select, input')"):
            assert min(box["width"], box["height"]) >= FINGERTIP, described
    assert all(image.get_attribute("alt") is not None for image in page.locator("img").all())
    assert page.locator("html").get_attribute("lang") == "en"


def test_headings_do_not_skip_a_level(visit: Visit) -> None:
    page = with_everything_shown(visit)
    levels = [
        int(heading.evaluate("element => element.tagName[1]"))
        for heading in page.locator("h1:visible, h2:visible, h3:visible").all()
    ]
    assert levels == [1, 2, 3, 3]


def test_everything_is_done_by_keyboard_alone(visit: Visit) -> None:
    answers_have_an_id(visit)
    feedback_is(visit, 202, {})
    page = visit.ready().page

    def tab() -> dict[str, Any]:
        page.keyboard.press("Tab")
        focused: dict[str, Any] = page.evaluate(FOCUSED)
        assert focused["visible"], focused
        return focused

    assert tab()["name"].startswith("Choose images")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([upload("poppy.png", meadow(0))])
    expect(visit.cards.first.locator(".verdict")).to_have_text("poppy")
    passed = [tab()["name"] for _ in range(4)]
    assert passed == ["Use the camera", "Clear", "2 more classes", "Explain"]
    page.keyboard.press("Enter")
    expect(visit.cards.first.get_by_role("button", name="Show the photo")).to_be_focused()
    assert tab()["name"] == "Wrong? Tell it"
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUSED)["tag"] == "SELECT"
    # One letter: a select forgets what was typed too long ago.
    page.keyboard.press("c")
    assert tab()["name"] == "Send"
    page.keyboard.press("Enter")
    expect(visit.cards.first.locator(".told")).to_contain_text("“clover”")
    expect(visit.cards.first.get_by_role("button", name="Wrong? Tell it")).to_be_focused()
    assert [tab()["name"] for _ in range(2)] == ["From a program", "API description"]


def test_the_camera_is_closed_by_escape(visit: Visit) -> None:
    page = visit.ready().page
    camera = page.get_by_role("button", name="Use the camera")
    camera.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Take the picture")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(camera).to_be_focused()
    # The browser tells of a dialog's end in a task of its own, after it is hidden.
    expect(page.locator("#video")).to_have_js_property("srcObject", None)


def test_answers_and_problems_are_read_out(visit: Visit) -> None:
    visit.expected = ("400",)
    said = visit.ready().page.locator("#said")
    visit.choose(("poppy.png", meadow(0)))
    expect(said).to_have_text("poppy.png: poppy, 39.5%")
    visit.choose(("notes.txt", b"hello, this is text"))
    expect(said).to_contain_text("notes.txt: The content of the file is not an image")
    visit.cards.last.get_by_role("button", name="Explain").click()
    expect(said).to_have_text("The heat map for poppy is shown.")
    assert said.get_attribute("role") == "status"


@pytest.mark.parametrize(("motion", "moving"), [("reduce", False), ("no-preference", True)])
def test_nothing_moves_for_those_who_ask_for_that(
    browser: Browser, served: Served, motion: str, moving: bool
) -> None:
    with visiting(browser, served.url, reduced_motion=motion) as visit:
        visit.ready().choose(("poppy.png", meadow(0)))
        expect(visit.cards.first.locator(".verdict")).to_have_text("poppy")
        style = "element => getComputedStyle(element).animationName !== 'none'"
        assert visit.cards.first.locator(".fill").first.evaluate(style) is moving
