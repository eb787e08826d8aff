"""The queue as tasks of Label Studio with the model's answers as predictions, and what comes back.

Tasks, predictions and annotations are in the form that Label Studio documents: "Import
pre-annotated data" and "Label Studio JSON format of annotated tasks". In a file, images are named
by their address in S3, which Label Studio resolves once their bucket is connected to the project as
a source storage.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from pydantic import BaseModel, TypeAdapter, ValidationError

from dandelion_training.ports.storage import Location
from dandelion_training.review.annotations import REJECT, Annotation, Returned, UnreadableError
from dandelion_training.review.prediction_log import AnswerKey
from dandelion_training.review.queue import Item, Source

CONTROL, OBJECT = "label", "image"  # the names that the labeling configuration gives
MARK = "answer_id"  # in the data of a task of a review


def tasks(items: Iterable[Item], places: dict[str, Location]) -> str:
    """`places` says by image where it lies."""
    return json.dumps([task(item, str(places[item.image])) for item in items], ensure_ascii=False)


def choices(items: Iterable[Item]) -> list[str]:
    """What people choose among: the classes, and what rejects an image."""
    classes = dict.fromkeys(label for item in items for label in item.answer.scores)
    if REJECT in classes:
        raise UnreadableError(f"a class is called {REJECT}, which rejects an image: use CSV")
    return [*classes, REJECT]


def configuration(choices: Iterable[str]) -> str:
    """What the project's labeling interface has to be."""
    lines = [f"    <Choice value={quoteattr(choice)}/>" for choice in choices]
    return "\n".join(
        (
            "<View>",
            f'  <Image name="{OBJECT}" value="$image"/>',
            f'  <Choices name="{CONTROL}" toName="{OBJECT}" choice="single">',
            *lines,
            "  </Choices>",
            "</View>",
            "",
        )
    )


def task(item: Item, place: str) -> dict[str, Any]:
    """`place` is the address of the image."""
    answer = item.answer
    choice = {
        "from_name": CONTROL,
        "to_name": OBJECT,
        "type": "choices",
        "value": {"choices": [answer.label]},
    }
    return {
        "data": {
            "image": place,
            MARK: answer.id,
            "index": answer.index,
            "sha256": item.image,
            "source": item.source.value,
            "told": item.told,
        },
        "predictions": [
            {
                "model_version": answer.version,
                "score": answer.scores.get(answer.label, 0.0),
                "result": [choice],
            }
        ],
    }


class _Value(BaseModel):
    choices: list[str] = []


class _Result(BaseModel):
    from_name: str = ""
    type: str = ""
    value: _Value = _Value()


class _Annotated(BaseModel):
    result: list[_Result] = []
    was_cancelled: bool = False
    completed_by: Any = None
    updated_at: datetime | None = None


class _Data(BaseModel):
    answer_id: str
    index: int
    sha256: str
    source: Source


class _Task(BaseModel):
    id: int
    data: _Data
    annotations: list[_Annotated] = []


EXPORT = TypeAdapter(list[_Task])


def read(content: bytes) -> Returned:
    """What an export says, each annotation of each task; raises UnreadableError."""
    try:
        found = EXPORT.validate_json(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise UnreadableError(
            f"{place or 'the file'}: {problem['msg']}: export the project as JSON (not JSON-MIN or"
            " CSV), with tasks that `review export` wrote"
        ) from error
    return _returned(found)


def given_back(tasks: Iterable[Any], people: Mapping[int, str]) -> tuple[Returned, int]:
    """What tasks of the API say, and how many are no tasks of a review; `people` are e-mail
    addresses by number. Raises UnreadableError.
    """
    found = list(tasks)
    ours = [item for item in found if MARK in item.get("data", {})]
    try:
        read = EXPORT.validate_python(ours)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        number = ours[int(problem["loc"][0])].get("id")
        raise UnreadableError(
            f"task {number} is not as `review export` made it: {problem['msg']}"
        ) from error
    for one in (one for item in read for one in item.annotations):
        if isinstance(one.completed_by, int):
            one.completed_by = {"email": people.get(one.completed_by)}
    return _returned(read), len(found) - len(ours)


def _returned(found: Iterable[_Task]) -> Returned:
    annotations, undecided = [], 0
    for task in found:
        labels = [_annotation(task, one) for one in task.annotations if not one.was_cancelled]
        said = [label for label in labels if label is not None]
        undecided += not said
        annotations.extend(said)
    return Returned(tuple(annotations), undecided)


def _annotation(task: _Task, annotated: _Annotated) -> Annotation | None:
    chosen = [
        choice
        for result in annotated.result
        if result.type == "choices" and result.from_name == CONTROL
        for choice in result.value.choices
    ]
    if not chosen:
        return None
    if len(chosen) > 1:
        raise UnreadableError(f"task {task.id}: {', '.join(chosen)} are chosen: keep one of them")
    data = task.data
    return Annotation(
        where=f"task {task.id}",
        key=AnswerKey(data.answer_id, data.index),
        image=data.sha256,
        source=data.source,
        label=None if chosen[0] == REJECT else chosen[0],
        by=_person(annotated.completed_by),
        time=_time(annotated.updated_at),
    )


def _person(completed_by: Any) -> str:
    """Exports name a person by an object or by a number, which says nothing outside."""
    email = completed_by.get("email") if isinstance(completed_by, dict) else None
    return email if isinstance(email, str) else ""


def _time(moment: datetime | None) -> str:
    if moment is None:
        return ""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
