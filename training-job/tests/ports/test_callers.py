"""Whose token it is: asked once in a while, and believed of one account alone."""

import pytest
from dandelion_training.ports.callers import CallerError, Callers

CONSOLE = "system:serviceaccount:dandelion-system:dandelion-console"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Asked:
    """An API server that knows some tokens, and counts."""

    def __init__(self) -> None:
        self.tokens = {"good": CONSOLE, "other": "system:serviceaccount:team:default"}
        self.count = 0
        self.away = False

    def __call__(self, token: str) -> str:
        self.count += 1
        if self.away:
            raise CallerError("away")
        return self.tokens.get(token, "")


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.mark.parametrize(
    ("token", "known"), [("good", True), ("other", False), ("", False), ("x" * 20_000, False)]
)
def test_one_account_is_known(asked: Asked, token: str, known: bool) -> None:
    assert Callers(CONSOLE, asked, Clock()).is_known(token) is known


def test_an_answer_holds_for_a_minute_and_a_refusal_for_ten_seconds(asked: Asked) -> None:
    clock = Clock()
    callers = Callers(CONSOLE, asked, clock)
    counts = []
    for clock.now in (0, 9, 11, 59, 61):
        assert callers.is_known("good")
        assert not callers.is_known("other")
        counts.append(asked.count)
    # Of the last two, both other tokens and then both are asked about.
    assert counts == [2, 2, 3, 4, 5]
    asked.tokens.clear()
    clock.now = 119
    assert callers.is_known("good")
    clock.now = 122
    assert not callers.is_known("good")


def test_no_answer_is_no_answer(asked: Asked) -> None:
    asked.away = True
    callers = Callers(CONSOLE, asked, Clock())
    with pytest.raises(CallerError):
        callers.is_known("good")
    asked.away = False
    assert callers.is_known("good")


def test_invented_tokens_fill_no_memory(asked: Asked) -> None:
    callers = Callers(CONSOLE, asked, Clock())
    for number in range(500):
        callers.is_known(f"invented-{number}")
    assert len(callers._verdicts) <= 64
