"""One visit to the page by one person, and what must hold of every visit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, FilePayload, Locator, Page, expect


def upload(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "", "buffer": data}


@dataclass
class Visit:
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """Parts of the complaints that the test brings about: Chromium logs every answer of 4xx."""

    def open(self) -> Visit:
        self.page.goto(self.url)
        return self

    def ready(self) -> Visit:
        self.open()
        expect(self.page.get_by_text("is ready")).to_be_visible()
        return self

    def choose(self, *files: tuple[str, bytes]) -> None:
        self.page.locator("#files").set_input_files([upload(name, data) for name, data in files])

    @property
    def cards(self) -> Locator:
        return self.page.locator(".card")

    def card(self, name: str) -> Locator:
        return self.cards.filter(has=self.page.get_by_role("heading", name=name, exact=True))

    def end(self) -> None:
        unexpected = [
            text for text in self.complaints if not any(part in text for part in self.expected)
        ]
        assert unexpected == []
        assert self.elsewhere == []

    def screenshot(self, folder: Path, name: str) -> None:
        self.page.screenshot(path=folder / f"{name}.png", full_page=True)


@contextmanager
def visiting(browser: Browser, url: str, **context: Any) -> Iterator[Visit]:
    """Ends with the proof that the browser had nothing to complain about and asked nobody else."""
    with browser.new_context(
        **{"permissions": ["camera"], "reduced_motion": "reduce", **context}
    ) as session:
        page = session.new_page()
        visit = Visit(page, url)
        # From now on: asked for only when a test waits for a chooser, that could come too late.
        page.on("filechooser", lambda _chooser: None)
        page.on(
            "console",
            lambda message: (
                visit.complaints.append(message.text)
                if message.type in ("error", "warning")
                else None
            ),
        )
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((url, "blob:"))
                else visit.elsewhere.append(request.url)
            ),
        )
        yield visit
        visit.end()
