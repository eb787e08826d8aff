"""Images as grouping and splitting see them, made from numbers."""

import hashlib
from collections.abc import Iterable

import numpy as np
from dandelion_training.data.images.fingerprint import HASH_SIDE, THUMBNAIL_CELLS, Fingerprint
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.split.member import Member

BITS = HASH_SIDE * HASH_SIDE


def look(scene: int, flipped: Iterable[int] = (), brighter: int = 0) -> Fingerprint:
    """The fingerprint of a scene, with some bits flipped and the whole thumbnail brighter. Two
    scenes are never near.
    """
    chance = np.random.default_rng(scene)
    bits = chance.integers(0, 2, BITS).astype(np.uint8)
    cells = chance.integers(0, 200, THUMBNAIL_CELLS) + brighter
    for bit in flipped:
        bits[bit] ^= 1
    return Fingerprint(np.packbits(bits).tobytes() + cells.astype(np.uint8).tobytes())


def image(name: object, label: str, fingerprint: Fingerprint, given: Split | None = None) -> Member:
    return Member(hashlib.sha256(str(name).encode()).hexdigest(), label, fingerprint, given)


def scenes(label: str, numbers: Iterable[int], given: Split | None = None) -> list[Member]:
    """Images that have nothing in common."""
    return [image(number, label, look(number), given) for number in numbers]


def burst(label: str, scene: int, frames: int, given: Split | None = None) -> list[Member]:
    """Frames of one scene, each near all others: any two differ in two bits."""
    return [image((scene, f), label, look(scene, [f]), given) for f in range(frames)]


def chain(label: str, scene: int, frames: int) -> list[Member]:
    """Frames of a scene that moves: each is near the next and no other."""
    moved = [range(min(20 * frame, BITS)) for frame in range(frames)]
    return [image((scene, f), label, look(scene, bits)) for f, bits in enumerate(moved)]
