"""A row that serving writes is a row that training's command `trace` finds and understands."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dandelion_inference.answer.prediction import prediction
from dandelion_inference.journal.answer_ids import AnswerIds, Keys
from dandelion_inference.journal.rows import (
    Correlation,
    Origin,
    Predicted,
    Took,
    folder,
    image_name,
    predicted,
    rows_name,
)
from dandelion_inference.journal.writer import lines
from dandelion_inference.model.contract import Calibration
from dandelion_inference.model.network import Outputs
from dandelion_training.commands.trace.answer.log import Rows, Search, search
from dandelion_training.commands.trace.answer.rows import id_link, image_links, row_links
from dandelion_training.commands.trace.links import State
from dandelion_training.commands.trace.question import Resource
from dandelion_training.ports.storage import Fetched, Location, StoredObject
from dandelion_training.review.answer_id import PURPOSE, read_answer_id

ANSWERED = datetime(2026, 11, 26, 8, 59, 59, 999000, tzinfo=UTC).timestamp()
CONTRACT = "sha256:" + "c" * 64
ORIGIN = Origin("garden", "lawn", "7", CONTRACT, "lawn-inference-abc", uid="0f0c6a5e")
RESOURCE = Resource("garden", "lawn")
LOG = Location("predictions", "logs/garden/lawn")
CLASSES = ("daisy", "löwenzahn")
IMAGE = b"an upload"
SHA256 = "f0c03a45e9e2c65dc9e7e6e5ad4a1ffa73bfb7f1bc4e1a5b5b50c8c3b1a11111"


class Store:
    """What serving wrote, for training to read."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def list(self, prefix: Location, beginning: str = "") -> Iterator[StoredObject]:
        for key, content in self.objects.items():
            name = key.removeprefix(f"{prefix.key}/")
            if name != key and name.startswith(beginning):
                yield StoredObject(name, len(content), "")

    def read(self, location: Location) -> bytes | None:
        return self.objects.get(location.key)

    def fetch(self, location: Location, *, etag: str = "", version_id: str = "") -> Fetched:
        return Fetched(self.objects[location.key])

    def write(self, location: Location, content: bytes | Path, content_type: str) -> None:
        raise AssertionError("nothing is written")

    def delete(self, location: Location) -> None:
        raise AssertionError("nothing is deleted")


@pytest.fixture
def ids(tmp_path: Path) -> AnswerIds:
    (tmp_path / "AWS_SECRET_ACCESS_KEY").write_text("the log's own\n")
    keys = Keys(tmp_path)
    return AnswerIds("garden", "lawn", "7", keys, now=lambda: ANSWERED)


def row(answer: str, index: int, image: str | None = None) -> Predicted:
    """Given a moment after its id: in the next hour."""
    calibration = Calibration.model_validate({"temperature": 1, "unknownThreshold": None})
    return predicted(
        time=ANSWERED + 0.01,
        answer=answer,
        index=index,
        prediction=prediction(CLASSES, Outputs([0.25, 2.5], None), calibration),
        precision="int8",
        classes=CLASSES,
        image=image,
        seconds=0.01,
        took=Took(0.001, 0.002, 0.003),
        correlation=Correlation("r-1", None, "system:serviceaccount:garden:camera", 200),
    )


def searched(store: Store, *rows: Predicted) -> Search:
    """The log, written by serving and searched by training."""
    place = folder(rows[0]), int(ANSWERED * 1000) + 30_000, 1
    key = rows_name("logs", ORIGIN, *place)
    store.objects[key] = lines(rows, ORIGIN)
    answer = read_answer_id(rows[-1].answer)
    return search(store, LOG, answer, timedelta(days=7), datetime(2026, 11, 27, tzinfo=UTC))


def test_an_answer_is_found_and_agrees_with_its_id(ids: AnswerIds) -> None:
    other, answer = ids.new([True]), ids.new([True, False, True])
    found = searched(Store(), row(other, 0), row(answer, 0), row(answer, 2)).found
    assert isinstance(found, Rows)
    told = list(row_links(found, read_answer_id(answer), RESOURCE))
    assert [link.state for link in told] == [State.OK, State.OK]
    first, _ = found.rows
    assert (first.contract, first.version, first.uid) == (CONTRACT, "7", "0f0c6a5e")
    assert "löwenzahn" in told[0].words
    assert "camera" in told[0].words


@pytest.mark.parametrize(
    ("secret", "state"), [(b"the log's own", State.OK), (b"another", State.BROKEN)]
)
def test_the_signature_is_the_one_that_serving_makes(
    ids: AnswerIds, secret: bytes, state: State
) -> None:
    answer = read_answer_id(ids.new([True]))
    assert answer.time == datetime.fromtimestamp(ANSWERED, UTC)
    assert (answer.version, answer.images) == ("7", (0,))
    assert id_link(answer, RESOURCE, hmac.digest(secret, PURPOSE, "sha256")).state is state


def test_the_image_is_looked_for_where_serving_keeps_it(ids: AnswerIds) -> None:
    store, answer = Store(), ids.new([True])
    found = searched(store, row(answer, 0, image=SHA256)).found
    assert found is not None
    store.objects[image_name("logs", ORIGIN, SHA256)] = IMAGE
    (link,) = image_links(store, LOG, found.rows, found.place)
    assert link.state is State.BROKEN
    assert link.expected == f"sha256:{SHA256}"
