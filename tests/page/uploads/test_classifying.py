"""Images in, by every way there is, and what the page says about them."""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path

from playwright.sync_api import Browser, Locator, expect

from tests.page.photos import fog, meadow
from tests.page.served import LIMIT, MARKUP, serving
from tests.page.visit import Visit, upload, visiting

POPPY = ("poppy.png", meadow(0))
CLOVER = ("clover.png", meadow(1))
CORNFLOWER = ("cornflower.png", meadow(2))

TRANSFER = """(encoded, name) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, {type: "image/png"}));
  return transfer;
}"""


def bars(card: Locator) -> list[tuple[str, str]]:
    """The classes that are shown, with their percentages."""
    items = card.locator(".found > .bars li")
    return [
        (item.locator(".label").inner_text(), item.locator(".figure").inner_text())
        for item in items.all()
    ]


def send(visit: Visit, event: str, field: str, file: tuple[str, bytes]) -> None:
    """What the browser sends when somebody pastes or drops a file."""
    kind = "ClipboardEvent" if event == "paste" else "DragEvent"
    visit.page.evaluate(
        f"""([encoded, name]) => document.body.dispatchEvent(new {kind}("{event}", {{
          {field}: ({TRANSFER})(encoded, name), bubbles: true, cancelable: true,
        }}))""",
        [base64.b64encode(file[1]).decode(), file[0]],
    )


def test_a_chosen_image_is_answered_with_bars(visit: Visit) -> None:
    visit.ready().choose(POPPY)
    card = visit.card("poppy.png")
    expect(card.locator(".verdict")).to_have_text("poppy")
    shown = bars(card)
    assert len(shown) == 5
    assert shown[0][0] == "poppy"
    assert all(re.fullmatch(r"\d+(\.\d)?%", figure) for _, figure in shown)
    figures = [float(figure.rstrip("%")) for _, figure in shown]
    assert figures == sorted(figures, reverse=True)
    widths = [
        box["width"]
        for fill in card.locator(".found > .bars .fill").all()
        if (box := fill.bounding_box())
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > widths[-1]
    expect(card.get_by_text("lawn, version 3")).to_be_visible()


def test_an_image_that_may_be_none_of_the_classes_is_shown_with_that_doubt(
    browser: Browser, tmp_path: Path
) -> None:
    calibration = {"temperature": 0.5, "unknownThreshold": 0.5}
    with (
        serving(tmp_path, calibration=calibration) as served,
        visiting(browser, served.url) as visit,
    ):
        served.service.wait_ready()
        visit.ready().choose(("fog.png", fog()))
        expect(visit.page.locator("#said")).to_contain_text("fog.png: May be none of the classes.")
        visit.choose(POPPY)
        unknown, known = visit.card("fog.png"), visit.card("poppy.png")
        expect(unknown.locator(".verdict")).to_have_text("May be none of the classes")
        doubt = "The probabilities below do not count then."
        expect(unknown.get_by_text(doubt)).to_be_visible()
        assert len(bars(unknown)) == 5
        expect(known.locator(".verdict")).to_have_text("poppy")
        expect(known.get_by_text(doubt)).to_be_hidden()


def test_the_name_and_the_version_that_serve_are_shown(visit: Visit) -> None:
    visit.ready()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("lawn")
    expect(visit.page.get_by_text("Version 3 is ready.")).to_be_visible()
    assert visit.page.title() == "lawn · Dandelion"


def test_the_other_classes_are_a_click_away_and_stay_text(visit: Visit) -> None:
    visit.ready().choose(POPPY)
    card = visit.cards.first
    card.get_by_text("2 more classes").click()
    expect(card.locator(".label").get_by_text(MARKUP, exact=True)).to_be_visible()
    assert visit.page.locator("b").count() == 0


def test_several_images_are_asked_one_by_one(visit: Visit) -> None:
    asked = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.ready().choose(POPPY, CLOVER, CORNFLOWER)
    expect(visit.page.locator(".verdict:visible")).to_have_text(["poppy", "clover", "cornflower"])
    assert [address for address in asked if "predict" in address] == [f"{visit.url}/predict"] * 3


def test_a_pasted_image_is_answered(visit: Visit) -> None:
    send(visit.ready(), "paste", "clipboardData", CORNFLOWER)
    expect(visit.cards.first.locator(".verdict")).to_have_text("cornflower")


def test_a_dropped_image_is_answered_wherever_it_falls(visit: Visit) -> None:
    send(visit.ready(), "dragenter", "dataTransfer", CLOVER)
    expect(visit.page.locator("body")).to_have_class("dropping")
    send(visit, "drop", "dataTransfer", CLOVER)
    expect(visit.cards.first.locator(".verdict")).to_have_text("clover")
    expect(visit.page.locator("body")).not_to_have_class("dropping")


def test_a_picture_is_taken_with_the_camera(visit: Visit) -> None:
    visit.ready().page.get_by_role("button", name="Use the camera").click()
    # Which cannot be pressed before there is a frame to take.
    visit.page.get_by_role("button", name="Take the picture").click()
    expect(visit.card("Picture 1").locator(".verdict")).to_be_visible()
    # The browser tells of a dialog's end in a task of its own.
    expect(visit.page.locator("#video")).to_have_js_property("srcObject", None)


def test_without_a_camera_in_the_page_the_device_takes_the_picture(visit: Visit) -> None:
    visit.page.add_init_script("delete Navigator.prototype.mediaDevices")
    visit.ready()
    with visit.page.expect_file_chooser() as chooser:
        visit.page.get_by_role("button", name="Use the camera").click()
    chooser.value.set_files([upload(*POPPY)])
    expect(visit.cards.first.locator(".verdict")).to_have_text("poppy")


def test_what_the_service_says_against_a_file_stands_next_to_it(visit: Visit) -> None:
    visit.expected = ("400", "413", "415")
    incompressible = zlib.compress(b"") + bytes(int(LIMIT))
    visit.ready().choose(
        ("notes.txt", b"hello, this is text"),
        ("paper.pdf", b"%PDF-1.7 ..."),
        ("large.png", incompressible),
        POPPY,
    )
    expect(visit.card("notes.txt").locator(".problem")).to_contain_text("is not an image")
    expect(visit.card("paper.pdf").locator(".problem")).to_contain_text("This is a PDF")
    expect(visit.card("large.png").locator(".problem")).to_contain_text(f"at most {LIMIT} bytes")
    expect(visit.card("poppy.png").locator(".verdict")).to_have_text("poppy")
    expect(visit.card("notes.txt").locator(".frame")).to_have_class(re.compile("blind"))


def test_cleared_results_are_gone_and_the_next_image_is_answered(visit: Visit) -> None:
    visit.ready().choose(POPPY, CLOVER)
    expect(visit.page.locator(".verdict:visible")).to_have_count(2)
    visit.page.get_by_role("button", name="Clear").click()
    expect(visit.cards).to_have_count(0)
    expect(visit.page.get_by_role("heading", name="Results")).to_be_hidden()
    visit.choose(POPPY)
    expect(visit.cards.first.locator(".verdict")).to_have_text("poppy")


def test_an_explanation_replaces_the_photo_and_goes_again(visit: Visit) -> None:
    visit.ready().choose(POPPY)
    card = visit.cards.first
    picture = card.locator(".picture")
    photo = picture.get_attribute("src")
    card.get_by_role("button", name="Explain").click()
    expect(card.get_by_role("button", name="Show the photo")).to_be_visible()
    expect(picture).to_have_attribute("alt", "Heat map of poppy.png: what speaks for poppy")
    assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 448
    card.get_by_label("What speaks for").select_option("clover")
    expect(picture).to_have_attribute("alt", "Heat map of poppy.png: what speaks for clover")
    card.get_by_role("button", name="Show the photo").click()
    expect(picture).to_have_attribute("src", photo or "")
