"""When a trial is given up: the median of what the others had reached by then."""

import random

import pytest
from dandelion_training.search.pruning import falls_behind

GOOD, FAIR, POOR = ({1: 0.5, 2: value, 3: value + 0.05} for value in (0.9, 0.8, 0.6))


@pytest.mark.parametrize(
    ("own", "others", "given_up"),
    [
        pytest.param({1: 0.1, 2: 0.7}, [GOOD, FAIR, POOR], True, id="below the median"),
        pytest.param({1: 0.1, 2: 0.85}, [GOOD, FAIR, POOR], False, id="above it"),
        pytest.param({1: 0.1, 2: 0.8}, [GOOD, FAIR, POOR], False, id="at it"),
        pytest.param(
            {1: 0.85, 2: 0.1}, [GOOD, FAIR, POOR], False, id="its best epoch counts, not its last"
        ),
        pytest.param({1: 0.1}, [GOOD, FAIR, POOR], True, id="after the first epoch already"),
        pytest.param({1: 0.1, 2: 0.1}, [GOOD], False, id="one other is no measure"),
        pytest.param(
            {1: 0.1, 2: 0.2, 3: 0.3},
            [GOOD, {1: 0.9, 2: 0.9}],
            False,
            id="nor is one that has not come as far",
        ),
        pytest.param(
            {1: 0.1, 2: 0.65},
            [{1: 0.1, 2: 0.6, 3: 0.99}] * 3,
            False,
            id="what the others reached later does not count",
        ),
        pytest.param({}, [GOOD, FAIR, POOR], False, id="before it has begun"),
    ],
)
def test_falls_behind(
    own: dict[int, float], others: list[dict[int, float]], given_up: bool
) -> None:
    assert falls_behind(own, others) is given_up


def test_the_better_half_goes_on_at_each_step() -> None:
    """Trials one after the other, whose order never changes while they learn."""
    order = list(range(30))
    random.Random(4).shuffle(order)
    curves: list[dict[int, float]] = []
    for quality in order:
        curve: dict[int, float] = {}
        for epoch in range(1, 11):
            curve[epoch] = quality + epoch / 100
            if falls_behind(curve, curves):
                break
        curves.append(curve)
    assert len(curves[order.index(29)]) == 10, "the best trial is never given up"
    assert sum(map(len, curves)) < 0.4 * 10 * len(curves)
