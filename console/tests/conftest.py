"""A cluster with three people, and a console before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.cluster import FakeCluster
from given.browser import Browser, app
from given.models import model


@pytest.fixture
def cluster() -> FakeCluster:
    """`viewer` sees all, `editor` changes all, `guest` sees and changes nothing."""
    made = FakeCluster()
    made.add(model())
    made.let("viewer", "list", "get")
    made.let("editor", "list", "get", "patch")
    made.let("guest")
    return made


@pytest.fixture
def browser(cluster: FakeCluster, tmp_path: Path) -> Browser:
    return Browser(app(cluster, tmp_path))


@pytest.fixture
def viewer(browser: Browser) -> Browser:
    assert browser.log_in("token-of-viewer").status_code == 303
    return browser


@pytest.fixture
def editor(browser: Browser) -> Browser:
    assert browser.log_in("token-of-editor").status_code == 303
    return browser
