"""The first links: the id of an answer, its row in the prediction log, and the image that it was
given for.
"""

import hashlib
from collections.abc import Iterator

from dandelion_training.commands.trace.answer.log import IMAGES, Row, Rows, Search
from dandelion_training.commands.trace.links import Link, State, broken
from dandelion_training.commands.trace.question import Resource
from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.review.answer_id import AnswerId

SAME = 1e-9  # what is left between a probability and itself once both were written down


def id_link(answer: AnswerId, resource: Resource, key: bytes | None) -> Link:
    """Whether a pod of the resource gave the id; `key` is what its ids are signed with."""
    given = f", given {answer.time:%Y-%m-%dT%H:%M:%SZ}" if answer.time is not None else ""
    words = f"says version {answer.version}{given}"
    if key is None:
        return Link(
            "answer id",
            State.UNKNOWN,
            answer.text,
            f"{words}; its signature is not checked without the secret key of the log",
        )
    if answer.is_signed_with(key, resource.namespace, resource.name):
        return Link("answer id", State.OK, answer.text, f"{words}; signed by {resource.model}")
    return broken(
        "answer id",
        answer.text,
        f"a signature of {resource.model} with this key of the log",
        "another one",
        "It was changed, or the key of the log is not the one of then.",
    )


def damaged(search: Search) -> list[Link]:
    """The objects that may have held the answer."""
    return [_unreadable(rows) for rows in search.damaged]


def row_links(rows: Rows, answer: AnswerId, resource: Resource) -> Iterator[Link]:
    """The rows of the answer, each held against itself, the id and the resource."""
    if rows.fault:
        yield _unreadable(rows)
    for row in rows.rows:
        place = f"{rows.place}, index {row.index}"
        wrong = list(_contradictions(row, answer, resource))
        yield from (broken("row", place, expected, found) for expected, found in wrong)
        if not wrong and not rows.fault:
            by = f" to {row.caller}" if row.caller else ""
            uid = f", uid {row.uid}" if row.uid else ""
            words = f"{row.label} ({row.probability:.4f}) at {row.time}{by}{uid}"
            yield Link("row", State.OK, place, words)
    if len(rows.rows) < len(answer.images):
        words = (
            f"{len(rows.rows)} of the {len(answer.images)} images of the answer are in this object"
        )
        yield Link("row", State.TOLD, str(rows.place), words)


def image_links(
    store: ObjectStore, log: Location, rows: tuple[Row, ...], place: Location
) -> Iterator[Link]:
    """The uploads, where the log keeps them."""
    for row in rows:
        if row.image is None:
            words = f"index {row.index} came as a tensor, without a file"
            yield Link("image", State.UNKNOWN, str(place), words)
            continue
        image = log.child(f"{IMAGES}/{row.image}")
        content = store.read(image)
        if content is None:
            words = f"sha256:{row.image} was not kept (spec.serving.logging.images)"
            yield Link("image", State.UNKNOWN, str(image), words)
        elif (found := hashlib.sha256(content).hexdigest()) != row.image:
            yield broken("image", image, f"sha256:{row.image}", f"sha256:{found}")
        else:
            yield Link("image", State.OK, str(image), f"{len(content):,} bytes")


def _unreadable(rows: Rows) -> Link:
    return broken("row", rows.place, "gzipped JSON Lines of the log", rows.fault)


def _contradictions(row: Row, answer: AnswerId, resource: Resource) -> Iterator[tuple[str, str]]:
    """What is expected and what is found."""
    likeliest = max(row.scores, key=lambda label: row.scores[label])
    score = row.scores.get(row.label, 0.0)
    checks = (
        (f"{resource.namespace}/{resource.name}", f"{row.namespace}/{row.name}"),
        (f"version {answer.version}", f"version {row.version}"),
        (f"an index of {list(answer.images)[:20]}", row.index in answer.images or row.index),
        (
            f"label {likeliest}, which has the highest score",
            score >= row.scores[likeliest] or row.label,
        ),
        (f"probability {score}", abs(score - row.probability) <= SAME or row.probability),
    )
    for expected, found in checks:
        if found is not True and str(found) != expected:
            yield expected, str(found)
