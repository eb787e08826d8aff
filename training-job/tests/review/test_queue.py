"""Which images people are asked about, and in which order."""

from typing import Any

import pytest
from dandelion_training.review.prediction_log import AnswerKey, Told
from dandelion_training.review.queue import Item, Source, queue, selected
from given.reviews import answer, digest, told


def corrected(*rows: dict[str, Any]) -> dict[AnswerKey, Told]:
    parsed = [Told.model_validate(row) for row in rows]
    return {found.key: found for found in parsed}


def seen(items: list[Item]) -> list[tuple[str, Source, str]]:
    return [(item.answer.id, item.source, item.told) for item in items]


def test_the_sample_and_corrections_are_queued_and_nothing_else() -> None:
    answers = [
        answer(1),
        answer(2, reviewSample=False),
        answer(3, reviewSample=False),
        answer(4, reviewSample=False),
    ]
    feedback = corrected(told(2, "grass"), told(3, "dandelion"))
    assert seen(queue(answers, feedback, ())) == [
        ("answer-2", Source.CORRECTION, "grass"),
        ("answer-1", Source.SAMPLE, ""),
    ]


def test_a_corrected_answer_of_the_sample_stays_one_of_the_sample() -> None:
    assert seen(queue([answer(1)], corrected(told(1, "grass")), ())) == [
        ("answer-1", Source.SAMPLE, "grass")
    ]


def test_what_is_decided_waits_no_more() -> None:
    assert queue([answer(1)], {}, {digest(1)}) == []


def test_what_came_as_numbers_can_be_shown_to_nobody() -> None:
    assert queue([answer(1, imageSha256=None)], {}, ()) == []


@pytest.mark.parametrize(
    ("sampled", "expected"),
    [
        pytest.param(
            (True, True), ("answer-2", Source.SAMPLE, "grass"), id="the newest of the sample"
        ),
        pytest.param(
            (True, False), ("answer-1", Source.SAMPLE, "grass"), id="the one of the sample"
        ),
        pytest.param(
            (False, False), ("answer-1", Source.CORRECTION, "grass"), id="the corrected one"
        ),
    ],
)
def test_an_image_that_was_sent_twice_is_asked_about_once(
    sampled: tuple[bool, bool], expected: tuple[str, Source, str]
) -> None:
    answers = [
        answer(number, imageSha256=digest(0), reviewSample=drawn)
        for number, drawn in enumerate(sampled, 1)
    ]
    assert seen(queue(answers, corrected(told(1, "grass")), ())) == [expected]


def test_of_corrections_the_most_uncertain_come_first_and_before_them_what_may_be_no_class() -> (
    None
):
    drawn: dict[str, Any] = {"reviewSample": False}
    answers = [
        answer(1, 0.7, **drawn),
        answer(2, 0.51, **drawn),
        answer(3, 0.9, unknown=True, **drawn),
        answer(4, 0.6, **drawn),
    ]
    feedback = corrected(*(told(number, "grass") for number in range(1, 5)))
    found = selected(queue(answers, feedback, ()), 10, lambda _: True)
    assert [item.answer.id for item in found] == ["answer-3", "answer-2", "answer-4", "answer-1"]


def test_of_the_sample_the_newest_come_first_whatever_was_answered() -> None:
    """So that whoever stops amid it has not seen the hard ones alone."""
    answers = [answer(1, 0.51), answer(2, 0.99, unknown=True), answer(3, 0.98)]
    found = selected(queue(answers, {}, ()), 10, lambda _: True)
    assert [item.answer.id for item in found] == ["answer-3", "answer-2", "answer-1"]


def test_a_part_of_the_sample_is_the_newest_and_not_the_most_uncertain() -> None:
    """Or the accuracy of what was reviewed would be that of the hard ones."""
    answers = [answer(1, 0.51), answer(2, 0.99), answer(3, 0.98)]
    found = selected(queue(answers, {}, ()), 2, lambda _: True)
    assert [item.answer.id for item in found] == ["answer-3", "answer-2"]


def test_complaints_do_not_keep_the_sample_out_nor_the_sample_complaints() -> None:
    answers = [answer(number, reviewSample=number > 6) for number in range(1, 13)]
    feedback = corrected(*(told(number, "grass") for number in range(1, 7)))
    found = selected(queue(answers, feedback, ()), 4, lambda _: True)
    assert [item.source for item in found].count(Source.SAMPLE) == 2
    alone = selected(queue(answers[6:], {}, ()), 4, lambda _: True)
    assert len(alone) == 4


def test_images_that_were_not_kept_make_room_for_others() -> None:
    answers = [answer(number) for number in (1, 2, 3)]
    found = selected(queue(answers, {}, ()), 2, lambda image: image != digest(3))
    assert {item.answer.id for item in found} == {"answer-1", "answer-2"}


def test_one_class_alone_is_no_reason_to_doubt() -> None:
    assert answer(1, scores={"dandelion": 1.0}).margin == 1.0


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        pytest.param({}, ("answer-1", Source.DRIFT, ""), id="drawn while images had drifted"),
        pytest.param({"driftSample": False}, None, id="not drawn"),
        pytest.param(
            {"reviewSample": True}, ("answer-1", Source.SAMPLE, ""), id="drawn by lot as well"
        ),
    ],
)
def test_answers_that_were_given_during_drift_are_queued_and_never_counted_as_the_sample(
    about: dict[str, Any], expected: tuple[str, Source, str] | None
) -> None:
    drawn = answer(1, **({"reviewSample": False, "driftSample": True} | about))
    assert seen(queue([drawn], {}, ())) == ([expected] if expected else [])


def test_a_corrected_answer_of_the_drift_is_a_correction() -> None:
    drawn = answer(1, reviewSample=False, driftSample=True)
    assert seen(queue([drawn], corrected(told(1, "grass")), ())) == [
        ("answer-1", Source.CORRECTION, "grass")
    ]


def test_drift_keeps_neither_the_sample_nor_corrections_out() -> None:
    answers = [
        answer(number, reviewSample=number < 4, driftSample=number > 6) for number in range(1, 13)
    ]
    feedback = corrected(*(told(number, "grass") for number in (4, 5, 6)))
    found = selected(queue(answers, feedback, ()), 6, lambda _: True)
    assert {source: [item.source for item in found].count(source) for source in Source} == {
        Source.SAMPLE: 2,
        Source.CORRECTION: 2,
        Source.DRIFT: 2,
    }
