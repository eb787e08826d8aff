"""What the page looks like: screenshots for people, contrast for everybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.page.photos import meadow
from tests.page.served import Served
from tests.page.visit import visiting

WIDTHS = {"desk": 1100, "phone": 390}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_screen(
    browser: Browser, served: Served, pictures_folder: Path, scheme: str, width: str
) -> None:
    size = {"width": WIDTHS[width], "height": 844}
    with visiting(browser, served.url, viewport=size, color_scheme=scheme) as visit:
        visit.ready()
        visit.screenshot(pictures_folder, f"{width}-{scheme}-empty")
        visit.expected = ("400",)
        visit.choose(
            ("poppies in the evening.png", meadow(0)),
            ("a-file-name-without-any-space-that-goes-on-" * 3 + ".png", meadow(2)),
            ("notes.txt", b"hello, this is text"),
        )
        expect(visit.page.locator(".verdict:visible")).to_have_count(2)
        expect(visit.page.locator(".problem:visible")).to_have_count(1)
        first = visit.cards.first
        first.get_by_role("button", name="Explain").click()
        expect(first.get_by_role("button", name="Show the photo")).to_be_visible()
        visit.screenshot(pictures_folder, f"{width}-{scheme}-results")
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert visit.page.evaluate(overflow) == 0


def test_the_mark_is_drawn_and_follows_the_scheme(browser: Browser, served: Served) -> None:
    drawn = []
    for scheme in ("light", "dark"):
        with visiting(browser, served.url, color_scheme=scheme) as visit:
            mark = visit.ready().page.locator(".mark")
            assert mark.evaluate("mark => mark.decode().then(() => mark.naturalWidth)") > 0
            drawn.append(mark.screenshot())
    assert drawn[0] != drawn[1]
