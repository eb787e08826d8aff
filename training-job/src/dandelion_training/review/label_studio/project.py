"""A project of Label Studio that holds the queue: sent to it once, and read back.

A task is known by the image in its data, and a file by its name, which is the image's SHA-256. So
whatever was sent before, or by an export that was cut off, is not sent again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, TypeVar

from dandelion_pictures.signatures import claimed_format

from dandelion_training.ports.label_studio.api import LabelStudio, Project
from dandelion_training.ports.label_studio.connection import LabelStudioError
from dandelion_training.review.annotations import REJECT, Returned
from dandelion_training.review.label_studio import tasks
from dandelion_training.review.queue import Item

# What it takes as a file and browsers show.
ENDINGS = {
    "a JPEG image": ".jpg",
    "a PNG image": ".png",
    "a GIF image": ".gif",
    "a BMP image": ".bmp",
    "a WebP image": ".webp",
}
BATCH = 25  # tasks that are made at a time
LONGEST_TITLE = 50  # characters

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Sent:
    """`place` is the project's address. Images in numbers: new ones, those that are tasks already,
    and those of a form that it cannot show.
    """

    place: str
    new: int
    known: int
    not_shown: int


def title_of(model: str) -> str:
    """What a project is called; `model` is NAMESPACE/NAME. Namespaces may be long."""
    return model if len(model) <= LONGEST_TITLE else model.rpartition("/")[2]


def send(
    studio: LabelStudio,
    number: int | None,
    title: str,
    items: Sequence[Item],
    content: Callable[[str], bytes],
) -> Sent:
    """Into project `number`, or else the one of that title, which is made where there is none.

    `content` gives an image's bytes. Raises LabelStudioError, and UnreadableError where a class has
    the name of a rejection.
    """
    choices = tasks.choices(items)
    project = _found(studio, number, title)
    if project is None:
        project = studio.create(title, tasks.configuration(choices))
    else:
        _offer(studio, project, choices)
    there = {task.get("data", {}).get("sha256") for task in studio.tasks(project, annotated=False)}
    files = {_image(place): place for place in studio.files(project)}
    new = [item for item in items if item.image not in there]
    sent = 0
    for batch in _batches(new, BATCH):
        rows = []
        for item in batch:
            data = content(item.image)
            ending = ENDINGS.get(claimed_format(data) or "")
            if ending is None:
                continue
            name = f"{item.image}{ending}"
            place = files.get(item.image) or studio.upload(project, name, data)
            rows.append(tasks.task(item, place))
        if rows:
            studio.add(project, rows)
        sent += len(rows)
    return Sent(studio.address(project), sent, len(items) - len(new), len(new) - sent)


def given_back(studio: LabelStudio, number: int | None, title: str) -> tuple[Returned, int]:
    """What the project says, and how many of its tasks are no tasks of a review. Of several people
    about one image the last word counts.
    """
    project = _found(studio, number, title)
    if project is None:
        raise LabelStudioError(
            f"There is no project called {title!r}: export to it first, or name another by its"
            " address, https://HOST/projects/NUMBER."
        )
    return tasks.given_back(studio.tasks(project, annotated=True), studio.people())


def _found(studio: LabelStudio, number: int | None, title: str) -> Project | None:
    if number is not None:
        return studio.project(number)
    same = [project for project in studio.projects(title) if project.title == title]
    if len(same) > 1:
        raise LabelStudioError(
            f"{len(same)} projects are called {title!r}: name one by its address, for example"
            f" {studio.address(same[0])}."
        )
    return same[0] if same else None


def _offer(studio: LabelStudio, project: Project, choices: Sequence[str]) -> None:
    """Have people choose among these too. An interface that somebody wrote is left alone."""
    offered = _offered(project.controls)
    missing = [choice for choice in choices if choice not in (offered or ())]
    if not missing:
        return
    is_ours = offered is not None and _is_same(project.interface, tasks.configuration(offered))
    if not project.controls or is_ours:
        every = dict.fromkeys([*(offered or ()), *choices])
        wanted = [*(choice for choice in every if choice != REJECT), REJECT]
        studio.set_interface(project, tasks.configuration(wanted))
        return
    raise LabelStudioError(
        f"The labeling interface of {studio.address(project)} does not offer"
        f' {", ".join(map(repr, missing))}: it needs <Choices name="{tasks.CONTROL}"'
        f' toName="{tasks.OBJECT}"> with a Choice of each.'
    )


def _offered(controls: Mapping[str, Any]) -> list[str] | None:
    """What can be chosen; None where nothing is chosen in the way that is read back."""
    control = controls.get(tasks.CONTROL)
    if not isinstance(control, dict) or control.get("type") != "Choices":
        return None
    labels = control.get("labels")
    return [str(label) for label in labels] if isinstance(labels, list) else None


def _is_same(one: str, other: str) -> bool:
    return one.split() == other.split()


def _image(place: str) -> str:
    """The image that a file of ours is of: it is called `0123abcd-SHA256.png` there."""
    return PurePosixPath(place).stem.rpartition("-")[2]


def _batches(items: Sequence[Thing], size: int) -> Iterator[list[Thing]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
