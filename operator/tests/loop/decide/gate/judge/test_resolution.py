"""What a holdout can tell, and where the bootstrap of macro F1 is read."""

from __future__ import annotations

import math

import pytest
from dandelion_operator.loop.decide.gate.judge.evidence import difference, quantile
from dandelion_operator.loop.decide.gate.judge.resolution import (
    accuracy_images,
    accuracy_resolution,
    images_needed,
    resolution,
)
from dandelion_operator.seen.comparison import Comparison, PairedMacroF1
from given.evidence import compared, macro, spread
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

QUICK = settings(max_examples=80, deadline=None, database=None)


@pytest.mark.parametrize(
    ("share", "value"),
    [(0.005, 0.005), (0.05, 0.05), (0.0525, 0.0525), (0.5, 0.5), (0.995, 0.995)],
)
def test_quantiles_are_read_between_the_stored_ones(share: float, value: float) -> None:
    assert quantile([n / 200 for n in range(1, 200)], share) == pytest.approx(value)


@pytest.mark.parametrize(("share", "value"), [(0.004, -1.0), (0.996, 1.0)])
def test_beyond_the_stored_quantiles_nothing_is_known(share: float, value: float) -> None:
    assert quantile([n / 200 for n in range(1, 200)], share) == value


@pytest.mark.parametrize(
    ("deviation", "bound"),
    [
        pytest.param(0.01, 0.018 + 0.0005, id="the quantile and half an image"),
        pytest.param(0.001, 0.01125, id="accuracy where the quantile is nearer"),
    ],
)
def test_macro_f1_reaches_as_far_as(deviation: float, bound: float) -> None:
    paired = PairedMacroF1(0.9, 0.9, spread(0, deviation))
    found = difference(compared(20, 20, 1000, macro_f1=paired), "macroF1", 0.95)
    assert found is not None
    assert (found.lower, found.upper) == pytest.approx((-bound, bound), abs=5e-5)


@pytest.mark.parametrize(
    ("discordance", "margin", "images"),
    [
        pytest.param(0.08, 0.02, 1327, id="models that differ on 8 % of the images"),
        pytest.param(0.04, 0.02, 744, id="half of that takes about half"),
        pytest.param(0.08, 0.01, 5088, id="half the margin takes about four times as many"),
    ],
)
def test_how_many_images_tell_a_margin(discordance: float, margin: float, images: int) -> None:
    assert math.ceil(accuracy_images(margin, discordance, 0.95)) == images
    assert accuracy_resolution(images, discordance, 0.95) == pytest.approx(margin, rel=1e-3)


@QUICK
@for_any(
    st.integers(1, 100_000), st.floats(0.001, 0.6), st.sampled_from([0.5, 0.8, 0.95, 0.99, 0.999])
)
def test_more_images_tell_smaller_differences(
    images: int, discordance: float, confidence: float
) -> None:
    few = accuracy_resolution(images, discordance, confidence)
    many = accuracy_resolution(2 * images, discordance, confidence)
    assert 0 < many <= few <= 1


@pytest.mark.parametrize(
    ("comparison", "metric", "told", "needed"),
    [
        pytest.param(compared(images=0), "accuracy", None, None, id="no image tells nothing"),
        pytest.param(
            *(compared(1, 1, 100, macro_f1=PairedMacroF1(0.9, 0.9)), "macroF1", None, None),
            id="macro F1 without a bootstrap tells nothing",
        ),
        pytest.param(compared(39, 39), "accuracy", 0.0231, 1310, id="accuracy by the counts"),
        pytest.param(macro(0.9, 0.9, 0.05), "macroF1", 0.1697, 288148, id="macro F1 by its spread"),
    ],
)
def test_what_a_holdout_can_tell(
    comparison: Comparison, metric: str, told: float | None, needed: int | None
) -> None:
    found = resolution(comparison, metric, 0.95)
    assert (found and round(found, 4)) == told
    assert images_needed(comparison, metric, 0.02, 0.95) == needed


@pytest.mark.parametrize("margin", [0.0, 1e-12, 1e-300])
def test_no_number_of_images_tells_a_margin_of_next_to_nothing(margin: float) -> None:
    assert images_needed(compared(10, 10), "accuracy", margin, 0.95) is None
