"""Somebody before the console who shows images to a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from fakes.cluster import ACCOUNT, FakeCluster
from fakes.serving import FakeServing
from given.browser import SAME_SITE, Browser, app

MODEL = "/namespaces/team/models/lawn"
IMAGE = b"an image" * 1000
AS_IMAGE = SAME_SITE | {"content-type": "image/png"}


def logged_in(who: str, cluster: FakeCluster, serving: FakeServing, folder: Path) -> Browser:
    account = folder / "token"
    account.write_text(cluster.let(ACCOUNT))
    browser = Browser(app(cluster, folder, serving, account_token_file=account))
    assert browser.log_in(f"token-of-{who}").status_code == 303
    return browser


def sent(browser: Browser, path: str = f"{MODEL}/predict", **request: Any) -> httpx.Response:
    return browser.send("POST", path, **({"content": IMAGE, "headers": AS_IMAGE} | request))
