"""A Chromium for the tests: the machine's own, or else Debian's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from dandelion_local import packages
from playwright.sync_api import Browser, expect, sync_playwright

# A busy machine is slow, not wrong. Whoever has a browser from here waits so long.
expect.set_options(timeout=30_000)

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",  # which Chromium refuses to run with as root
    "--disable-background-networking",
    # A camera that shows a test picture, and nobody who has to allow it.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


def executable() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    if executable() is None:
        packages.ensure(("chromium",))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        yield browser
        browser.close()
