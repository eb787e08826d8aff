"""What a person may have done and not write themselves, the console's account writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fakes.cluster import FakeCluster
from given.acting import PAGE, SENT, STAMP, do, form
from given.browser import Browser, app


def test_what_one_may_not_write_oneself_the_account_writes(
    administrator: Browser, cluster: FakeCluster
) -> None:
    page = administrator.get(f"{PAGE}/train").text
    assert "the console's own account does it for you" in page
    do(administrator, "train")
    (request,) = [item for item in cluster.requests if item.method == "PATCH"]
    assert request.headers["authorization"] == "Bearer token-of-account"
    ((_, patch),) = cluster.patches
    signature = patch["metadata"]["annotations"]["dandelion.dev/requested-by"]
    assert re.fullmatch(rf"retrain={STAMP} by administrator", signature)


def test_the_account_is_asked_for_its_token_each_time(
    administrator: Browser, cluster: FakeCluster, tmp_path: Path
) -> None:
    cluster.tokens["renewed"] = "account"
    (tmp_path / "token").write_text("renewed")
    do(administrator, "pause")
    (request,) = [item for item in cluster.requests if item.method == "PATCH"]
    assert request.headers["authorization"] == "Bearer renewed"


@pytest.mark.parametrize("token", [None, "", "unknown", "\u00e9"])
def test_an_account_that_cannot_write_ends_nobodys_session(
    administrator: Browser,
    cluster: FakeCluster,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    token: str | None,
) -> None:
    sent = form(administrator.get(f"{PAGE}/pause").text)
    (tmp_path / "token").unlink()
    if token is not None:
        (tmp_path / "token").write_text(token)
    answer = administrator.post(f"{PAGE}/pause", sent)
    assert answer.status_code == 503
    assert "The console cannot do that now" in answer.text
    assert "account" in capsys.readouterr().out
    assert administrator.get(PAGE).status_code == 200
    assert "suspend" not in cluster.models["team", "lawn"]["spec"]


def test_without_an_account_only_who_may_write_is_offered_anything(
    cluster: FakeCluster, tmp_path: Path
) -> None:
    browser = Browser(app(cluster, tmp_path))
    browser.log_in("token-of-administrator")
    assert "Train now" not in browser.get(PAGE).text
    for answer in (browser.get(f"{PAGE}/train"), browser.post(f"{PAGE}/train", SENT)):
        assert answer.status_code == 403
        assert "has no account that does it for them" in answer.text
    browser.log_in("token-of-editor")
    do(browser, "train")
    assert len(cluster.patches) == 1
