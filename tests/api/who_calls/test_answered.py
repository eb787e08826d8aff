"""auth: ClusterTokens on a real API server: who is answered, for how long, and who may ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dandelion_inference.intake.reviews import Place, TokenReviewer
from dandelion_inference.intake.verdicts import ALLOWED_SECONDS, STALE_SECONDS
from given.door import Door
from running.reviewing import ReviewerProcess, reviewing

from tests.api import tokens
from tests.api.server import ApiServer
from tests.api.who_calls.cluster import REVIEWER, account, bind, chart
from tests.chart.rendering import NAMESPACE

PREDICT = "modeldeployments.dandelion.dev/lawn:predict"
FEEDBACK = "modeldeployments.dandelion.dev/lawn:feedback"
AUDIENCE = "dandelion.dev"
AGAIN, TRIES = "AuthUnavailable", 20


def test_who_may_predict_is_an_ordinary_role(installed: ApiServer) -> None:
    for what in ("predict", "feedback"):
        role = [f"caller-{what}", f"--clusterrole=dandelion-{what}", f"--user={what}er"]
        binding = installed.kubectl(
            *("create", "rolebinding", *role, "-n", "team", "--dry-run=client", "-o", "yaml")
        )
        installed.apply(binding)
    assert installed.may("predicter", "create", PREDICT, "team")
    assert not installed.may("predicter", "create", FEEDBACK, "team")
    assert not installed.may("predicter", "create", PREDICT, "default")
    assert installed.may("feedbacker", "create", FEEDBACK, "team")
    assert not installed.may("feedbacker", "get", "modeldeployments.dandelion.dev", "team")


@pytest.fixture(scope="module")
def reviewer(api: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewerProcess]:
    """The real one, with the rights that the chart gives it and nothing more."""
    api.apply(chart(), "--server-side", "--force-conflicts", "--field-manager=helm")
    folder: Path = tmp_path_factory.mktemp("account")
    (folder / "token").write_text(api.kubectl("create", "token", REVIEWER, "-n", NAMESPACE))
    (folder / "ca.crt").write_text(api.authority.read_text())
    with reviewing(api.port, folder) as running:
        yield running


@pytest.fixture
def called(installed: ApiServer, reviewer: ReviewerProcess) -> ApiServer:
    """A caller who may predict with this one model, and one of the same name in another place."""
    for namespace in ("team", "others"):
        installed.apply(account("caller"), "-n", namespace)
    bind(installed, "caller", "--clusterrole=dandelion-predict", "team:caller")
    return installed


def door(reviewer: ReviewerProcess, namespace: str = "team") -> Door:
    """A serving pod's, which asks the reviewer."""
    return Door(TokenReviewer(reviewer.url), place=Place(namespace, "lawn"))


async def heard(caller: Door, token: str) -> str:
    """What becomes of somebody who tries again where a slow API server gives no answer in time."""
    for _ in range(TRIES):
        answer = await caller.knock(token)
        if answer != AGAIN:
            break
        await asyncio.sleep(1)
    return answer


def made(api: ApiServer, *options: str, namespace: str = "team", audience: str = AUDIENCE) -> str:
    asked = ("create", "token", "caller", "-n", namespace, f"--audience={audience}", *options)
    return api.kubectl(*asked).strip()


def withdrawn(api: ApiServer) -> str:
    api.kubectl("create", "secret", "generic", "bound", "--from-literal=a=b", "-n", "team")
    bound = made(api, "--bound-object-kind=Secret", "--bound-object-name=bound")
    api.kubectl("delete", "secret", "bound", "-n", "team")
    tokens.await_end(api, bound, AUDIENCE)
    return bound


CALLERS: dict[str, tuple[Callable[[ApiServer], str], str]] = {
    "who may": (made, "in"),
    "no token": (lambda api: "", "Unauthenticated"),
    "garbage": (lambda api: "garbage", "Unauthenticated"),
    "one that has expired": (
        lambda api: tokens.expired(api, "team", "caller", AUDIENCE),
        "Unauthenticated",
    ),
    "another audience": (lambda api: made(api, audience="vault"), "Unauthenticated"),
    "the API server's": (lambda api: made(api, audience=tokens.ISSUER), "Unauthenticated"),
    "one whose object is gone": (withdrawn, "Unauthenticated"),
    "another namespace": (lambda api: made(api, namespace="others"), "Forbidden"),
}


@pytest.mark.parametrize("case", CALLERS)
def test_who_is_answered(called: ApiServer, reviewer: ReviewerProcess, case: str) -> None:
    make, answer = CALLERS[case]
    assert asyncio.run(heard(door(reviewer), make(called))) == answer


def test_a_right_to_one_model_is_none_to_another_of_its_name(
    called: ApiServer, reviewer: ReviewerProcess
) -> None:
    assert asyncio.run(heard(door(reviewer, "others"), made(called))) == "Forbidden"


# The API server itself remembers for ten seconds whose a token is, and rules for a moment.
REVOKED_SECONDS = 60.0


def end_the_right(api: ApiServer) -> None:
    api.kubectl("delete", "rolebinding", "caller", "-n", "team")


def end_the_account(api: ApiServer) -> None:
    api.kubectl("delete", "serviceaccount", "caller", "-n", "team")


@pytest.mark.parametrize(
    ("end", "refusal"), [(end_the_right, "Forbidden"), (end_the_account, "Unauthenticated")]
)
def test_what_is_revoked_is_felt_within_a_minute(
    called: ApiServer,
    reviewer: ReviewerProcess,
    end: Callable[[ApiServer], None],
    refusal: str,
) -> None:
    token = made(called)

    async def answers() -> list[str]:
        caller = door(reviewer)
        given = [await heard(caller, token)]
        end(called)
        given.append(await caller.knock(token))
        deadline = time.monotonic() + REVOKED_SECONDS
        while given[-1] in ("in", AGAIN) and time.monotonic() < deadline:
            await asyncio.sleep(0.5)
            caller.clock.now += ALLOWED_SECONDS
            given.append(await caller.knock(token))
        return given

    given = asyncio.run(answers())
    assert given[:2] == ["in", "in"], "it holds for a minute"
    assert given[-1] == refusal


def test_a_caller_who_is_known_stays_in_for_ten_minutes_without_the_reviewer(
    called: ApiServer, reviewer: ReviewerProcess, tmp_path: Path
) -> None:
    token = made(called)

    async def answers() -> list[str]:
        with reviewing(called.port, tmp_path) as own:
            caller = door(own)
            given = [await heard(caller, token)]
        for age in (ALLOWED_SECONDS, STALE_SECONDS - ALLOWED_SECONDS - 1, 1):
            caller.clock.now += age
            given.append(await caller.knock(token))
        return given

    (tmp_path / "token").write_text(called.kubectl("create", "token", REVIEWER, "-n", NAMESPACE))
    (tmp_path / "ca.crt").write_text(called.authority.read_text())
    assert asyncio.run(answers()) == ["in", "in", "in", "AuthUnavailable"]


def test_the_reviewers_own_account_may_ask_and_do_nothing_else(called: ApiServer) -> None:
    who = f"{NAMESPACE}:{REVIEWER}"
    assert called.may(who, "create", "tokenreviews.authentication.k8s.io")
    assert called.may(who, "create", "subjectaccessreviews.authorization.k8s.io")
    for verb, what in (
        ("get", "secrets"),
        ("list", "pods"),
        ("get", "modeldeployments.dandelion.dev"),
        ("create", "serviceaccounts:token"),
        ("impersonate", "users"),
    ):
        assert not called.may(who, verb, what, "team"), what
