"""Whom the API server let in of late: neither strangers nor its own absence lock them out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dandelion_inference.intake.auth import AWAY_SECONDS, LIMITS
from dandelion_inference.intake.reviews import TokenReviewer
from dandelion_inference.intake.verdicts import (
    ALLOWED_SECONDS,
    DENIED_SECONDS,
    REVALIDATE_SECONDS,
    STALE_SECONDS,
)
from fakes import api_server as fake_api_server
from fakes.api_server import FakeApiServer
from fakes.reviewer import FakeReviewer
from given.door import Door
from running.reviewing import ReviewerProcess, reviewing

# Longer than a test may take: who waits for it waits for ever.
ENDLESS = 3600.0
# Where an answer is not waited for.
IMPATIENT = 0.01


def test_who_keeps_asking_never_waits_and_is_asked_about_once_in_each_half_minute() -> None:
    async def counted() -> list[int]:
        reviewer = FakeReviewer()
        door = Door(reviewer)
        assert await door.knock("good") == "in"
        counts = []
        for half_minute in range(5):
            door.clock.now += REVALIDATE_SECONDS
            # The answer to this one is still out when these are let in.
            reviewer.gate.clear()
            async with asyncio.timeout(60):
                assert [await door.knock("good") for _ in range(10)] == ["in"] * 10
            reviewer.gate.set()
            await door.reviewed(half_minute + 2)
            counts.append(len(reviewer.asked))
        return counts

    assert asyncio.run(counted()) == [2, 3, 4, 5, 6]


FLOODS: dict[str, Callable[[FakeReviewer], None]] = {
    "answered as fast as can be": lambda reviewer: None,
    "that holds every thread and place": lambda reviewer: reviewer.gate.clear(),
}


@pytest.mark.parametrize("later", [REVALIDATE_SECONDS, ALLOWED_SECONDS + 1, STALE_SECONDS - 1])
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_invented_tokens_locks_nobody_out_who_is_known(flood: str, later: float) -> None:
    async def flooded() -> tuple[set[str], set[str]]:
        reviewer = FakeReviewer()
        door = Door(reviewer, patience=ENDLESS)
        callers = [f"good-{number}" for number in range(20)]
        for caller in callers:
            assert await door.knock(caller) == "in"
        door.clock.now += later
        reviewer.held = "bad"
        FLOODS[flood](reviewer)
        strangers = []
        for number in range(int(LIMITS.burst) * 2):
            strangers.append(asyncio.ensure_future(door.knock(f"bad-{number}")))
            await asyncio.sleep(0)
            if reviewer.gate.is_set():
                await strangers[-1]
        async with asyncio.timeout(60):
            answers = {await door.knock(caller) for caller in callers}
        refused = await door.knock("good-but-new")
        reviewer.gate.set()
        await asyncio.gather(*strangers)
        return answers, {refused}

    answers, refused = asyncio.run(flooded())
    assert answers == {"in"}
    assert refused == {"QueueFull"}


def test_known_callers_reach_the_api_server_few_at_a_time_too() -> None:
    async def crowded() -> tuple[set[str], int, int]:
        reviewer = FakeReviewer()
        door = Door(reviewer, patience=ENDLESS)
        callers = [f"good-{number}" for number in range(int(LIMITS.burst))]
        for caller in callers:
            assert await door.knock(caller) == "in"
        door.clock.now += ALLOWED_SECONDS
        reviewer.gate.clear()
        knocks = [asyncio.ensure_future(door.knock(caller)) for caller in callers]
        await asyncio.sleep(0)
        reviewer.gate.set()
        answers = await asyncio.gather(*knocks)
        return set(answers), len(reviewer.asked) - len(callers), reviewer.most_at_once

    answers, asked, most_at_once = asyncio.run(crowded())
    assert answers == {"in", "QueueFull"}
    assert asked == LIMITS.unfinished
    assert most_at_once <= LIMITS.threads


# --- The API server is away. ---


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeApiServer]:
    with fake_api_server.running(tmp_path) as server:
        server.users["token"] = "alice"
        server.rules = {("alice", "predict")}
        yield server


def fails(api: FakeApiServer) -> None:
    api.status = 500


def forbids(api: FakeApiServer) -> None:
    api.status = 403


def rejects_the_reviewers_own_token(api: FakeApiServer) -> None:
    api.reviewer = "another"


def hangs(api: FakeApiServer) -> None:
    api.gate.clear()


AWAY: dict[str, Callable[[FakeApiServer], None]] = {
    "it fails": fails,
    "it forbids the reviewer to ask": forbids,
    "it does not accept the reviewer's own token": rejects_the_reviewers_own_token,
    "it hangs": hangs,
}


def comes_back(api: FakeApiServer) -> None:
    api.status, api.reviewer = 201, fake_api_server.REVIEWER
    api.gate.set()


@pytest.fixture
def reviewer(api: FakeApiServer) -> Iterator[ReviewerProcess]:
    with reviewing(api.server_port, api.folder) as running:
        yield running


def door_of(reviewer: ReviewerProcess) -> Door:
    return Door(TokenReviewer(reviewer.url), patience=IMPATIENT)


@pytest.mark.parametrize("case", AWAY)
def test_a_known_caller_stays_in_for_its_time_while_the_api_server_is_away(
    api: FakeApiServer, reviewer: ReviewerProcess, case: str
) -> None:
    async def away() -> list[str]:
        door = door_of(reviewer)
        answers = [await door.knock("token")]
        AWAY[case](api)
        begun = door.clock.now
        for age in (ALLOWED_SECONDS - 1, ALLOWED_SECONDS, STALE_SECONDS / 2, STALE_SECONDS - 1):
            door.clock.now = begun + age
            answers.append(await door.knock("token"))
        door.clock.now = begun + STALE_SECONDS
        answers.append(await door.knock("token"))
        return answers

    assert asyncio.run(away()) == ["in"] * 5 + ["AuthUnavailable"]


def withdraw_the_rule(api: FakeApiServer) -> None:
    api.rules.clear()


def withdraw_the_token(api: FakeApiServer) -> None:
    api.users.clear()


NO: dict[str, tuple[Callable[[FakeApiServer], None], str]] = {
    "the rule is withdrawn": (withdraw_the_rule, "Forbidden"),
    "the token is withdrawn": (withdraw_the_token, "Unauthenticated"),
}


@pytest.mark.parametrize("case", NO)
def test_a_no_ends_it_at_once_and_for_good(
    api: FakeApiServer, reviewer: ReviewerProcess, case: str
) -> None:
    withdraw, refusal = NO[case]

    async def answers() -> list[str]:
        door = door_of(reviewer)
        given = [await door.knock("token")]
        fails(api)
        door.clock.now += ALLOWED_SECONDS
        given.append(await door.knock("token"))
        await door.reviewed(2)
        comes_back(api)
        withdraw(api)
        # It was away a moment ago, so this one is let in without a wait; the answer counts.
        given.append(await door.knock("token"))
        await door.reviewed(3)
        given.append(await door.knock("token"))
        fails(api)
        door.clock.now += DENIED_SECONDS
        given.append(await door.knock("token"))
        return given

    assert asyncio.run(answers()) == ["in", "in", "in", refusal, "AuthUnavailable"]


def test_who_comes_after_a_missing_answer_does_not_wait_for_another() -> None:
    async def waited() -> list[str]:
        reviewer = FakeReviewer()
        door = Door(reviewer, patience=ENDLESS)
        for caller in ("good-1", "good-2"):
            assert await door.knock(caller) == "in"
        door.clock.now += ALLOWED_SECONDS
        reviewer.away = True
        answers = [await door.knock("good-1")]
        reviewer.gate.clear()
        async with asyncio.timeout(60):
            answers.append(await door.knock("good-2"))
        reviewer.gate.set()
        return answers

    assert asyncio.run(waited()) == ["in", "in"]


# Seconds between one request and the next, over and over.
RHYTHMS = {
    "all the time": [1.0],
    "now and then": [20.0],
    "once in each minute": [59.0],
    "once in two minutes": [120.0],
    "hardly ever": [STALE_SECONDS - 1],
    "in bursts": [0.5, 0.5, 0.5, 58.6, 70.0],
}


@pytest.mark.parametrize("rhythm", RHYTHMS)
@pytest.mark.parametrize("was_away", [False, True], ids=["it answers", "it came back"])
def test_a_withdrawn_permission_is_felt_within_a_minute_when_the_api_server_answers(
    rhythm: str, was_away: bool
) -> None:
    async def answers() -> dict[float, str]:
        reviewer = FakeReviewer()
        door = Door(reviewer, patience=ENDLESS)
        assert await door.knock("good") == "in"
        if was_away:
            reviewer.away = True
            door.clock.now += ALLOWED_SECONDS
            assert await door.knock("good") == "in"
            reviewer.away = False
            door.clock.now += AWAY_SECONDS
        reviewer.withdrawn.add("good")
        withdrawn = door.clock.now
        given = {}
        for _ in range(200):
            for seconds in RHYTHMS[rhythm]:
                door.clock.now += seconds
                given[door.clock.now - withdrawn] = await door.knock("good")
                await door.reviewed(len(reviewer.asked))
        return given

    late = {answer for age, answer in asyncio.run(answers()).items() if age >= ALLOWED_SECONDS}
    assert late == {"Forbidden"}
