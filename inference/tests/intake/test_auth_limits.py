"""What the API server is spared, and for how long its answers hold."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.auth import (
    LIMITS,
    REMEMBERED_ALLOWED,
    REMEMBERED_DENIED,
    bearer_token,
    grant,
)
from dandelion_inference.intake.bulkhead import Allowance
from dandelion_inference.intake.verdicts import (
    ALLOWED_SECONDS,
    DENIED_SECONDS,
    REVALIDATE_SECONDS,
    STALE_SECONDS,
    Freshness,
    Verdict,
    Verdicts,
    freshness,
)
from fakes.reviewer import FakeReviewer
from given.door import LAWN, Clock, Door

FOR_EVER = 1e9
HOLDS = {
    "a permission": (
        True,
        [
            (REVALIDATE_SECONDS, Freshness.FRESH),
            (ALLOWED_SECONDS, Freshness.REVALIDATE),
            (STALE_SECONDS, Freshness.STALE_IF_ERROR),
            (FOR_EVER, Freshness.EXPIRED),
        ],
    ),
    "a denial": (False, [(DENIED_SECONDS, Freshness.FRESH), (FOR_EVER, Freshness.EXPIRED)]),
}


@pytest.mark.parametrize("case", HOLDS)
def test_an_answer_holds_for_its_time_and_no_longer(case: str) -> None:
    allowed, steps = HOLDS[case]
    begins = 0.0
    for ends, wanted in steps:
        assert {freshness(allowed, begins), freshness(allowed, ends - 0.001)} == {wanted}
        begins = ends


def test_the_same_question_is_asked_once_however_many_wait_for_it() -> None:
    async def asked() -> tuple[list[str], list[str]]:
        reviewer = FakeReviewer()
        door = Door(reviewer)
        reviewer.gate.clear()
        knocks = [asyncio.ensure_future(door.knock("good")) for _ in range(200)]
        gone = asyncio.ensure_future(door.knock("good"))
        await asyncio.to_thread(reviewer.begun.wait)
        gone.cancel()
        await asyncio.sleep(0)
        reviewer.gate.set()
        return await asyncio.gather(*knocks), reviewer.asked

    answers, asked_for = asyncio.run(asked())
    assert answers == ["in"] * 200
    assert asked_for == ["good"]


def test_a_flood_of_tokens_reaches_the_api_server_few_at_a_time() -> None:
    async def flooded() -> tuple[Counter[str], int, int]:
        reviewer = FakeReviewer()
        door = Door(reviewer)
        assert await door.knock("good") == "in"
        reviewer.gate.clear()
        knocks = [asyncio.ensure_future(door.knock(f"bad-{n}")) for n in range(500)]
        await asyncio.sleep(0)
        # Who is known is let in all the same.
        assert await door.knock("good") == "in"
        reviewer.gate.set()
        answers = Counter(await asyncio.gather(*knocks))
        return answers, len(reviewer.asked), reviewer.most_at_once

    answers, asked, most_at_once = asyncio.run(flooded())
    assert answers == {"Forbidden": LIMITS.unfinished, "QueueFull": 500 - LIMITS.unfinished}
    assert asked == LIMITS.unfinished + 1
    assert most_at_once <= LIMITS.threads


def test_a_steady_flood_is_held_to_a_rate() -> None:
    async def flooded() -> int:
        reviewer = FakeReviewer()
        door = Door(reviewer)
        for number in range(500):
            await door.knock(f"bad-{number}")
        return len(reviewer.asked)

    assert asyncio.run(flooded()) == LIMITS.burst


@pytest.mark.parametrize(
    ("waited", "granted"),
    [(0.0, 0), (0.05, 0), (0.1, 1), (1.0, 10), (3600.0, 20)],
)
def test_an_allowance_fills_again_up_to_its_burst(waited: float, granted: int) -> None:
    clock = Clock()
    allowance = Allowance(rate=10, burst=20, now=clock)
    assert sum(allowance.take() for _ in range(50)) == 20
    clock.now += waited + 1e-6
    assert sum(allowance.take() for _ in range(50)) == granted


@pytest.mark.parametrize("allowed", [True, False], ids=["permissions", "denials"])
def test_only_so_many_answers_are_remembered(allowed: bool) -> None:
    verdicts = Verdicts(REMEMBERED_ALLOWED, REMEMBERED_DENIED, Clock())
    places = REMEMBERED_ALLOWED if allowed else REMEMBERED_DENIED
    for number in range(places + 100):
        verdicts.put((str(number).encode(), "predict"), Verdict("alice", allowed))
    assert len(verdicts) == places
    assert verdicts.get((b"99", "predict")) is None
    assert verdicts.get((b"100", "predict")) is not None


def test_invented_tokens_push_nobody_out_who_is_known() -> None:
    verdicts = Verdicts(REMEMBERED_ALLOWED, REMEMBERED_DENIED, Clock())
    verdicts.put((b"known", "predict"), Verdict("alice", allowed=True))
    for number in range(REMEMBERED_ALLOWED + REMEMBERED_DENIED):
        verdicts.put((str(number).encode(), "predict"), Verdict(None, allowed=False))
    assert verdicts.get((b"known", "predict")) is not None


@pytest.mark.parametrize("allowed", [True, False], ids=["then allowed", "then denied"])
def test_the_newest_answer_takes_the_place_of_the_one_before(allowed: bool) -> None:
    verdicts = Verdicts(REMEMBERED_ALLOWED, REMEMBERED_DENIED, Clock())
    verdicts.put((b"token", "predict"), Verdict("alice", not allowed))
    newest = Verdict("alice", allowed)
    verdicts.put((b"token", "predict"), newest)
    assert verdicts.get((b"token", "predict")) == (newest, Freshness.FRESH)
    assert len(verdicts) == 1


def test_an_answer_for_one_action_is_none_for_another() -> None:
    verdicts = Verdicts(10, 10, Clock())
    verdicts.put((b"token", "predict"), Verdict("alice", allowed=True))
    assert verdicts.get((b"token", "feedback")) is None


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc", "abc"),
        ("BEARER a.b-c_d~e+f/g==", "a.b-c_d~e+f/g=="),
        ("Bearer abc ", "abc"),
        ("Bearer", None),
        ("Bearer ", None),
        ("Bearer =abc", None),
        ("Bearer a b", None),
        ("Bearer a,b", None),
        ("Bearer a\nb", None),
        ("Bearerabc", None),
        ("Basic abc", None),
        ("", None),
        ("abc", None),
    ],
)
def test_only_a_bearer_token_is_one(header: str, token: str | None) -> None:
    if token is not None:
        assert bearer_token([header]) == token
        return
    with pytest.raises(RefusedError) as refusal:
        bearer_token([header])
    assert refusal.value.code is Code.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("user", "subject"),
    [
        ("system:serviceaccount:shop:till", "--serviceaccount=shop:till"),
        ("alice", "--user=alice"),
        ("oidc:alice@example.org", "--user=oidc:alice@example.org"),
        ("a; rm -rf /", "'--user=a; rm -rf /'"),
        ("it's me", """'--user=it'"'"'s me'"""),
    ],
)
def test_the_line_that_grants_it_is_safe_to_paste(user: str, subject: str) -> None:
    assert grant(user, LAWN, "predict") == (
        "kubectl create role lawn-predict -n default --verb=create "
        "--resource=modeldeployments.dandelion.dev/predict --resource-name=lawn && "
        "kubectl create rolebinding lawn-predict -n default --role=lawn-predict "
        f"{subject}"
    )
