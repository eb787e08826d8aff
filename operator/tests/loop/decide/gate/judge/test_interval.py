"""The bounds of a difference, against published examples, brute force and what they promise."""

from __future__ import annotations

import math

import pytest
from dandelion_operator.loop.decide.gate.judge.interval import (
    restricted_losses,
    restricted_variance,
    score_bounds,
    z,
)
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

QUICK = settings(max_examples=60, deadline=None, database=None)

tables = st.integers(1, 400).flatmap(
    lambda images: st.integers(0, images).flatmap(
        lambda wins: st.tuples(st.just(wins), st.integers(0, images - wins), st.just(images))
    )
)


@pytest.mark.parametrize(
    ("wins", "losses", "images", "confidence", "bounds"),
    [
        pytest.param(
            *(1, 7, 21, 0.975, (-0.517, -0.026)),
            id="Bentur 2009, in Fagerland, Lydersen and Laake 2014",
        ),
        pytest.param(
            *(6, 16, 161, 0.975, (-0.124, -0.0054)),
            id="Cavo 2012, in Fagerland, Lydersen and Laake 2017",
        ),
        pytest.param(
            *(28, 25, 618, 0.95, (-0.0148, 0.0247)),
            id="a two-sided 90 % interval of R's PropCIs::scoreci.mp",
        ),
    ],
)
def test_without_continuity_the_bounds_are_those_that_were_published(
    wins: int, losses: int, images: int, confidence: float, bounds: tuple[float, float]
) -> None:
    digits = max(len(f"{bound:g}".partition(".")[2]) for bound in bounds)
    found = score_bounds(wins, losses, images, confidence, continuity=0)
    assert tuple(round(bound, digits) for bound in found) == bounds


@pytest.mark.parametrize("images", [1, 10, 100, 1000])
def test_where_both_always_agree_the_bound_is_wilsons_for_no_event(images: int) -> None:
    lower, upper = score_bounds(0, 0, images, 0.95, continuity=0)
    wilson = z(0.95) ** 2 / (images + z(0.95) ** 2)
    assert (lower, upper) == (pytest.approx(-wilson), pytest.approx(wilson))


@pytest.mark.parametrize(
    ("wins", "losses", "images"), [(1, 7, 21), (6, 16, 161), (0, 3, 40), (9, 0, 90), (5, 5, 10)]
)
@pytest.mark.parametrize("difference", [-0.3, -0.02, 0.0, 0.05, 0.4])
def test_the_restricted_share_is_the_likeliest_of_all(
    wins: int, losses: int, images: int, difference: float
) -> None:
    def likelihood(share: float) -> float:
        cells = (wins, share + difference), (losses, share)
        rest = images - wins - losses, 1 - 2 * share - difference
        return sum(count * math.log(max(p, 1e-300)) for count, p in (*cells, rest) if count)

    least, most = max(0.0, -difference), (1 - difference) / 2
    shares = [least + (most - least) * step / 20000 for step in range(20001)]
    found = restricted_losses(wins, losses, images, difference)
    assert found == pytest.approx(max(shares, key=likelihood), abs=1e-4)


@QUICK
@for_any(tables, st.sampled_from([0.5, 0.8, 0.95, 0.99, 0.999]), st.sampled_from([0.0, 0.5]))
def test_the_bounds_enclose_exactly_what_the_score_test_does_not_reject(
    table: tuple[int, int, int], confidence: float, continuity: float
) -> None:
    wins, losses, images = table

    def rejected(difference: float) -> bool:
        distance = abs(wins - losses - images * difference) - continuity
        variance = images * restricted_variance(wins, losses, images, difference)
        return distance > z(confidence) * math.sqrt(variance)

    lower, upper = score_bounds(wins, losses, images, confidence, continuity)
    step = 1e-3
    inside = [n * step for n in range(-1000, 1001) if not rejected(n * step)]
    assert all(lower - 1e-6 <= difference <= upper + 1e-6 for difference in inside)
    assert len(inside) == pytest.approx((upper - lower) / step, abs=1.01)


@QUICK
@for_any(tables, st.sampled_from([0.5, 0.8, 0.95, 0.999]))
def test_the_bounds_enclose_the_difference_and_mirror_when_the_models_change_places(
    table: tuple[int, int, int], confidence: float
) -> None:
    wins, losses, images = table
    lower, upper = score_bounds(wins, losses, images, confidence)
    assert -1 <= lower <= (wins - losses) / images <= upper <= 1
    assert score_bounds(losses, wins, images, confidence) == (-upper, -lower)


@pytest.mark.parametrize("images", [50, 100, 400])
@pytest.mark.parametrize("discordance", [0.03, 0.04, 0.08, 0.15, 0.25])
def test_a_model_that_is_worse_by_the_margin_seldom_looks_better_than_that(
    images: int, discordance: float
) -> None:
    margin = 0.02
    win, loss = (discordance - margin) / 2, (discordance + margin) / 2
    chance, wins = 0.0, 0
    for losses in range(round(images * loss + 6 * math.sqrt(images * loss) + 2)):
        while wins + losses < images and score_bounds(wins, losses, images, 0.95)[0] <= -margin:
            wins += 1
        passing = range(wins, images - losses + 1)
        chance += math.fsum(_probability(n, losses, images, win, loss) for n in passing)
    assert 0 < chance <= 0.05


def _probability(wins: int, losses: int, images: int, win: float, loss: float) -> float:
    rest = images - wins - losses
    ways = math.lgamma(images + 1) - sum(math.lgamma(n + 1) for n in (wins, losses, rest))
    return math.exp(
        ways + wins * math.log(win) + losses * math.log(loss) + rest * math.log(1 - win - loss)
    )


@pytest.mark.parametrize(
    ("counts", "confidence", "words"),
    [
        pytest.param((0, 0, 0), 0.95, "0 and 0 of 0 images", id="no image"),
        pytest.param((3, 8, 10), 0.95, "3 and 8 of 10 images", id="more answers than images"),
        pytest.param((-1, 0, 10), 0.95, "-1 and 0 of 10 images", id="a negative count"),
        pytest.param((1, 1, 10), 1.0, "a confidence of 1.0", id="certainty"),
        pytest.param((1, 1, 10), 0.4, "a confidence of 0.4", id="less than a coin"),
    ],
)
def test_what_is_no_comparison_is_refused(
    counts: tuple[int, int, int], confidence: float, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        score_bounds(*counts, confidence)
