"""The journal's decisions: what a row looks like, where it goes, what fits and when it is due."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import containers
import pictures
import pytest
from dandelion_inference.answer.prediction import prediction
from dandelion_inference.journal.buffer import Bounds, Buffer, Held
from dandelion_inference.journal.recent import Recent
from dandelion_inference.journal.rows import (
    Correlation,
    Labelled,
    LoggedImage,
    Origin,
    Predicted,
    Row,
    Took,
    folder,
    image_name,
    media_type,
    predicted,
    rows_name,
    timestamp,
)
from dandelion_inference.journal.writer import lines, objects, pause
from dandelion_inference.model.contract import Calibration
from dandelion_inference.model.network import Outputs
from dandelion_inference.ports.settings import Settings, complaint
from pydantic import ValidationError

CONTRACT = "sha256:" + "c" * 64
ORIGIN = Origin("garden", "lawn", version="7", contract=CONTRACT, pod="lawn-inference-abc")
CLASSES = ("daisy", "löwenzahn")
UNKNOWN_CALLER = Correlation(request_id="r-1", trace_id=None, caller=None, code=200)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def row(
    time: str = "2024-02-29T23:59:59.9996+00:00",
    image: str | None = "ab" * 32,
    threshold: float | None = None,
    correlation: Correlation = UNKNOWN_CALLER,
) -> Predicted:
    return predicted(
        time=at(time),
        answer="id-1",
        index=2,
        prediction=prediction(
            CLASSES,
            Outputs([0.25, 0.75], None),
            Calibration.model_validate({"temperature": 1, "unknownThreshold": threshold}),
        ),
        precision="int8",
        classes=CLASSES,
        image=image,
        seconds=0.0123456789,
        took=Took(queue=0.001, decode=0.0020000001, compute=0.009),
        correlation=correlation,
    )


def test_a_prediction_becomes_one_row() -> None:
    assert row().document(ORIGIN) == {
        "time": "2024-02-29T23:59:59.999Z",
        "id": "id-1",
        "index": 2,
        "namespace": "garden",
        "name": "lawn",
        "version": "7",
        "contract": CONTRACT,
        "precision": "int8",
        "imageSha256": "ab" * 32,
        "label": "löwenzahn",
        "probability": 0.75,
        "scores": {"daisy": 0.25, "löwenzahn": 0.75},
        "requestId": "r-1",
        "code": 200,
        "latencySeconds": 0.012346,
        "queueSeconds": 0.001,
        "decodeSeconds": 0.002,
        "computeSeconds": 0.009,
    }


def test_a_row_leads_to_its_caller_and_its_trace() -> None:
    known = Correlation(request_id="r-1", trace_id="4bf9", caller="camera", code=200)
    document = row(correlation=known).document(ORIGIN)
    assert (document["traceId"], document["caller"]) == ("4bf9", "camera")


@pytest.mark.parametrize(("threshold", "unknown"), [(0.8, True), (0.75, False)])
def test_what_may_be_none_of_the_classes_is_noted(threshold: float, unknown: bool) -> None:
    written = row(threshold=threshold).document(ORIGIN)
    assert (written["unknown"], written["unknownScore"]) == (unknown, 0.75)


@pytest.mark.parametrize("drawn", [True, False])
def test_a_row_says_whether_it_is_of_the_sample_that_people_review(drawn: bool) -> None:
    assert replace(row(), review_sample=drawn).document(ORIGIN)["reviewSample"] is drawn


@pytest.mark.parametrize(
    ("drawn", "asks"),
    [
        ({}, None),
        ({"review_sample": False, "drift_sample": False}, None),
        ({"review_sample": True}, "sample"),
        ({"review_sample": False, "drift_sample": True}, "drift"),
        ({"review_sample": True, "drift_sample": True}, "sample"),
        ({"review_sample": True, "image": None}, None),
    ],
)
def test_people_are_asked_about_what_was_drawn_of_an_image(
    drawn: dict[str, Any], asks: str | None
) -> None:
    assert replace(row(), **drawn).asks == asks


def test_what_came_as_numbers_has_no_digest() -> None:
    assert row(image=None).document(ORIGIN)["imageSha256"] is None


@pytest.mark.parametrize(
    ("known", "more"),
    [
        ({}, {}),
        ({"image": "ab", "predicted": "daisy"}, {"imageSha256": "ab", "predicted": "daisy"}),
        ({"predicted": "daisy"}, {"predicted": "daisy"}),
        ({"caller": "alice"}, {"caller": "alice"}),
    ],
)
def test_feedback_holds_what_is_known(known: dict[str, str], more: dict[str, str]) -> None:
    labelled = Labelled(at("2024-01-01T00:00:00Z"), "id-1", "6", 0, "daisy", **known)
    assert labelled.document(ORIGIN) == {
        "time": "2024-01-01T00:00:00.000Z",
        "id": "id-1",
        "index": 0,
        "namespace": "garden",
        "name": "lawn",
        "version": "6",
        "label": "daisy",
        **more,
    }


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row(), id="a prediction"),
        pytest.param(Labelled(0, "id-1", "6", 0, "daisy"), id="feedback"),
    ],
)
@pytest.mark.parametrize(
    ("uid", "told"),
    [
        pytest.param("", {}, id="uid unknown"),
        pytest.param("0f0c6a5e", {"uid": "0f0c6a5e"}, id="uid known"),
    ],
)
def test_every_row_names_its_resource(row: Row, uid: str, told: dict[str, str]) -> None:
    document = row.document(replace(ORIGIN, uid=uid))
    names = {name: document[name] for name in ("namespace", "name", "uid") if name in document}
    assert names == {"namespace": "garden", "name": "lawn", **told}
    assert document["version"]


def test_the_lines_are_gzipped_json_in_order() -> None:
    text = gzip.decompress(lines([row(), row(image=None)], ORIGIN)).decode()
    assert text.endswith("\n")
    documents: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert [document["imageSha256"] for document in documents] == ["ab" * 32, None]
    assert "löwenzahn" in text


@pytest.mark.parametrize(
    ("time", "where"),
    [
        ("2024-02-29T23:59:59.999+00:00", "predictions/date=2024-02-29/hour=23"),
        ("2024-03-01T00:00:00+00:00", "predictions/date=2024-03-01/hour=00"),
        ("2024-03-01T01:30:00+02:00", "predictions/date=2024-02-29/hour=23"),
    ],
)
def test_rows_lie_by_day_and_hour_of_utc(time: str, where: str) -> None:
    assert folder(row(time)) == where


def test_an_object_holds_rows_of_one_kind_and_hour() -> None:
    early, late = row("2024-03-01T01:59:59+00:00"), row("2024-03-01T02:00:00+00:00")
    label = Labelled(late.time, "id-1", "7", 0, "daisy")
    assert objects([early, late, label, early]) == [[early, early], [late], [label]]


@pytest.mark.parametrize(
    ("prefix", "begins"), [("", "garden/lawn/"), ("logs/all", "logs/all/garden/lawn/")]
)
def test_objects_are_named_by_resource_pod_time_and_number(prefix: str, begins: str) -> None:
    where = "feedback/date=2024-03-01/hour=00"
    assert rows_name(prefix, ORIGIN, where, 1709251200123, 4) == (
        f"{begins}{where}/lawn-inference-abc-1709251200123-4.jsonl.gz"
    )
    assert image_name(prefix, ORIGIN, "ab" * 32) == f"{begins}images/{'ab' * 32}"


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://predictions", ("predictions", "")),
        ("s3://predictions/", ("predictions", "")),
        ("s3://predictions/logs/all/", ("predictions", "logs/all")),
        ("", ("", "")),
        ("predictions", None),
        ("s3://", None),
        ("s3://Predictions", None),
        ("s3://predictions/a?b", None),
        ("https://predictions/a", None),
    ],
)
def test_the_log_has_a_place_or_none(uri: str, place: tuple[str, str] | None) -> None:
    wanted = {
        "model_name": "lawn",
        "model_namespace": "garden",
        "model_version": "7",
        "artifact_uri": "s3://models/lawn",
        "contract_digest": f"sha256:{'0' * 64}",
        "s3_endpoint": "http://minio",
        "log_uri": uri,
    }
    if place is not None:
        assert Settings.model_validate(wanted).log_location == place
        return
    with pytest.raises(ValidationError) as refusal:
        Settings.model_validate(wanted)
    assert complaint(refusal.value).startswith("DANDELION_LOG_URI: ")


@pytest.mark.parametrize(
    ("file_format", "media"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("BMP", "image/bmp"),
        ("GIF", "image/gif"),
        ("TIFF", "image/tiff"),
        ("AVIF", "image/avif"),
    ],
)
def test_images_are_stored_as_what_they_are(file_format: str, media: str) -> None:
    assert media_type(pictures.plain(file_format=file_format)) == media


@pytest.mark.parametrize(("brand", "media"), [(b"heic", "image/heic"), (b"mif1", "image/heif")])
def test_a_photo_of_an_iphone_is_stored_as_its_container_calls_itself(
    brand: bytes, media: str
) -> None:
    assert media_type(containers.still(containers.heic(), brand=brand)) == media


def test_what_is_no_image_is_stored_as_bytes() -> None:
    assert media_type(b"\0\0") == "application/octet-stream"


def test_times_keep_their_milliseconds() -> None:
    assert timestamp(at("2024-01-01T00:00:00Z")) == "2024-01-01T00:00:00.000Z"


BOUNDS = Bounds(rows=10, row_bytes=1000, image_bytes=500)


@pytest.mark.parametrize(
    ("held", "fits", "full"),
    [
        (Held(), True, False),
        (Held(rows=4, row_bytes=499, image_bytes=249), True, False),
        (Held(rows=5), True, True),
        (Held(row_bytes=500), True, True),
        (Held(image_bytes=250), True, True),
        (Held(rows=10, row_bytes=1000, image_bytes=500), True, True),
        (Held(rows=11), False, True),
        (Held(row_bytes=1001), False, True),
        (Held(image_bytes=501), False, True),
    ],
)
def test_writing_is_due_at_half_of_what_fits(held: Held, fits: bool, full: bool) -> None:
    assert (BOUNDS.fits(held), BOUNDS.full(held)) == (fits, full)


def test_what_was_taken_counts_until_it_is_done() -> None:
    buffer = Buffer(Bounds(rows=2, row_bytes=10**6, image_bytes=10))
    assert [buffer.add(row()) for _ in range(3)] == [True, True, False]
    rows, images = buffer.take()
    assert (len(rows), images) == (2, [])
    assert not buffer.add(row())
    buffer.done(rows[:1])
    assert [buffer.add(row()) for _ in range(2)] == [True, False]
    buffer.done(rows[1:])
    assert buffer.held().rows == 1


def test_images_take_no_room_from_rows() -> None:
    buffer = Buffer(Bounds(rows=2, row_bytes=10**6, image_bytes=10))
    assert buffer.add(LoggedImage("a", bytes(10)))
    assert not buffer.add(LoggedImage("b", b"1"))
    assert buffer.add(row())


def test_a_closed_buffer_takes_nothing_more_and_is_due() -> None:
    buffer = Buffer(BOUNDS)
    buffer.close()
    assert buffer.due.is_set()
    assert not buffer.add(row())


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0.5), (2, 1.0), (5, 8.0), (7, 30.0), (1000, 30.0)]
)
def test_pauses_grow_up_to_half_a_minute(failures: int, seconds: float) -> None:
    assert pause(failures) == seconds


def test_the_newest_are_remembered() -> None:
    recent: Recent[int] = Recent(2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        recent.remember(key, value)
    assert dict(recent) == {"a": 3, "c": 4}
