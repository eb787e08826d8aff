"""How images are varied at each strength."""

import numpy as np
import pytest
import torch
from dandelion_training.data.images.inspect import Geometry, Pixels, serving_crop, window
from dandelion_training.learn.variation import Augmentation, Light, lit, varied
from fakes.images import picture
from PIL import Image

GEOMETRY = Geometry(36, 32)
STRENGTHS = ("none", "light", "strong")


def seen(
    image: Image.Image, augmentation: Augmentation, epochs: int = 50
) -> list[tuple[Pixels, Light]]:
    shown = window(image, GEOMETRY)
    return [varied(shown, GEOMETRY, augmentation, (0, epoch, 7)) for epoch in range(epochs)]


def half_black() -> Image.Image:
    """Dark on its left."""
    image = picture(0, colour=(190, 190, 190), side=40)
    image.paste((0, 0, 0), (0, 0, 20, 40))
    return image


def darker_on_the_left(pixels: Pixels) -> bool:
    return bool(pixels[:, :8].mean() < pixels[:, -8:].mean())


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("mirror", [True, False])
def test_a_variation_depends_on_seed_epoch_and_image_alone(strength: str, mirror: bool) -> None:
    first, again = (seen(picture(1), Augmentation(strength, mirror)) for _ in range(2))
    for (pixels, light), (same, same_light) in zip(first, again, strict=True):
        assert np.array_equal(pixels, same)
        assert light == same_light


@pytest.mark.parametrize("strength", ["light", "strong"])
def test_every_epoch_and_image_looks_different(strength: str) -> None:
    shown = window(picture(1), GEOMETRY)
    keys = [(0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0)]
    looks = [varied(shown, GEOMETRY, Augmentation(strength), key)[0].tobytes() for key in keys]
    assert len(set(looks)) == 4


def test_without_variation_an_image_is_learnt_as_it_is_served() -> None:
    served = serving_crop(window(picture(1), GEOMETRY), GEOMETRY)
    for pixels, light in seen(picture(1), Augmentation("none")):
        assert np.array_equal(pixels, served)
        assert light == Light(1, 1, 1)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_nothing_is_mirrored_unless_that_is_asked_for(strength: str) -> None:
    for pixels, _ in seen(half_black(), Augmentation(strength)):
        assert darker_on_the_left(pixels)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_half_of_the_images_are_mirrored_where_that_is_asked_for(strength: str) -> None:
    looks = seen(half_black(), Augmentation(strength, mirror=True))
    sides = [darker_on_the_left(pixels) for pixels, _ in looks]
    assert 15 <= sum(sides) <= 35


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("colour", [(200, 60, 40), (40, 60, 200), (60, 190, 60)])
def test_a_class_that_is_a_colour_keeps_it(strength: str, colour: tuple[int, int, int]) -> None:
    brightest = colour.index(max(colour))
    for pixels, light in seen(picture(3, colour), Augmentation(strength)):
        images = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None] / 255
        assert int(lit(images, [light]).mean(dim=(0, 2, 3)).argmax()) == brightest


def test_what_points_up_points_up_at_any_strength() -> None:
    """A 6 becomes no 9."""
    arrow = Image.new("RGB", (40, 40), (230, 230, 230))
    arrow.paste((20, 20, 20), (8, 2, 32, 20))
    for pixels, _ in seen(arrow, Augmentation("strong")):
        assert pixels[:12].mean() < pixels[-12:].mean()


def test_strong_shows_less_of_an_image_and_hides_parts_of_some() -> None:
    """A bright spot in a corner is cut off more often than by light."""
    spot = Image.new("RGB", (40, 40), (30, 30, 30))
    spot.paste((250, 250, 250), (4, 4, 12, 12))
    gone = {
        strength: sum(pixels.max() < 150 for pixels, _ in seen(spot, Augmentation(strength), 200))
        for strength in ("light", "strong")
    }
    assert gone["light"] < 20 < gone["strong"] < 140


def test_light_that_changes_nothing_changes_nothing() -> None:
    images = torch.rand(3, 3, 8, 8)
    assert torch.allclose(lit(images, [Light(1, 1, 1)] * 3), images, atol=1e-6)


def test_light_keeps_values_in_range() -> None:
    images = torch.rand(2, 3, 8, 8)
    changed = lit(images, [Light(1.3, 1.3, 1.3), Light(0.7, 0.7, 0.7)])
    assert 0 <= changed.min() <= changed.max() <= 1
