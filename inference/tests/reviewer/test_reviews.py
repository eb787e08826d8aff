"""Which questions reach the API server, when all serving pods ask at once."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping

import pytest
from dandelion_inference.errors import RefusedError
from dandelion_inference.intake.reviews import Place, Question, ReviewError
from dandelion_inference.intake.verdicts import STALE_SECONDS
from dandelion_inference.reviewer import shares
from dandelion_inference.reviewer.api_server import CONNECTIONS, OwnRightsError, User
from dandelion_inference.reviewer.metrics import Metrics
from dandelion_inference.reviewer.reviews import KNOWN, STRANGERS, Reviews
from dandelion_inference.reviewer.shares import Shares
from dandelion_inference.reviewer.standing import CHECK_SECONDS, Standing
from given.door import Clock

POD = "10.0.0.1"


class FakeApi:
    """Knows whose tokens begin with "good" or "poor", and lets the good in."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: ReviewError | None = None
        self.at_once = self.most_at_once = 0
        self.gate = threading.Event()
        """Answers wait for it."""
        self.gate.set()
        self._lock = threading.Lock()

    def user(self, token: str, place: Place, trace: Mapping[str, str]) -> User | None:
        with self._lock:
            self.asked.append(token)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.gate.wait(60)
        with self._lock:
            self.at_once -= 1
        if self.error is not None:
            raise self.error
        return User(username=token, uid="7") if token.startswith(("good", "poor")) else None

    def may(self, user: User, place: Place, subresource: str, trace: Mapping[str, str]) -> bool:
        return user.username.startswith("good")


class Desk:
    def __init__(self, patience: float = 60.0) -> None:
        self.api, self.clock, self.metrics = FakeApi(), Clock(), Metrics()
        self.standing = Standing(self.clock)
        self.reviews = Reviews(self.api, self.standing, self.metrics, self.clock, patience)

    async def ask(self, token: str, pod: str = POD, name: str = "lawn") -> str:
        question = Question(token=token, namespace="team", name=name, subresource="predict")
        try:
            review = await self.reviews.review(question, pod, {})
        except RefusedError as refusal:
            return refusal.code.value
        if review.caller is None:
            return "nobody"
        return "in" if review.allowed else "out"

    def counted(self, result: str) -> float:
        return (
            self.metrics.registry.get_sample_value(
                "dandelion_token_reviews_total", {"result": result}
            )
            or 0.0
        )


@pytest.mark.parametrize(
    ("token", "answer", "result"),
    [
        ("good", "in", "allowed"),
        ("poor", "out", "forbidden"),
        ("bad", "nobody", "unauthenticated"),
    ],
)
def test_an_answer_is_what_the_api_server_says_and_is_counted(
    token: str, answer: str, result: str
) -> None:
    desk = Desk()
    assert asyncio.run(desk.ask(token)) == answer
    assert desk.counted(result) == 1


def test_nothing_is_remembered_that_a_right_could_outlive() -> None:
    async def asked() -> list[str]:
        desk = Desk()
        assert [await desk.ask("good") for _ in range(3)] == ["in"] * 3
        return desk.api.asked

    assert asyncio.run(asked()) == ["good"] * 3


def test_the_same_question_of_many_pods_is_asked_once() -> None:
    async def asked() -> tuple[list[str], list[str]]:
        desk = Desk()
        desk.api.gate.clear()
        waiting = [asyncio.ensure_future(desk.ask("good", f"10.0.0.{pod}")) for pod in range(50)]
        for _ in range(100):  # turns of the loop, which are no time
            await asyncio.sleep(0)
        desk.api.gate.set()
        return await asyncio.gather(*waiting), desk.api.asked

    answers, asked_for = asyncio.run(asked())
    assert answers == ["in"] * 50
    assert asked_for == ["good"]


def test_a_flood_of_many_pods_reaches_the_api_server_few_at_a_time() -> None:
    async def flooded() -> tuple[Counter[str], Desk]:
        desk = Desk()
        desk.api.gate.clear()
        waiting = [
            asyncio.ensure_future(desk.ask(f"bad-{number}", f"10.0.{number}.1"))
            for number in range(500)
        ]
        await asyncio.sleep(0)
        desk.api.gate.set()
        return Counter(await asyncio.gather(*waiting)), desk

    answers, desk = asyncio.run(flooded())
    assert answers == {
        "nobody": STRANGERS.unfinished,
        "QueueFull": 500 - STRANGERS.unfinished,
    }
    assert desk.api.most_at_once <= STRANGERS.threads
    assert desk.counted("refused") == 500 - STRANGERS.unfinished


@pytest.mark.parametrize("later", [1.0, STALE_SECONDS - 1])
def test_a_flood_of_invented_tokens_keeps_no_right_from_being_renewed(later: float) -> None:
    async def flooded() -> tuple[str, str, str]:
        desk = Desk()
        assert await desk.ask("good", "10.1.0.1") == "in"
        desk.clock.now += later
        for number in range(int(STRANGERS.burst) * 2):
            await desk.ask(f"bad-{number}", f"10.0.{number}.1")
        return (
            await desk.ask("good", "10.1.0.1", name="park"),
            await desk.ask("good-but-new", "10.1.0.1"),
            await desk.ask("poor", "10.1.0.1"),
        )

    assert asyncio.run(flooded()) == ("in", "QueueFull", "QueueFull")


def test_who_was_let_in_long_ago_is_a_stranger_again() -> None:
    async def flooded() -> str:
        desk = Desk()
        assert await desk.ask("good") == "in"
        desk.clock.now += STALE_SECONDS
        for number in range(int(STRANGERS.burst)):
            await desk.ask(f"bad-{number}", f"10.0.{number}.1")
        return await desk.ask("good")

    assert asyncio.run(flooded()) == "QueueFull"


def test_a_flood_of_one_pod_takes_nothing_from_the_others() -> None:
    async def flooded() -> tuple[Counter[str], str]:
        desk = Desk()
        answers = Counter([await desk.ask(f"bad-{number}") for number in range(1000)])
        desk.clock.now += 1.0  # for strangers there is room again, for this pod too
        return answers, await desk.ask("good", "10.0.0.2")

    answers, other = asyncio.run(flooded())
    assert answers == {"nobody": shares.BURST, "QueueFull": 1000 - shares.BURST}
    assert other == "in"


def test_one_pod_waits_for_so_many_answers_at_once() -> None:
    async def crowded() -> Counter[str]:
        desk = Desk()
        desk.api.gate.clear()
        waiting = [asyncio.ensure_future(desk.ask(f"bad-{number}")) for number in range(20)]
        await asyncio.sleep(0)
        desk.api.gate.set()
        return Counter(await asyncio.gather(*waiting))

    assert asyncio.run(crowded()) == {
        "nobody": shares.AT_ONCE,
        "QueueFull": 20 - shares.AT_ONCE,
    }


def test_so_many_senders_are_remembered_and_none_that_waits_is_forgotten() -> None:
    senders = Shares(Clock())
    with senders.place(POD) as granted:
        assert granted
        for number in range(shares.SENDERS + 100):
            with senders.place(str(number)):
                pass
        places = [senders.place(POD) for _ in range(shares.AT_ONCE)]
        assert [place.__enter__() for place in places] == [True] * (shares.AT_ONCE - 1) + [False]
    assert len(senders) == shares.SENDERS


@pytest.mark.parametrize("error", [ReviewError("silence"), OwnRightsError("forbidden")])
def test_who_asks_while_the_api_server_gives_no_answer_is_told_so(error: ReviewError) -> None:
    desk = Desk()
    desk.api.error = error
    assert asyncio.run(desk.ask("good")) == "AuthUnavailable"
    assert desk.counted("unavailable") == 1


def test_an_api_server_that_hangs_holds_nobody_for_longer_than_the_patience() -> None:
    async def waited() -> str:
        desk = Desk(patience=0.01)
        desk.api.gate.clear()
        try:
            return await desk.ask("good")
        finally:
            desk.api.gate.set()

    assert asyncio.run(waited()) == "AuthUnavailable"


SILENT, FORBIDDEN = ReviewError("nobody listens"), OwnRightsError("it may not ask")
STANDING: dict[str, tuple[list[ReviewError | None], str]] = {
    "not asked yet": ([], "The API server has not been asked yet."),
    "answered": ([None], ""),
    "silent from the beginning": ([SILENT], "nobody listens"),
    "silent after an answer": ([None, SILENT, SILENT], ""),
    "refused after an answer": ([None, FORBIDDEN], "it may not ask"),
    "refused, and silent since": ([None, FORBIDDEN, SILENT], "nobody listens"),
    "refused and answered again": ([None, FORBIDDEN, None], ""),
}


@pytest.mark.parametrize("case", STANDING)
def test_a_pod_is_ready_while_its_own_rights_are_not_in_the_way(case: str) -> None:
    history, obstacle = STANDING[case]
    standing = Standing(Clock())
    for error in history:
        if error is None:
            standing.answered()
        else:
            standing.failed(error)
    assert standing.obstacle == obstacle
    standing.draining = True
    assert standing.obstacle == "The pod is about to stop."


def test_an_answer_to_half_of_a_question_proves_nothing() -> None:
    desk = Desk()
    assert asyncio.run(desk.ask("bad")) == "nobody"
    assert desk.standing.obstacle
    assert asyncio.run(desk.ask("poor")) == "out"
    assert not desk.standing.obstacle
    assert CHECK_SECONDS > 1


def test_each_thread_that_asks_keeps_its_connection() -> None:
    assert STRANGERS.threads + KNOWN.threads <= CONNECTIONS
