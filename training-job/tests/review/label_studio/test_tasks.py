"""Label Studio's export of the tasks that were written, in the form that it documents."""

import json
from typing import Any

import pytest
from dandelion_training.ports.storage import Location
from dandelion_training.review.annotations import UnreadableError, decide
from dandelion_training.review.label_studio import tasks as label_studio
from given.reviews import answer, digest, item

NOW = "2026-03-10T12:00:00.000Z"


def exported(number: int, *annotations: dict[str, Any], **data: Any) -> dict[str, Any]:
    """A task as Label Studio gives it back."""
    place = Location("predictions", f"default/lawn/images/{digest(number)}")
    (task,) = json.loads(label_studio.tasks([item(number)], {digest(number): place}))
    return {
        "id": 100 + number,
        "data": task["data"] | data,
        "annotations": list(annotations),
        "drafts": [],
        "predictions": [],
        "project": 7,
    }


def annotated(
    *choices: str, at: str = "2026-03-09T22:16:08.728353Z", **about: Any
) -> dict[str, Any]:
    choice = {
        "id": "Dx_aB91ISN",
        "type": "choices",
        "from_name": "label",
        "to_name": "image",
        "origin": "manual",
        "value": {"choices": list(choices)},
    }
    return {
        "id": 12,
        "completed_by": {"id": 1, "email": "eve@example.com"},
        "result": [choice] if choices else [],
        "was_cancelled": False,
        "updated_at": at,
        **about,
    }


def read(*tasks: dict[str, Any]) -> list[tuple[str | None, str, str]]:
    found = label_studio.read(json.dumps(tasks).encode())
    return [(one.label, one.by, one.time) for one in found.annotations]


def test_a_choice_is_a_label_by_whom_it_was_made_and_when() -> None:
    assert read(exported(1, annotated("grass"))) == [
        ("grass", "eve@example.com", "2026-03-09T22:16:08.728Z")
    ]
    assert read(exported(1, annotated("_reject", completed_by=1))) == [
        (None, "", "2026-03-09T22:16:08.728Z")
    ]


def test_what_was_skipped_or_left_empty_is_undecided() -> None:
    tasks = [exported(1, annotated("grass", was_cancelled=True)), exported(2), exported(3)]
    tasks[2]["annotations"] = [annotated()]
    found = label_studio.read(json.dumps(tasks).encode())
    assert (found.annotations, found.undecided) == ((), 3)


def test_of_two_people_the_later_counts() -> None:
    task = exported(
        1, annotated("dandelion", at="2026-03-09T12:00:00+02:00"), annotated("grass", at=NOW)
    )
    found = label_studio.read(json.dumps([task]).encode())
    known = answer(1)
    for order in (found.annotations, found.annotations[::-1]):
        outcome = decide(order, {known.key: known}, (), {}, "ada", NOW)
        assert [decision.label for decision in outcome.decisions] == ["grass"]
        assert outcome.problems == ()


def test_a_clock_that_is_ahead_decides_nothing_for_the_future() -> None:
    found = label_studio.read(
        json.dumps([exported(1, annotated("grass", at="2031-01-01T00:00:00Z"))]).encode()
    )
    known = answer(1)
    (decision,) = decide(found.annotations, {known.key: known}, (), {}, "ada", NOW).decisions
    assert decision.time == NOW


def test_what_is_older_than_what_was_decided_since_changes_nothing() -> None:
    known = answer(1)
    (since,) = decide(
        label_studio.read(
            json.dumps([exported(1, annotated("_reject", at=NOW))]).encode()
        ).annotations,
        *({known.key: known}, (), {}, "ada", NOW),
    ).decisions
    older = label_studio.read(json.dumps([exported(1, annotated("grass"))]).encode())
    outcome = decide(older.annotations, {known.key: known}, (), {since.image: since}, "ada", NOW)
    assert (outcome.decisions, outcome.outdated) == ((), 1)


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        pytest.param(
            [{"id": 1, "image": "s3://a-b/c", "label": "grass"}],
            "export the project as JSON",
            id="JSON-MIN",
        ),
        pytest.param(
            [exported(1, annotated("grass", "dandelion"))],
            "task 101: grass, dandelion are chosen: keep one of them",
            id="two choices",
        ),
        pytest.param(
            [{"id": 1, "data": {"image": "s3://a-b/c"}, "annotations": []}],
            "0.data.answer_id: Field required",
            id="somebody else's task",
        ),
        pytest.param({"id": 1}, "export the project as JSON", id="no list"),
    ],
)
def test_what_is_no_export_of_these_tasks_is_told(tasks: Any, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        label_studio.read(json.dumps(tasks).encode())


def test_a_class_that_is_called_as_a_rejection_is_refused() -> None:
    odd = item(1)
    scores = {"_reject": 0.9, "grass": 0.1}
    renamed = odd.__class__(odd.answer.model_copy(update={"scores": scores}), odd.image, odd.source)
    with pytest.raises(UnreadableError, match="use CSV"):
        label_studio.configuration(label_studio.choices([renamed]))


def test_names_of_classes_are_text_in_the_interface() -> None:
    odd = item(1)
    scores = {'<b>"a" & b</b>': 1.0}
    renamed = odd.__class__(odd.answer.model_copy(update={"scores": scores}), odd.image, odd.source)
    assert "<b>" not in label_studio.configuration(label_studio.choices([renamed]))
