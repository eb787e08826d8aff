"""Who may do what, over real HTTP and the API server's own RBAC: role by address."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.api.tokens import await_end
from tests.console.served import OTHER, TEAM, Console

MODEL = f"/namespaces/{TEAM}/models/lawn"
FOREIGN = f"/namespaces/{OTHER}/models/apples"

# What each sees at each address: the status, and a word of it.
SEEN: dict[str, dict[str, tuple[int, str]]] = {
    "/": {
        "viewer": (200, f'href="/?namespace={TEAM}"'),
        "editor": (200, f'href="/?namespace={TEAM}"'),
        "overseer": (200, "apples"),
        "stranger": (200, "Which namespace?"),
    },
    f"/?namespace={TEAM}": {
        "viewer": (200, "lawn"),
        "editor": (200, "lawn"),
        "overseer": (200, "lawn"),
        "stranger": (403, "is forbidden"),
    },
    f"/?namespace={OTHER}": {
        "viewer": (403, "is forbidden"),
        "editor": (403, "is forbidden"),
        "overseer": (200, "apples"),
        "stranger": (403, "is forbidden"),
    },
    MODEL: {
        "viewer": (200, "GateFailed"),
        "editor": (200, f"{MODEL}/train"),
        "overseer": (200, "GateFailed"),
        "stranger": (403, "is forbidden"),
    },
    FOREIGN: {
        "viewer": (403, "is forbidden"),
        "editor": (403, "is forbidden"),
        "overseer": (200, "GateFailed"),
        "stranger": (403, "is forbidden"),
    },
    f"{MODEL}/train": {
        "viewer": (403, "may not train lawn"),
        "editor": (200, "kubectl -n garden annotate mdep lawn"),
        "overseer": (403, "may not train lawn"),
        "stranger": (403, "is forbidden"),
    },
}
# The longest that a right outlives its withdrawal.
REVOKED_SECONDS = 60
ACTIONS = ("ingest", "train", "promote", "rollback", "pause", "resume")
EVERY_ADDRESS = (*SEEN, "/namespaces/garden/models/nothing")


@pytest.fixture(scope="module")
def visitors(console: Console) -> Iterator[dict[str, httpx.Client]]:
    there = {account: console.logged_in(account) for account in SEEN["/"]}
    yield there
    for browser in there.values():
        browser.close()


@pytest.mark.parametrize(
    ("address", "account"), [(address, who) for address in SEEN for who in SEEN[address]]
)
def test_everybody_sees_what_their_role_lets_them(
    visitors: dict[str, httpx.Client], address: str, account: str
) -> None:
    status, word = SEEN[address][account]
    page = visitors[account].get(address)
    assert page.status_code == status, page.text
    assert word in page.text
    if "is forbidden" in word:
        assert "GateFailed" not in page.text


@pytest.mark.parametrize("account", ["viewer", "overseer", "stranger"])
def test_who_may_not_change_is_offered_no_change(
    visitors: dict[str, httpx.Client], account: str
) -> None:
    page = visitors[account].get(MODEL).text
    assert not [action for action in ACTIONS if f'href="{MODEL}/{action}"' in page]


def form(console: Console, namespace: str = TEAM, name: str = "lawn") -> dict[str, str]:
    """As the page of somebody who may has it: a page is no permission."""
    uid = console.model(name, namespace)["metadata"]["uid"]
    return {"uid": uid, "value": "2026-03-08T12:00:00Z", "version": "2"}


@contextmanager
def untouched(console: Console, namespace: str = TEAM, name: str = "lawn") -> Iterator[None]:
    before = console.model(name, namespace)
    yield
    assert console.model(name, namespace) == before


@pytest.mark.parametrize(
    ("account", "action"), list(itertools.product(("viewer", "overseer", "stranger"), ACTIONS))
)
def test_a_change_that_a_role_forbids_is_refused(
    console: Console, visitors: dict[str, httpx.Client], account: str, action: str
) -> None:
    with untouched(console):
        answer = visitors[account].post(f"{MODEL}/{action}", data=form(console))
    assert answer.status_code == 403
    # A stranger may not even look.
    refused = "is forbidden" if account == "stranger" else "the right to create modeldeployments/"
    assert refused in answer.text


@pytest.mark.parametrize("action", ACTIONS)
def test_an_editor_changes_nothing_in_another_namespace(
    console: Console, visitors: dict[str, httpx.Client], action: str
) -> None:
    sent = form(console, OTHER, "apples")
    with untouched(console, OTHER, "apples"):
        answer = visitors["editor"].post(f"{FOREIGN}/{action}", data=sent)
    assert answer.status_code == 403


def test_an_editor_pauses_and_resumes_and_the_receipt_is_the_resources(
    console: Console, visitors: dict[str, httpx.Client]
) -> None:
    editor = visitors["editor"]
    for action, suspended, said in (("pause", True, "It is paused"), ("resume", False, "resumed")):
        done = editor.post(f"{MODEL}/{action}", data=form(console))
        assert done.status_code == 303, done.text
        assert console.model()["spec"]["suspend"] is suspended
        assert said in editor.get(done.headers["location"]).text


def test_one_that_was_made_anew_meanwhile_is_left_alone(
    console: Console, visitors: dict[str, httpx.Client]
) -> None:
    with untouched(console):
        answer = visitors["editor"].post(f"{MODEL}/pause", data=form(console) | {"uid": "former"})
    assert answer.status_code == 409
    assert "was deleted and made anew since you looked at it" in answer.text


TOKENS: dict[str, Callable[[Console], str]] = {
    "none": lambda console: "",
    "an invented one": lambda console: "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjF9.c2ln",
    "one that has expired": lambda console: console.expired("editor"),
    "one for another audience": lambda console: console.token("editor", "--audience=dandelion.dev"),
    "one whose object is gone": lambda console: withdrawn(console),
    "one with another signature": lambda console: console.token("editor")[:-8] + "AAAAAAAA",
}


def bound(console: Console) -> str:
    """A token that ends with the Secret `bound`."""
    console.api.kubectl("create", "secret", "generic", "bound", "--from-literal=a=b", "-n", TEAM)
    return console.token("editor", "--bound-object-kind=Secret", "--bound-object-name=bound")


def withdrawn(console: Console) -> str:
    token = bound(console)
    console.api.kubectl("delete", "secret", "bound", "-n", TEAM)
    await_end(console.api, token)
    return token


@pytest.mark.parametrize("case", TOKENS)
def test_no_other_token_logs_anybody_in(console: Console, case: str) -> None:
    with console.browser() as browser:
        answer = browser.post("/login", data={"token": TOKENS[case](console), "next": "/"})
        assert answer.status_code == 401
        assert "is wrong, has expired, or is not meant for the API server" in answer.text
        assert "set-cookie" not in answer.headers
        for address in EVERY_ADDRESS:
            assert browser.get(address).status_code == 401


def test_a_login_ends_with_its_token(console: Console) -> None:
    token = bound(console)
    with console.browser() as browser:
        assert browser.post("/login", data={"token": token}).status_code == 303
        assert browser.get(MODEL).status_code == 200
        console.api.kubectl("delete", "secret", "bound", "-n", TEAM)
        # The API server itself believes for some seconds what it has found out of a token.
        deadline = time.monotonic() + REVOKED_SECONDS
        while (page := browser.get(MODEL)).status_code == 200:
            assert time.monotonic() < deadline, "a token that is withdrawn is still taken"
            time.sleep(1)
        assert page.status_code == 401
        assert "Your session has ended" in page.text
        with untouched(console):
            answer = browser.post(f"{MODEL}/pause", data=form(console))
        assert answer.status_code == 401


FORGED = {
    "X-Forwarded-User": "system:admin",
    "X-Remote-User": "system:admin",
    "Impersonate-User": "system:admin",
    "Impersonate-Group": "system:masters",
}


@pytest.mark.parametrize("header", FORGED)
def test_a_header_that_names_somebody_names_nobody(
    console: Console, visitors: dict[str, httpx.Client], header: str
) -> None:
    forged = {header: FORGED[header]}
    with console.browser() as stranger:
        assert stranger.get("/", headers=forged).status_code == 401
    assert visitors["viewer"].get(FOREIGN, headers=forged).status_code == 403
    with untouched(console):
        answer = visitors["viewer"].post(f"{MODEL}/pause", data=form(console), headers=forged)
    assert answer.status_code == 403


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=lambda headers: "-".join(headers.values()),
)
def test_another_sites_form_changes_nothing(
    console: Console, visitors: dict[str, httpx.Client], action: str, headers: dict[str, str]
) -> None:
    """Even if a browser sent the cookie along."""
    with untouched(console):
        answer = visitors["editor"].post(f"{MODEL}/{action}", data=form(console), headers=headers)
    assert answer.status_code == 403
    assert "does not come from a page of this console" in answer.text


def test_no_token_is_in_the_log(console: Console, visitors: dict[str, httpx.Client]) -> None:
    token = console.token("editor")
    with console.browser() as browser:
        browser.post("/login", data={"token": token})
        browser.get("/nowhere?token=" + token)
        browser.post("/login", data={"token": token[:-4] + "AAAA"})
    lines = console.log.read_text()
    assert "login refused" in lines
    assert f"system:serviceaccount:{TEAM}:editor" in lines
    assert token.split(".")[1] not in lines
