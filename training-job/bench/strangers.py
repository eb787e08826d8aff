"""Real images to learn from, and images that are far from all of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_digits, load_sample_image

Labelled = tuple[Image.Image, str]
Chance = np.random.Generator

SIDE = 96
PAGE_SIDE = 192


def digits() -> list[Labelled]:
    """1,797 handwritten digits of 8 × 8 pixels, dark on white, enlarged to 32 × 32."""
    found = load_digits()
    return [
        (
            Image.fromarray((255 - pixels * (255 / 16)).astype(np.uint8))
            .resize((32, 32), Image.Resampling.BICUBIC)
            .convert("RGB"),
            str(label),
        )
        for pixels, label in zip(found.images, found.target, strict=True)
    ]


def photos(folder: Path) -> list[Labelled]:
    """The images of a folder with one folder a class."""
    return [
        (Image.open(path).convert("RGB"), home.name)
        for home in sorted(folder.iterdir())
        for path in sorted(home.iterdir())
    ]


def crops(name: str, number: int, chance: Chance) -> list[Image.Image]:
    """Parts of one of the two photos that come with scikit-learn."""
    whole = load_sample_image(name)
    found = []
    for _ in range(number):
        side = int(chance.integers(120, 320))
        top, left = (int(chance.integers(length - side)) for length in whole.shape[:2])
        found.append(Image.fromarray(whole[top : top + side, left : left + side]))
    return found


def noise(chance: Chance) -> Image.Image:
    return Image.fromarray(chance.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))


def flat(chance: Chance) -> Image.Image:
    return Image.new("RGB", (SIDE, SIDE), _colour(chance))


def texture(chance: Chance) -> Image.Image:
    """Stripes, soft or hard, or a chequerboard, of two colours."""
    down, across = np.mgrid[0:SIDE, 0:SIDE]
    angle, pace = chance.uniform(0, np.pi), chance.uniform(0.05, 0.8)
    waves = np.sin(pace * (across * np.cos(angle) + down * np.sin(angle)))
    if chance.random() < 0.5:
        waves = np.sign(waves * np.sin(pace * (down * np.cos(angle) - across * np.sin(angle))))
    share = (waves[..., np.newaxis] + 1) / 2
    mixed = share * np.array(_colour(chance)) + (1 - share) * np.array(_colour(chance))
    return Image.fromarray(mixed.astype(np.uint8))


def blobs(chance: Chance) -> Image.Image:
    """Soft spots of every colour."""
    few = int(chance.integers(3, 9))
    spots = Image.fromarray(chance.integers(0, 256, (few, few, 3), dtype=np.uint8))
    return spots.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def text(chance: Chance) -> Image.Image:
    """A page of words."""
    page = Image.new("RGB", (PAGE_SIDE, PAGE_SIDE), "white")
    height = int(chance.integers(9, 18))
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(height)
    for down in range(4, PAGE_SIDE - height, height + 4):
        words = (chance.integers(97, 123, chance.integers(2, 9)) for _ in range(8))
        line = " ".join("".join(map(chr, word)) for word in words)
        pen.text((6, down), line, fill=(20, 20, 20), font=font)
    return page


def _colour(chance: Chance) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in chance.integers(0, 256, 3))
    return red, green, blue


DRAWN: Mapping[str, Callable[[Chance], Image.Image]] = {
    "noise": noise,
    "flat colours": flat,
    "textures": texture,
    "blobs": blobs,
    "text": text,
}


def far(number: int, chance: Chance, others: Sequence[Image.Image]) -> list[Image.Image]:
    """So many of each kind: drawn ones, and at most as many of `others`, real images of another
    world."""
    drawn = [draw(chance) for draw in DRAWN.values() for _ in range(number)]
    chosen = chance.permutation(len(others))[:number]
    return drawn + [others[index] for index in chosen.tolist()]
