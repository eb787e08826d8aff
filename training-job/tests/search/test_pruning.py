"""When a trial is given up, by each of the rules."""

import random

import pytest
from dandelion_training.ports.settings.search import Rule
from dandelion_training.search.pruning import falls_behind

GOOD, FAIR, POOR = ({1: 0.5, 2: value, 3: value + 0.05} for value in (0.9, 0.8, 0.6))
EPOCHS = 10
FOLD = 1001  # the step before the first epoch of the second fold


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
def test_below_the_median_of_the_others_at_any_epoch(
    own: dict[int, float], others: list[dict[int, float]], given_up: bool
) -> None:
    assert falls_behind("Median", own, others, EPOCHS) is given_up


def at(epoch: int, *values: float) -> list[dict[int, float]]:
    """Curves that reach these values with this epoch."""
    return [{**dict.fromkeys(range(1, epoch), 0.0), epoch: value} for value in values]


@pytest.mark.parametrize(
    ("own", "others", "epochs", "given_up"),
    [
        pytest.param(at(2, 0.5)[0], [], 10, False, id="alone"),
        pytest.param(at(2, 0.5)[0], at(2, 0.6), 10, True, id="the worse of two"),
        pytest.param(at(2, 0.6)[0], at(2, 0.5), 10, False, id="the better of two"),
        pytest.param(at(2, 0.6)[0], at(2, 0.6), 10, False, id="as good as the other"),
        pytest.param(at(2, 0.6)[0], at(2, 0.7, 0.5, 0.4), 10, False, id="the second of four"),
        pytest.param(at(2, 0.6)[0], at(2, 0.8, 0.7, 0.4), 10, True, id="the third of four"),
        pytest.param(at(2, 0.6)[0], at(2, 0.7, 0.5), 10, True, id="the second of three"),
        pytest.param(at(1, 0.1)[0], at(1, 0.9), 10, True, id="at the first of ten epochs"),
        pytest.param(
            {1: 0.1, 2: 0.1, 3: 0.1},
            [{1: 0.9, 2: 0.9, 3: 0.9}],
            10,
            False,
            id="between two rungs, whoever overtook it",
        ),
        pytest.param(at(8, 0.1)[0], at(8, 0.9), 10, True, id="at the last rung"),
        pytest.param(
            at(2, 0.5)[0], at(1, 0.9), 10, False, id="others that have not come as far do not count"
        ),
        pytest.param(
            {1: 0.9, 2: 0.5}, [{1: 0.1, 2: 0.6}], 10, True, id="its last epoch counts, not its best"
        ),
        pytest.param(
            {1: 0.2, 2: 0.5}, [{1: 0.1, 2: 0.4, 3: 0.9}], 10, False, id="nor does what came later"
        ),
        pytest.param(at(2, 0.1)[0], at(2, 0.9), 39, False, id="before a tenth of the epochs"),
        pytest.param(at(3, 0.1)[0], at(3, 0.9), 39, True, id="after a tenth of the epochs"),
        pytest.param(at(1, 0.1)[0], at(1, 0.9), 3, True, id="of few epochs, after the first"),
        pytest.param(
            {1: 0.1, 2: 0.1, FOLD + 1: 0.1, FOLD + 2: 0.1},
            [{1: 0.2, 2: 0.2, FOLD + 1: 0.2, FOLD + 2: 0.2}],
            20,
            True,
            id="epochs of all folds count together",
        ),
        pytest.param({}, at(1, 0.9), 10, False, id="before it has begun"),
    ],
)
def test_not_of_the_better_half_at_a_rung(
    own: dict[int, float], others: list[dict[int, float]], epochs: int, given_up: bool
) -> None:
    assert falls_behind("SuccessiveHalving", own, others, epochs) is given_up


@pytest.mark.parametrize("rule", ["Median", "SuccessiveHalving"])
def test_the_better_half_goes_on_at_each_step(rule: Rule) -> None:
    """Trials one after the other, whose order never changes while they learn."""
    order = list(range(30))
    random.Random(4).shuffle(order)
    curves: list[dict[int, float]] = []
    for quality in order:
        curve: dict[int, float] = {}
        for epoch in range(1, EPOCHS + 1):
            curve[epoch] = quality + epoch / 100
            if falls_behind(rule, curve, curves, EPOCHS):
                break
        curves.append(curve)
    assert len(curves[order.index(29)]) == EPOCHS, "the best trial is never given up"
    assert sum(map(len, curves)) < 0.4 * EPOCHS * len(curves)
