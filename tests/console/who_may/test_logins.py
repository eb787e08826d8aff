"""Nothing but a good login opens any address of the console, and none that was revoked."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from dandelion_console.ports.session import Person

from tests.console.house import House, account
from tests.console.served import TEAM, Console
from tests.console.who_may.table import MODEL, TABLE, ask


def signed_otherwise(token: str) -> str:
    header, payload, signature = token.split(".")
    return f"{header}.{payload}.{signature[::-1]}"


def owners(house: House, *options: str) -> Person:
    """Who may do everything there."""
    name = f"system:serviceaccount:{TEAM}:administrator"
    return Person(name, house.console.token("administrator", *options))


def with_token(token: str) -> Person:
    return Person("administrator", token)


def head(until: float) -> Person:
    return Person("oidc:ada@example.com", None, ("oidc:heads",), until)


def foreign_key(folder: Path) -> Path:
    key = folder / "key"
    key.write_bytes(Fernet.generate_key())
    return key


# Sessions made by hand, as the console would make them or nearly so: no login is asked again.
CREDENTIALS: dict[str, Callable[[House, Path], httpx.Client]] = {
    "none": lambda house, folder: house.console.browser(),
    "an invented session": lambda house, folder: house.with_session("gAAAAABinvented"),
    "a token for a session": lambda house, folder: house.with_session(
        house.console.token("administrator")
    ),
    "a session of another key": lambda house, folder: house.sealed(
        owners(house), key=foreign_key(folder)
    ),
    "a session that is over": lambda house, folder: house.sealed(owners(house), age=3700),
    "a token that has expired": lambda house, folder: house.sealed(
        with_token(house.console.expired("administrator"))
    ),
    "a token for another audience": lambda house, folder: house.sealed(
        owners(house, "--audience=dandelion.dev")
    ),
    "a token with another signature": lambda house, folder: house.sealed(
        with_token(signed_otherwise(house.console.token("administrator")))
    ),
    "the provider's token": lambda house, folder: house.sealed(
        with_token(house.door.provider.sign(sub="1", email="ada@example.com", groups=["heads"]))
    ),
    "a login by the provider that has ended": lambda house, folder: house.sealed(
        head(until=time.time() - 1)
    ),
}


@pytest.mark.parametrize("case", CREDENTIALS)
def test_nothing_but_a_good_login_opens_any_of_them(
    house: House, tmp_path: Path, case: str
) -> None:
    with closing(CREDENTIALS[case](house, tmp_path)) as browser, house.untouched():
        for route in TABLE:
            cookies = dict(browser.cookies)
            answer = ask(house, browser, route)
            assert answer.status_code == 401, (route, answer.text)
            assert "GateFailed" not in answer.text, route
            # A session that has ended is taken away; the next route is to be asked with it all the
            # same.
            browser.cookies.update(cookies)


@pytest.mark.parametrize(
    "person", [owners, lambda house: head(until=time.time() + 600)], ids=["token", "provider"]
)
def test_a_session_made_so_by_hand_would_be_good(
    house: House, person: Callable[[House], Person]
) -> None:
    """Without which the refusals above would say nothing."""
    with closing(house.sealed(person(house))) as browser:
        assert ask(house, browser, ("GET", MODEL)).status_code == 200


REVOKED_SECONDS = 60


def bound_to(console: Console, secret: str, person: str) -> str:
    console.api.kubectl("create", "secret", "generic", secret, "--from-literal=a=b", "-n", TEAM)
    bound = ("--bound-object-kind=Secret", f"--bound-object-name={secret}")
    return console.token(person, *bound)


REVOKED: dict[str, tuple[str, int]] = {
    "the right": ("rolebinding", 403),
    "the account": ("serviceaccount", 401),
    "the object that the token is bound to": ("secret", 401),
}
NUMBERS = itertools.count()


@pytest.mark.parametrize("what", REVOKED)
def test_what_is_revoked_is_felt_within_a_minute_everywhere(house: House, what: str) -> None:
    kind, status = REVOKED[what]
    console, name = house.console, f"leaving-{next(NUMBERS)}"
    account(console.api, name)
    with closing(console.browser()) as browser:
        token = bound_to(console, name, name)
        assert browser.post("/login", data={"token": token}).status_code == 303
        session = dict(browser.cookies)
        for route in TABLE:
            assert ask(house, browser, route).status_code == TABLE[route].done, route
        house.reset()
        console.api.kubectl("delete", kind, name, "-n", TEAM)
        deadline = time.monotonic() + REVOKED_SECONDS
        while ask(house, browser, ("GET", MODEL)).status_code == 200:
            assert time.monotonic() < deadline, f"{what} is gone, and the login still holds"
            time.sleep(0.5)
        with house.untouched():
            for route in TABLE:
                browser.cookies.update(session)
                answer = ask(house, browser, route)
                assert answer.status_code == status, (route, answer.text)
