"""When callers agree on a correction, and when one of them alone could teach the model."""

from collections.abc import Sequence

import pytest
from dandelion_training.review.agreement.rule import Agreement, Voice, agreements
from dandelion_training.review.prediction_log import AnswerKey

Said = tuple[str, str] | tuple[str, str, str]


def heard(said: Sequence[Said], image: str = "image") -> list[Voice]:
    """In the order of time: caller, label, and what the model had answered to it (dandelion)."""
    return [
        Voice(
            key=AnswerKey(f"answer-{number}", 0),
            image=image,
            answered=answered[0] if answered else "dandelion",
            label=label,
            caller=caller,
            time=f"2026-03-10T10:00:{number:02}.000Z",
        )
        for number, (caller, label, *answered) in enumerate(said)
    ]


@pytest.mark.parametrize(
    ("said", "callers"),
    [
        pytest.param([("ada", "grass"), ("eve", "grass"), ("max", "grass")], 3, id="all three"),
        pytest.param(
            [("ada", "grass"), ("eve", "grass"), ("max", "grass"), ("kim", "grass")],
            4,
            id="more than are needed",
        ),
        pytest.param(
            [("ada", "moss"), ("eve", "grass"), ("max", "grass"), ("ada", "grass")],
            3,
            id="somebody thought better of it",
        ),
        pytest.param(
            [("", "moss"), ("ada", "grass"), ("eve", "grass"), ("max", "grass"), ("", "grass")],
            3,
            id="somebody unknown thought better of it",
        ),
        pytest.param(
            [
                *(("ada", "grass"), ("eve", "grass"), ("max", "grass")),
                *((caller, "grass", "grass") for caller in ("ada", "eve", "max")),
            ],
            3,
            id="a model that has learnt it is confirmed since",
        ),
        pytest.param(
            [("ada", "grass"), ("eve", "grass", "grass"), ("max", "grass", "grass")],
            3,
            id="one corrected what others were answered rightly",
        ),
    ],
)
def test_callers_agree(said: Sequence[Said], callers: int) -> None:
    (found,) = agreements(heard(said), 3)
    assert (found.label, found.callers, found.image) == ("grass", callers, "image")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param([], id="nobody said anything"),
        pytest.param([("ada", "grass"), ("eve", "grass")], id="too few"),
        pytest.param([("ada", "grass")] * 30, id="one caller, however often"),
        pytest.param([("", "grass")] * 30, id="without tokens nobody can be told from another"),
        pytest.param(
            [("ada", "grass"), ("eve", "grass"), ("", "grass")], id="who is unknown adds no voice"
        ),
        pytest.param(
            [("ada", "grass"), ("eve", "grass"), ("max", "grass"), ("kim", "moss")],
            id="one says otherwise",
        ),
        pytest.param(
            [("ada", "grass"), ("eve", "grass"), ("max", "grass"), ("kim", "dandelion")],
            id="one says that the answer was right",
        ),
        pytest.param(
            [("ada", "grass"), ("eve", "grass"), ("max", "grass"), ("", "moss")],
            id="somebody unknown says otherwise",
        ),
        pytest.param(
            [("ada", "grass"), ("eve", "grass"), ("max", "grass"), ("ada", "moss")],
            id="one of them thought better of it",
        ),
        pytest.param(
            [("ada", "dandelion"), ("eve", "dandelion"), ("max", "dandelion")],
            id="all say that the answer was right",
        ),
        pytest.param(
            [("", "grass"), *((caller, "grass", "grass") for caller in ("ada", "eve", "max"))],
            id="only somebody unknown corrected it",
        ),
    ],
)
def test_callers_do_not_agree(said: Sequence[Said]) -> None:
    assert agreements(heard(said), 3) == []


def test_each_image_is_asked_about_for_itself() -> None:
    both = [*heard([("ada", "grass"), ("eve", "grass")], "one"), *heard([("max", "grass")], "two")]
    assert [found.image for found in agreements(both, 2)] == ["one"]
    assert agreements(both, 3) == []


def test_the_answer_that_was_corrected_first_names_the_image_whoever_agrees_later() -> None:
    said: list[Said] = [("eve", "moss"), ("ada", "grass"), ("eve", "grass")]
    expected = Agreement(AnswerKey("answer-1", 0), "image", "grass", 2)
    assert agreements(heard(said), 2) == [expected]
    (later,) = agreements(heard([*said, ("max", "grass"), ("ada", "grass")]), 2)
    assert later.key == expected.key


def test_the_order_in_which_the_log_is_read_does_not_matter() -> None:
    voices = heard([("ada", "moss"), ("eve", "grass"), ("ada", "grass")])
    assert agreements(voices, 2) == agreements(voices[::-1], 2) != []
