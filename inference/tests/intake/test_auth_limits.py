"""What the API server is spared, and for how long its answers hold."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

import pytest
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.auth import (
    BURST,
    REMEMBERED,
    THREADS,
    UNFINISHED,
    Authorizer,
    bearer_token,
    grant,
)
from dandelion_inference.intake.reviews import Place, User
from dandelion_inference.intake.verdicts import (
    ALLOWED_SECONDS,
    DENIED_SECONDS,
    Allowance,
    Verdict,
    Verdicts,
)

LAWN = Place("default", "lawn")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeReviewer:
    """Knows everybody; lets in whose name begins with "good"."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def user(self, token: str) -> User | None:
        with self._lock:
            self.asked.append(token)
            self.begun.set()
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.gate.wait(60)
        with self._lock:
            self.at_once -= 1
        return User(username=token)

    def may(self, user: User, place: Place, subresource: str) -> bool:
        return user.username.startswith("good") and place == LAWN


class Door:
    """An authorizer with a clock and a reviewer to play with."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.reviewer = FakeReviewer()
        self.results: list[str] = []
        self.authorizer = Authorizer(self.reviewer, LAWN, self.results.append, self.clock)

    async def knock(self, token: str) -> str:
        try:
            await self.authorizer.authorize([f"Bearer {token}"], "predict")
        except RefusedError as refusal:
            return refusal.code.value
        return "in"


@pytest.mark.parametrize(
    ("token", "answer", "seconds"),
    [("good", "in", ALLOWED_SECONDS), ("bad", "Forbidden", DENIED_SECONDS)],
)
def test_an_answer_holds_for_its_time_and_no_longer(
    token: str, answer: str, seconds: float
) -> None:
    async def asked() -> list[int]:
        door = Door()
        counts = []
        for later in (0.0, seconds - 0.1, 0.1):
            door.clock.now += later
            assert await door.knock(token) == answer
            counts.append(len(door.reviewer.asked))
        return counts

    assert asyncio.run(asked()) == [1, 1, 2]


def test_the_same_question_is_asked_once_however_many_wait_for_it() -> None:
    async def asked() -> tuple[list[str], list[str]]:
        door = Door()
        door.reviewer.gate.clear()
        knocks = [asyncio.ensure_future(door.knock("good")) for _ in range(200)]
        gone = asyncio.ensure_future(door.knock("good"))
        await asyncio.to_thread(door.reviewer.begun.wait)
        gone.cancel()
        await asyncio.sleep(0)
        door.reviewer.gate.set()
        return await asyncio.gather(*knocks), door.reviewer.asked

    answers, asked_for = asyncio.run(asked())
    assert answers == ["in"] * 200
    assert asked_for == ["good"]


def test_a_flood_of_tokens_reaches_the_api_server_few_at_a_time() -> None:
    async def flooded() -> tuple[Counter[str], int, int]:
        door = Door()
        assert await door.knock("good") == "in"
        door.reviewer.gate.clear()
        knocks = [asyncio.ensure_future(door.knock(f"bad-{n}")) for n in range(500)]
        await asyncio.sleep(0)
        # Who is known is let in all the same.
        assert await door.knock("good") == "in"
        door.reviewer.gate.set()
        answers = Counter(await asyncio.gather(*knocks))
        return answers, len(door.reviewer.asked), door.reviewer.most_at_once

    answers, asked, most_at_once = asyncio.run(flooded())
    assert answers == {"Forbidden": UNFINISHED, "QueueFull": 500 - UNFINISHED}
    assert asked == UNFINISHED + 1
    assert most_at_once <= THREADS


def test_a_steady_flood_is_held_to_a_rate() -> None:
    async def flooded() -> int:
        door = Door()
        for number in range(500):
            await door.knock(f"bad-{number}")
        return len(door.reviewer.asked)

    assert asyncio.run(flooded()) == BURST


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


def test_only_so_many_answers_are_remembered() -> None:
    verdicts = Verdicts(REMEMBERED, Clock())
    for number in range(REMEMBERED + 100):
        verdicts.put((str(number).encode(), "predict"), Verdict("alice", allowed=True))
    assert len(verdicts) == REMEMBERED
    assert verdicts.get((b"0", "predict")) is None
    assert verdicts.get((str(REMEMBERED).encode(), "predict")) is not None


def test_an_answer_for_one_action_is_none_for_another() -> None:
    verdicts = Verdicts(10, Clock())
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
