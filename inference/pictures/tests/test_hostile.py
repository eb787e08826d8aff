"""Whatever the bytes are, there is a picture or an Unreadable with words; nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import bombs
import crafted
import hostile
import numpy as np
import pictures
import pytest
from dandelion_pictures import Kind, Limits, Preprocessing, Reader, Unreadable
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite
from measured import resident

SMALL = Preprocessing(36, 32, 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
# As much as a test can afford to decode by the thousand.
MAX_MEMORY = 5_000_000
READER = Reader(Limits(MAX_MEMORY, max_work=50_000_000))
# Libraries that the first of a kind loads, and what the allocator keeps.
SLACK = 16 * 1024 * 1024


def outcome(data: bytes) -> Kind | None:
    """What is wrong, or nothing where the file gives numbers; within the memory of the limits."""
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    try:
        return outcome_of_any(data)
    finally:
        assert resident("VmHWM") - before < MAX_MEMORY + 3 * len(data) + SLACK


def outcome_of_any(data: bytes) -> Kind | None:
    try:
        tensor = READER.tensor(data, SMALL)
    except Unreadable as error:
        refused = error
    else:
        assert tensor.shape == (1, 3, 32, 32)
        assert np.isfinite(tensor).all()
        return None
    assert refused.words.endswith((".", ")"))
    assert len(refused.words) < 500
    return refused.kind


@pytest.mark.parametrize(
    "piece",
    [hostile.damaged, hostile.lies, hostile.rubbish, hostile.polyglots, hostile.other_things],
)
def test_hostile_files_give_a_picture_or_words(
    piece: Callable[[], Iterator[tuple[str, bytes]]],
) -> None:
    kinds = {outcome(data) for _, data in piece()}
    assert len(kinds) > 1


def test_broken_exif_is_no_reason_to_refuse_a_picture() -> None:
    for name, data in hostile.rubbish():
        if "exif" in name:
            assert outcome(data) is None, name


def test_bombs_are_refused_by_their_header() -> None:
    for name, data in hostile.bombs():
        if name in HARMLESS:
            assert outcome(data) is None, name
        else:
            assert outcome(data) in (Kind.TOO_LARGE, Kind.UNSUPPORTED), name


HARMLESS = {
    "gif of many frames",
    "png with text that unpacks to 100 MB",
    "png with text in UTF-8 that does",
    "png with a profile that does",
    "png of many chunks",
    "small jpeg of many scans",
}

GOOD = hostile.every_good_file()
BEGINNINGS = {**GOOD, **dict(bombs.small())}


@pytest.mark.parametrize("name", GOOD)
def test_every_good_file_is_read(name: str) -> None:
    assert outcome(GOOD[name]) is None


@composite
def damaged(draw: DrawFn) -> bytes:
    """A good file with bytes changed, put in, taken out or cut off."""
    data = bytearray(BEGINNINGS[draw(st.sampled_from(sorted(BEGINNINGS)))])
    for _ in range(draw(st.integers(1, 6))):
        # Most of what means something stands at the beginning.
        reach = draw(st.sampled_from((24, 64, 256, 1024, len(data))))
        at = draw(st.integers(0, max(0, min(reach, len(data)) - 1)))
        kind = draw(st.sampled_from(("flip", "number", "insert", "remove", "cut", "repeat")))
        if kind == "flip" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "number":
            data[at : at + 4] = draw(st.sampled_from(NUMBERS))
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=20))
        elif kind == "remove":
            del data[at : at + draw(st.integers(1, 40))]
        elif kind == "cut":
            del data[at:]
        else:
            data[at:at] = data[at : at + draw(st.integers(1, 200))]
    return bytes(data)


NUMBERS = (
    *(value.to_bytes(4, "big") for value in (0, 1, 7, 255, 0xFFFF, 2**31, 2**32 - 1)),
    *(value.to_bytes(4, "little") for value in (1, 7, 255, 0xFFFF, 2**31)),
)


@settings(max_examples=1500, deadline=None)
@given(damaged())
def test_no_damage_does_more_than_refuse(data: bytes) -> None:
    outcome(data)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(BEGINNINGS)), st.data())
def test_no_cut_does_more_than_refuse(name: str, data: st.DataObject) -> None:
    outcome(BEGINNINGS[name][: data.draw(st.integers(0, len(BEGINNINGS[name])))])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(BEGINNINGS)), st.binary(max_size=400))
def test_no_noise_behind_a_good_beginning_does_more_than_refuse(name: str, noise: bytes) -> None:
    for kept in (4, 12, 40):
        outcome(BEGINNINGS[name][:kept] + noise)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(("JPEG", "PNG", "WEBP", "TIFF")))
def test_no_profile_and_no_exif_keep_a_picture_from_being_read(
    noise: bytes, file_format: str
) -> None:
    profile = b"\0\0\1\x2c" + bytes(8) + b"mntrRGB XYZ " + bytes(12) + b"acsp" + noise
    data = pictures.plain(file_format=file_format, icc_profile=profile)
    assert outcome(data) is None
    if file_format == "JPEG":
        assert outcome(crafted.with_segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + noise)) is None
