"""What is left for large images, of the memory that a container may take."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dandelion_inference.answer.decoding.images import SMALL_BYTES
from dandelion_inference.answer.decoding.shares import Container, small_images

MIB = 1024 * 1024
POD = Container(
    limit=1024 * MIB,
    resident=220 * MIB,
    uploads=160 * MIB,
    log=16 * MIB,
    small_images=small_images(5),
)


def test_a_pod_as_the_chart_makes_it_decodes_what_phones_take() -> None:
    # 50 megapixels of a progressive JPEG: 150 MB of coefficients.
    assert 300 * MIB < POD.large_images < 500 * MIB


@pytest.mark.parametrize("share", ["resident", "uploads", "log", "small_images"])
def test_what_others_may_take_is_set_aside(share: str) -> None:
    more = replace(POD, **{share: getattr(POD, share) + 50 * MIB})
    assert more.large_images == POD.large_images - 50 * MIB


def test_a_limit_that_others_need_whole_leaves_nothing() -> None:
    assert replace(POD, limit=256 * MIB).large_images == 0


def test_small_images_take_no_more_on_a_machine_of_many_processors() -> None:
    assert small_images(3) == 3 * SMALL_BYTES
    assert small_images(129) == small_images(65) < 256 * MIB
