"""Learning rate, batches and variations."""

import itertools

import numpy as np
import pytest
import torch
from dandelion_training.data.images.inspect import Geometry, window
from dandelion_training.learn.recipe import Light, learning_rate, lit, order, varied
from fakes import picture
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


def test_a_variation_depends_on_seed_epoch_and_image_alone() -> None:
    geometry = Geometry(36, 32)
    seen = window(picture(1), geometry)
    first, again = varied(seen, geometry, (0, 1, 2)), varied(seen, geometry, (0, 1, 2))
    assert np.array_equal(first[0], again[0])
    assert first[1] == again[1]
    assert not np.array_equal(first[0], varied(seen, geometry, (0, 2, 2))[0])


def test_a_variation_never_mirrors() -> None:
    geometry = Geometry(36, 32)
    half = picture(0, side=40)
    half.paste((0, 0, 0), (0, 0, 20, 40))
    seen = window(half, geometry)
    for image in range(50):
        pixels, _ = varied(seen, geometry, (0, 0, image))
        assert pixels[:, :8].mean() < pixels[:, -8:].mean()


def test_light_that_changes_nothing_changes_nothing() -> None:
    images = torch.rand(3, 3, 8, 8)
    assert torch.allclose(lit(images, [Light(1, 1, 1)] * 3), images, atol=1e-6)


def test_light_keeps_values_in_range() -> None:
    images = torch.rand(2, 3, 8, 8)
    changed = lit(images, [Light(1.3, 1.3, 1.3), Light(0.7, 0.7, 0.7)])
    assert 0 <= changed.min() <= changed.max() <= 1
