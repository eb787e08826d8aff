"""What a person may do who came in through a provider, by its groups, and for how long."""

from __future__ import annotations

import itertools
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.console.doors import BEGIN, Door
from tests.console.served import OTHER, TEAM, serving

MODEL = f"/namespaces/{TEAM}/models/lawn"
FOREIGN = f"/namespaces/{OTHER}/models/apples"
BACK = "/login/oidc/return"
REVOKED_SECONDS = 60


@pytest.fixture(autouse=True)
def models(oidc_models: None) -> None:
    """In place of those before the other console."""


SEEN: dict[tuple[str, ...], dict[str, int]] = {
    (): {f"/?namespace={TEAM}": 403, MODEL: 403, FOREIGN: 403},
    ("gardeners",): {f"/?namespace={TEAM}": 200, MODEL: 200, FOREIGN: 403},
    ("foremen",): {f"/?namespace={TEAM}": 200, MODEL: 200, FOREIGN: 403},
    # The provider's groups are the provider's.
    ("system:masters",): {f"/?namespace={TEAM}": 403, MODEL: 403, FOREIGN: 403},
}


@pytest.mark.parametrize("groups", SEEN, ids=lambda groups: "-".join(groups) or "none")
def test_groups_give_what_they_are_bound_to(door: Door, groups: tuple[str, ...]) -> None:
    with closing(door.logged_in(*groups)) as browser:
        for address, status in SEEN[groups].items():
            page = browser.get(address)
            assert page.status_code == status, page.text
            if status == 403:
                assert "is forbidden" in page.text
                assert "GateFailed" not in page.text


def test_who_has_no_token_is_offered_the_namespaces_that_they_may_see(
    doors: dict[str, Door],
) -> None:
    with closing(doors["unknown"].logged_in("gardeners")) as browser:
        page = browser.get("/").text
        assert f"/?namespace={TEAM}" in page
        assert OTHER not in page


ACTED: dict[str, tuple[str, int]] = {
    "an administrator": ("heads", 303),
    "who may edit": ("foremen", 303),
    "who only sees": ("gardeners", 403),
}


@pytest.mark.parametrize("case", ACTED)
def test_who_may_have_it_done_does_under_their_own_name(door: Door, case: str) -> None:
    group, status = ACTED[case]
    before = door.console.model()
    form = {"uid": before["metadata"]["uid"], "value": moment()}
    with closing(door.logged_in(group)) as browser:
        answer = browser.post(f"{MODEL}/train", data=form)
        assert answer.status_code == status, answer.text
    after = door.console.model()
    if status == 403:
        assert after == before
        return
    annotations = after["metadata"]["annotations"]
    assert annotations["dandelion.dev/retrain"] == form["value"]
    assert annotations["dandelion.dev/requested-by"].endswith(" by oidc:ada@example.com")


@pytest.mark.parametrize("action", ["ingest", "train", "pause", "promote"])
def test_nothing_is_done_in_another_namespace(door: Door, action: str) -> None:
    before = door.console.model("apples", OTHER)
    form = {"uid": before["metadata"]["uid"], "value": moment(), "version": "4"}
    with closing(door.logged_in("heads")) as browser:
        assert browser.post(f"{FOREIGN}/{action}", data=form).status_code == 403
    assert door.console.model("apples", OTHER) == before


MOMENTS = itertools.count()


def moment() -> str:
    """Each another, since the same one asks for nothing again."""
    return f"2026-03-08T12:00:{next(MOMENTS):02}Z"


FORGED_HEADERS = {
    "X-Forwarded-User": "oidc:root@example.com",
    "X-Forwarded-Groups": "oidc:foremen",
    "Impersonate-User": "system:admin",
    "Impersonate-Group": "system:masters",
}


@pytest.mark.parametrize("header", FORGED_HEADERS)
def test_a_header_that_names_somebody_names_nobody(door: Door, header: str) -> None:
    forged = {header: FORGED_HEADERS[header]}
    with closing(door.console.browser()) as browser:
        assert browser.get("/", headers=forged).status_code == 401
    with closing(door.logged_in("gardeners")) as browser:
        assert browser.get(FOREIGN, headers=forged).status_code == 403
        assert f"{MODEL}/train" not in browser.get(MODEL, headers=forged).text


@pytest.mark.parametrize("path", [f"{MODEL}/pause", "/logout", f"{MODEL}/predict"])
def test_another_sites_form_changes_nothing(door: Door, path: str) -> None:
    before = door.console.model()
    with closing(door.logged_in("foremen")) as browser:
        form = {"uid": before["metadata"]["uid"], "value": "2026-03-08T12:00:00Z"}
        foreign = {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"}
        assert browser.post(path, data=form, headers=foreign).status_code == 403
        assert browser.get(MODEL).status_code == 200
    assert door.console.model() == before


def test_a_right_that_is_withdrawn_ends_soon(door: Door) -> None:
    api = door.console.api
    bound = ("--clusterrole=dandelion-view", "--user=oidc:guest@example.com")
    api.kubectl("create", "rolebinding", "guest", "-n", TEAM, *bound)
    with closing(door.logged_in(email="guest@example.com")) as browser:
        assert browser.get(MODEL).status_code == 200
        api.kubectl("delete", "rolebinding", "guest", "-n", TEAM)
        deadline = time.monotonic() + REVOKED_SECONDS
        while browser.get(MODEL).status_code == 200:
            assert time.monotonic() < deadline, "a right that is withdrawn still holds"
            time.sleep(0.5)


def test_a_login_ends_with_its_id_token(door: Door) -> None:
    # A machine on which it ends before it is used is given a longer one.
    assert any(ends_with_its_id_token(door, seconds) for seconds in (6, 24, 96))


def ends_with_its_id_token(door: Door, seconds: int) -> bool:
    ends = int(time.time()) + seconds
    with closing(door.console.browser()) as browser:
        answer = door.log_in(browser, groups=["gardeners"], exp=ends)
        if answer.status_code != 303 or browser.get(MODEL).status_code != 200:
            assert time.time() >= ends, answer.text
            return False
        # The API server remembers for ten seconds what it has found out of a token.
        time.sleep(max(0.0, ends + 11 - time.time()))
        page = browser.get(MODEL)
        assert page.status_code == 401
        assert "Your session has ended" in page.text
    return True


def test_logging_out_ends_it(door: Door) -> None:
    with closing(door.logged_in("gardeners")) as browser:
        assert browser.post("/logout").status_code == 303
        assert browser.get(MODEL).status_code == 401


def test_a_session_outlives_a_restart_of_the_console(door: Door) -> None:
    with closing(door.logged_in("gardeners")) as browser:
        session = dict(browser.cookies)
    again = door.folder / "again"
    again.mkdir()
    key = {"key_file": str(door.folder / "key")}
    with (
        serving(door.console.api, again, **door.settings | key) as restarted,
        closing(restarted.browser()) as browser,
    ):
        browser.cookies.update(session)
        assert browser.get(MODEL).status_code == 200


def test_too_many_groups_are_told_in_words(door: Door) -> None:
    with closing(door.console.browser()) as browser:
        groups = [f"{number:x}-{hash((number, 'group')):x}" for number in range(500)]
        answer = door.log_in(browser, groups=groups)
        assert answer.status_code == 400
        assert "longer than a cookie can hold" in answer.text


def test_a_provider_that_is_away_is_told_and_tokens_still_do(
    doors: dict[str, Door], tmp_path: Path
) -> None:
    away = {**doors["known"].settings, "oidc_issuer": "https://127.0.0.1:9/oidc"}
    with serving(doors["known"].console.api, tmp_path, **away) as console:
        with closing(console.browser()) as browser:
            answer = browser.get(BEGIN)
            assert answer.status_code == 502
            assert "does not answer" in answer.text
        with closing(console.logged_in("viewer")) as browser:
            assert browser.get(MODEL).status_code == 200


def test_where_the_cluster_does_not_know_the_provider_the_words_say_what_to_set(
    doors: dict[str, Door], tmp_path: Path
) -> None:
    unknown = doors["unknown"]
    wrong = {**unknown.settings, "oidc_cluster_accepts_tokens": "true"}
    with (
        serving(unknown.console.api, tmp_path, **wrong) as console,
        closing(console.browser()) as browser,
    ):
        answer = replace(unknown, console=console).log_in(browser)
        assert answer.status_code == 403
        assert "console.oidc.clusterAcceptsTokens: false" in answer.text
