"""The page as people have it: a real Chromium before the real service."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.page.browser import chromium
from tests.page.served import LIMIT, Served, serving
from tests.page.visit import Visit, visiting


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with the module: its event loop is the thread's, and others start theirs there."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One ready service for all tests that only ask it things."""
    with serving(tmp_path_factory.mktemp("served"), {"DANDELION_MAX_UPLOAD_BYTES": LIMIT}) as it:
        it.service.wait_ready()
        yield it


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Visit]:
    with visiting(browser, served.url) as visit:
        yield visit


@pytest.fixture(scope="session")
def pictures_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go, for people to look at."""
    named = os.environ.get("DANDELION_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
