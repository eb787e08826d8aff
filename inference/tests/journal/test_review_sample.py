"""Which answers are drawn for review: a fair share, the same whoever draws, and nothing else."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import pytest
from dandelion_inference.journal.answer_ids import AnswerIds, Keys
from dandelion_inference.journal.sample import DRIFT_SHARE, sampled, sampled_during_drift

DRAWS = 20_000


def answers() -> list[str]:
    return [f"answer-{number}" for number in range(DRAWS)]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_the_share_that_is_drawn_is_the_one_that_was_asked_for(share: float) -> None:
    drawn = sum(sampled(answer, 0, share) for answer in answers())
    assert abs(drawn - DRAWS * share) < 4 * sqrt(DRAWS * share * (1 - share))


@pytest.mark.parametrize(("share", "expected"), [(0, {False}), (1, {True})])
def test_none_and_all_are_shares_too(share: float, expected: set[bool]) -> None:
    assert {sampled(answer, index, share) for answer in answers() for index in (0, 1)} == expected


def test_the_images_of_one_answer_are_drawn_each_for_itself() -> None:
    both = sum(sampled(answer, 0, 0.5) and sampled(answer, 1, 0.5) for answer in answers())
    assert abs(both - DRAWS / 4) < 4 * sqrt(DRAWS * 3 / 16)


def test_a_larger_share_holds_all_of_a_smaller_one() -> None:
    small, large = ({a for a in answers() if sampled(a, 0, share)} for share in (0.1, 0.2))
    assert small < large


def test_whatever_model_answered_the_chance_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "AWS_SECRET_ACCESS_KEY").write_bytes(b"a secret")
    for version in ("1", "2"):
        ids = AnswerIds("default", "lawn", version, Keys(tmp_path))
        drawn = sum(sampled(ids.new([True]), 0, 0.5) for _ in range(2000))
        assert abs(drawn - 1000) < 6 * sqrt(500)


def test_a_tenth_of_what_is_answered_during_drift_is_drawn_whatever_the_random_share_drew() -> None:
    drawn = {answer for answer in answers() if sampled_during_drift(answer, 0)}
    expected = DRAWS * DRIFT_SHARE
    assert abs(len(drawn) - expected) < 4 * sqrt(expected * (1 - DRIFT_SHARE))
    both = sum(sampled(answer, 0, 0.5) for answer in drawn)
    assert abs(both - len(drawn) / 2) < 4 * sqrt(len(drawn) / 4)
