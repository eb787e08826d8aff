"""The container's CPU limit is what counts, in both generations of cgroups."""

from pathlib import Path

import pytest
from dandelion_training.run.processors import threads, usable_processors, useful_threads


@pytest.mark.parametrize(
    ("files", "processors"),
    [
        pytest.param({"cpu.max": "200000 100000"}, 2, id="v2: two processors"),
        pytest.param({"cpu.max": "150000 100000"}, 2, id="v2: one and a half is rounded up"),
        pytest.param({"cpu.max": "50000 100000"}, 1, id="v2: half a processor is one"),
        pytest.param({"cpu.max": "max 100000"}, 8, id="v2: no limit"),
        pytest.param({"cpu.max": "6400000 100000"}, 8, id="v2: a limit above the node's"),
        pytest.param(
            {"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"},
            3,
            id="v1: three processors",
        ),
        pytest.param(
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8, id="v1: no limit"
        ),
        pytest.param({}, 8, id="no cgroups at all"),
    ],
)
def test_processors_are_counted_by_the_limit(
    tmp_path: Path, files: dict[str, str], processors: int
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content + "\n")
    assert usable_processors(tmp_path, scheduled=8) == processors


@pytest.mark.parametrize(
    ("batch_size", "image_size", "threads"),
    [(32, 32, 1), (256, 32, 1), (64, 64, 1), (128, 64, 2), (32, 128, 2), (32, 224, 6)],
)
def test_small_batches_of_small_images_employ_few_threads(
    batch_size: int, image_size: int, threads: int
) -> None:
    assert useful_threads(batch_size, image_size) == threads


@pytest.mark.parametrize(
    ("processors", "batch_size", "image_size", "expected"),
    [
        pytest.param(1, 32, 128, (8, 1, 1), id="one processor still loads several files at once"),
        pytest.param(4, 32, 32, (16, 4, 1), id="small images: many decode, one learns"),
        pytest.param(4, 64, 224, (16, 4, 4), id="large images: all learn"),
        pytest.param(64, 64, 224, (32, 64, 12), id="a large machine: the network has enough"),
    ],
)
def test_threads_are_as_many_as_what_they_do_can_employ(
    processors: int, batch_size: int, image_size: int, expected: tuple[int, int, int]
) -> None:
    found = threads(processors, batch_size, image_size)
    assert (found.transfers, found.decoding, found.learning) == expected
