"""Two consoles before one API server, which knows the provider of the first and not the second's.

Provider, API server and console are real.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.conftest import knowing_models
from tests.api.server import ApiServer, KubectlError, running
from tests.console.provider import CLIENT, Provider, providing
from tests.console.served import OTHER, TEAM, Console, people_and_models, put, serving
from tests.console.statuses import ready, troubled

BEGIN = "/login/oidc"
# Groups of the team's namespace and the chart's roles that they are bound to there.
GROUPS = {"gardeners": ("view",), "foremen": ("view", "edit"), "heads": ("administrator",)}
PERSON = {"sub": "1", "email": "ada@example.com", "email_verified": True}
# Values of the chart with which the console's account may read for people without a token.
THE_ACCOUNT_READS = {
    "console": {
        "enabled": True,
        "oidc": {"issuer": "https://sso", "clientId": CLIENT, "clusterAcceptsTokens": False},
    }
}


@dataclass(frozen=True)
class Door:
    """A console, the provider that it sends people to, and how it was started."""

    console: Console
    provider: Provider
    folder: Path
    settings: dict[str, str]

    def begin(self, browser: httpx.Client, onwards: str = "/") -> str:
        """The way back, of somebody whom the provider has let in."""
        answer = browser.get(BEGIN, params={"next": onwards})
        assert answer.status_code == 303, answer.text
        back = urlsplit(self.provider.follow(answer.headers["location"]))
        assert f"{back.scheme}://{back.netloc}" == self.console.url
        return f"{back.path}?{back.query}"

    def log_in(self, browser: httpx.Client, **claims: Any) -> httpx.Response:
        self.provider.next(**PERSON | claims)
        return browser.get(self.begin(browser))

    def logged_in(self, *groups: str, **claims: Any) -> httpx.Client:
        browser = self.console.browser()
        answer = self.log_in(browser, groups=list(groups), **claims)
        assert answer.status_code == 303, answer.text
        return browser


@pytest.fixture(scope="session")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Door]]:
    """`known`: the API server accepts the provider's tokens; `unknown`: it does not."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("known", "unknown")}
    with (
        providing(folders["known"]) as known,
        providing(folders["unknown"]) as unknown,
        running(tmp_path_factory.mktemp("api-server"), options=known.flags()) as bare,
    ):
        api = knowing_models(bare)
        people_and_models(api, THE_ACCOUNT_READS)
        bind(api)
        told = {
            "known": known.settings(display_name="Garden SSO"),
            "unknown": unknown.settings(cluster_accepts_tokens="false"),
        }
        with (
            serving(api, folders["known"], **told["known"]) as accepting,
            serving(api, folders["unknown"], **told["unknown"]) as vouching,
        ):
            await_the_provider(api, known)
            yield {
                "known": Door(accepting, known, folders["known"], told["known"]),
                "unknown": Door(vouching, unknown, folders["unknown"], told["unknown"]),
            }


def bind(api: ApiServer) -> None:
    for group, roles in GROUPS.items():
        for role in roles:
            bound = (f"--clusterrole=dandelion-{role}", f"--group=oidc:{group}")
            api.kubectl("create", "rolebinding", f"{group}-{role}", "-n", TEAM, *bound)


def await_the_provider(api: ApiServer, provider: Provider) -> None:
    """The API server reads of a provider in the background."""
    token = provider.sign(**PERSON)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            said = api.kubectl("auth", "whoami", f"--token={token}", "-o", "json")
        except KubectlError:
            time.sleep(1)
        else:
            assert "oidc:ada@example.com" in said
            return
    raise AssertionError("the API server does not accept the provider's tokens")


@pytest.fixture
def oidc_models(doors: dict[str, Door]) -> None:
    """As they are before each of these tests."""
    api = doors["known"].console.api
    put(api, "lawn", TEAM, ready(), suspend=False)
    put(api, "park", TEAM, troubled(), suspend=False)
    put(api, "apples", OTHER, ready(), suspend=False)


@pytest.fixture(params=["known", "unknown"])
def door(doors: dict[str, Door], request: pytest.FixtureRequest) -> Door:
    return doors[str(request.param)]
