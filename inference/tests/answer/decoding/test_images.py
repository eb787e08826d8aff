"""What is decoded at once, and how much of that at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import crafted
import numpy as np
import pictures
import pytest
from dandelion_inference.answer.decoding.images import Images, LargeImage, Reserve
from dandelion_inference.errors import RefusedError
from dandelion_pictures import Preprocessing, Reader

PREPROCESSING = Preprocessing(36, 32, 1 / 255, (0, 0, 0), (1, 1, 1))
IMAGES = Images(Reader(), reserve=0)

LARGE = {
    "a small picture": (pictures.plain(), False),
    "a screenshot": (pictures.declared_png(1920, 1080), False),
    "a photo of 12 megapixels, decoded at an eighth": (crafted.resized_jpeg(4080, 3060), False),
    "a PNG of 4 megapixels": (pictures.declared_png(2000, 2000), False),
    "a PNG of 12 megapixels": (pictures.declared_png(4000, 3000), True),
    "a WebP of 4 megapixels": (crafted.resized_webp(2000, 2000), True),
    "a photo that comes in scans": (crafted.many_scans(1000, 1000, 300), True),
}


@pytest.mark.parametrize("case", LARGE)
def test_large_is_what_takes_much_memory_or_time(case: str) -> None:
    data, large = LARGE[case]
    try:
        opened = IMAGES.opened(data, PREPROCESSING)
    except RefusedError:
        assert not large  # its pixels were looked at: there are none
    else:
        assert isinstance(opened, LargeImage) is large


def test_a_small_picture_is_the_networks_input() -> None:
    opened = IMAGES.opened(pictures.plain(pictures.RED), PREPROCESSING)
    assert isinstance(opened, np.ndarray)
    assert opened.shape == (1, 3, 32, 32)


def test_a_bad_file_is_refused() -> None:
    with pytest.raises(RefusedError, match="not an image"):
        IMAGES.opened(b"hello, this is text", PREPROCESSING)


def test_threads_wait_for_bytes_that_others_hold() -> None:
    reserve = Reserve(100)
    most, now = 0, 0
    lock = threading.Lock()

    def hold(size: int) -> None:
        nonlocal most, now
        for _ in range(200):
            with reserve.hold(size):
                with lock:
                    now += size
                    most = max(most, now)
                with lock:
                    now -= size

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(hold, size) for size in (100, 60, 50, 40, 30, 20, 10, 1)]:
            done.result(timeout=60)
    assert 0 < most <= 100
