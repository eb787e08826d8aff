"""Learning rate and batches."""

import itertools

import numpy as np
import pytest
import torch
from dandelion_training.learn.recipe import class_weights, learning_rate, order
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize("schedule", ["OneCycle", "Cosine"])
def test_the_rate_climbs_to_its_maximum_and_falls_to_almost_nothing(schedule: str) -> None:
    rates = [learning_rate(schedule, step, 200, 0.01) for step in range(200)]
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(0.01)
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 0.01 / 1000
    assert rates[0] < 0.01 / 20


def test_cosine_is_at_its_maximum_sooner() -> None:
    tenth = [learning_rate(schedule, 10, 100, 1.0) for schedule in ("OneCycle", "Cosine")]
    assert tenth[1] > 0.98 > tenth[0]


@given(st.integers(2, 500), st.integers(1, 600), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_an_epoch_shows_every_image_once_and_no_batch_is_a_single_image(
    images: int, batch_size: int, epoch: int
) -> None:
    batches = order(0, epoch, images, batch_size)
    assert sorted(np.concatenate(batches).tolist()) == list(range(images))
    assert min(map(len, batches)) >= 2
    assert max(map(len, batches)) <= max(batch_size, 3)


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = [np.concatenate(order(s, e, 50, 8)).tolist() for s in (0, 1) for e in (0, 1)]
    assert all(a != b for a, b in itertools.combinations(orders, 2))
    assert orders[0] == np.concatenate(order(0, 0, 50, 8)).tolist()


@pytest.mark.parametrize(
    ("counts", "ratio"),
    [
        pytest.param([100, 100], 1.0, id="even classes weigh the same"),
        pytest.param([190, 10], 17.4, id="few images: nearly the inverse frequency"),
        pytest.param([50_000, 10_000], 1.0, id="thousands of images: the same"),
        pytest.param([100_000, 5], 20.0, id="bounded"),
    ],
)
def test_images_of_a_rare_class_weigh_more(counts: list[int], ratio: float) -> None:
    weights = class_weights(counts)
    assert float(weights[1] / weights[0]) == pytest.approx(ratio, abs=0.1)


@given(st.lists(st.integers(1, 100_000), min_size=2, max_size=50))
@settings(deadline=None)
def test_an_image_weighs_one_on_average(counts: list[int]) -> None:
    weights = class_weights(counts).double()
    assert float(weights @ torch.tensor(counts).double()) == pytest.approx(sum(counts), rel=1e-5)
