"""A cluster with four people, and a console with an account before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from dandelion_console.resource import Right
from fakes.cluster import FakeCluster
from given.browser import Browser, app
from given.models import model

ACCOUNT = "account"


@pytest.fixture
def cluster() -> FakeCluster:
    """`viewer` sees all, `editor` changes all, `guest` sees and changes nothing.

    `administrator` changes nothing, and may have everything done.
    """
    made = FakeCluster()
    made.add(model())
    made.let("viewer", "list", "get")
    made.let("editor", "list", "get", "patch")
    made.let("guest")
    made.let("administrator", "list", "get", *(f"create {right}" for right in Right))
    made.let(ACCOUNT, "patch")
    return made


@pytest.fixture
def browser(cluster: FakeCluster, tmp_path: Path) -> Browser:
    (tmp_path / "token").write_text(f"token-of-{ACCOUNT}\n")
    return Browser(app(cluster, tmp_path, account_token_file=tmp_path / "token"))


@pytest.fixture
def viewer(browser: Browser) -> Browser:
    assert browser.log_in("token-of-viewer").status_code == 303
    return browser


@pytest.fixture
def editor(browser: Browser) -> Browser:
    assert browser.log_in("token-of-editor").status_code == 303
    return browser


@pytest.fixture
def administrator(browser: Browser) -> Browser:
    assert browser.log_in("token-of-administrator").status_code == 303
    return browser
