"""Who is faster of two clients."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from dandelion_inference.intake.recent_rate import FAST, RecentRate

END = 60.0


def rate(*arrivals: tuple[float, int], begun: float = 0.0) -> float:
    """At `END`, for so many bytes at those moments."""
    found = RecentRate(begun)
    for moment, size in arrivals:
        found.received(size, moment)
    return found.at(END)


def steady(bytes_a_second: int) -> float:
    return rate(*[(float(second), bytes_a_second) for second in range(61)])


SILENT = rate()
NEWCOMER = rate(begun=END)


@pytest.mark.parametrize(
    ("slower", "faster"),
    [
        pytest.param(SILENT, lambda: rate(begun=50.0), id="of two silent ones the older"),
        pytest.param(SILENT, lambda: steady(1), id="silence is slower than a trickle"),
        pytest.param(steady(10), lambda: NEWCOMER, id="a trickle is slower than who has come now"),
        pytest.param(
            rate((50.0, 10**9)), lambda: NEWCOMER, id="much that came long ago counts no more"
        ),
        pytest.param(steady(2_000), lambda: steady(20_000), id="a slow line and a faster one"),
        pytest.param(steady(20_000), lambda: NEWCOMER, id="a slow line and who has come now"),
    ],
)
def test_one_is_slower_than_the_other(slower: float, faster: Callable[[], float]) -> None:
    assert slower < faster()


def test_nobody_is_faster_than_fast() -> None:
    assert NEWCOMER == FAST
    assert rate((END, 10**9)) == FAST


def test_a_steady_client_is_as_fast_as_it_sends() -> None:
    tenths = [(second / 10, 2_000) for second in range(601)]
    assert rate(*tenths) == pytest.approx(20_000, rel=0.05)
