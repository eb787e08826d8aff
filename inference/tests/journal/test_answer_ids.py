"""Ids of answers: who can tell them, and who can make them."""

from __future__ import annotations

from pathlib import Path
from uuid import RFC_4122, UUID

import pytest
from dandelion_inference.journal.answer_ids import REREAD_SECONDS, AnswerId, AnswerIds, Keys


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "AWS_SECRET_ACCESS_KEY"
    path.write_text("first\n")
    return path


def pod(key: Path, clock: Clock | None = None, **changes: str) -> AnswerIds:
    told = {"namespace": "garden", "name": "lawn", "version": "7"} | changes
    return AnswerIds(**told, keys=Keys(key.parent, clock or Clock()))


@pytest.mark.parametrize(
    ("predicted", "images"),
    [
        ([True], (0,)),
        ([True, True, True], (0, 1, 2)),
        ([False, True, False], (1,)),
        ([True] * 1000, tuple(range(1000))),
    ],
)
def test_another_pod_reads_which_images_were_answered(
    key: Path, predicted: list[bool], images: tuple[int, ...]
) -> None:
    text = pod(key).new(predicted)
    assert pod(key).read(text) == AnswerId("7", images)


@pytest.mark.parametrize("version", ["8", "1.0", "a.b-c_d~", "übung 1", "a\nb"])
def test_another_version_reads_which_one_answered(key: Path, version: str) -> None:
    text = pod(key, version=version).new([True])
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text
    assert pod(key).read(text) == AnswerId(version, (0,))


def test_two_answers_never_have_the_same_id(key: Path) -> None:
    ids = pod(key)
    assert len({ids.new([True]) for _ in range(100)}) == 100


@pytest.mark.parametrize("changes", [{"namespace": "yard"}, {"name": "meadow"}])
def test_another_resource_with_the_same_key_knows_nothing_of_it(
    key: Path, changes: dict[str, str]
) -> None:
    assert pod(key).read(pod(key, **changes).new([True])) is None


def test_no_character_can_be_changed(key: Path) -> None:
    ids = pod(key)
    text = ids.new([True])
    for at, letter in enumerate(text):
        assert ids.read(text[:at] + ("0" if letter != "0" else "1") + text[at + 1 :]) is None
        assert ids.read(text[:at]) is None


def test_the_key_itself_is_not_what_signs(key: Path) -> None:
    """An id tells nothing that helps to guess what else the key is for."""
    assert Keys(key.parent).current() != b"first"


def test_after_a_rotation_older_ids_count_where_the_key_was_known(key: Path) -> None:
    clock = Clock()
    running = pod(key, clock)
    old = running.new([True])
    key.write_text("second")
    assert running.read(pod(key).new([True])) is None
    clock.time = REREAD_SECONDS
    assert running.read(pod(key).new([True])) is not None
    assert running.read(old) is not None
    assert pod(key).read(running.new([True])) is not None
    assert pod(key).read(old) is None


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_without_the_key_ids_hold_for_the_pod_alone(key: Path, content: str | None) -> None:
    if content is None:
        key.unlink()
    else:
        key.write_text(content)
    clock = Clock()
    ids = pod(key, clock)
    text = ids.new([True])
    assert ids.read(text) is not None
    assert pod(key).read(text) is None
    key.write_text("first")
    clock.time = REREAD_SECONDS
    assert ids.read(text) is not None
    assert pod(key).read(ids.new([True])) is not None


def test_a_key_that_goes_away_is_kept(key: Path) -> None:
    clock = Clock()
    ids = pod(key, clock)
    text = ids.new([True])
    key.unlink()
    clock.time = REREAD_SECONDS
    assert ids.read(text) is not None
    assert ids.new([True]).count(".") == text.count(".")


def test_an_id_begins_with_the_time_of_its_answer(key: Path) -> None:
    ids = AnswerIds("garden", "lawn", "7", Keys(key.parent), now=lambda: 1_700_000_000.1234)
    uuid = UUID(ids.new([True]).partition(".")[0])
    assert (uuid.version, uuid.variant) == (7, RFC_4122)
    assert uuid.int >> 80 == 1_700_000_000_123
