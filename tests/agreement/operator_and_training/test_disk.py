"""The disk that the operator asks a node for is the disk that training says it needs."""

from __future__ import annotations

import pytest
from dandelion_operator.loop.apply.builders.pod.disk import MEBIBYTE, disk_needed, with_disk
from dandelion_training.data.images.inspect import Geometry
from dandelion_training.ports.settings import Settings
from dandelion_training.run import disk


def needed_by_training(images: int, image_size: int) -> int:
    settings = Settings.model_construct(image_size=image_size)
    return disk.disk_needed(images, Geometry(settings.resize_short_side, image_size))


@pytest.mark.parametrize("image_size", range(32, 513, 32))
@pytest.mark.parametrize("images", [1, 40, 1_000_000])
def test_both_compute_the_same(images: int, image_size: int) -> None:
    needed = needed_by_training(images, image_size)
    assert disk_needed(images, image_size) == needed
    requests = with_disk({}, images, image_size)["requests"]
    asked = int(requests["ephemeral-storage"].removesuffix("Mi")) * MEBIBYTE
    assert 0 <= asked - needed < MEBIBYTE
