"""What people say of an answer, and how they are told that it cannot be taken."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pictures
import pytest
from fakes import s3 as fake_s3
from given import uploads
from running.logging_service import answer_elsewhere, label, logging_environment
from running.service import Service, started

ID = "0b1c7a52-6a8e-4d0c-9a54-3f5a5f3f4a11"


@pytest.fixture(scope="module")
def logging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A ready service with a log, for all tests that only ask it things."""
    with fake_s3.running() as s3:
        wanted = logging_environment(s3, tmp_path_factory.mktemp("service"))
        with started(wanted) as service:
            service.wait_ready()
            yield service


def test_an_unknown_label_is_told_the_known_ones(logging: Service) -> None:
    answer = label(logging, id=ID, index=0, label="purple")
    assert answer.status_code == 422
    assert answer.json()["code"] == "UnknownLabel"
    assert "'red', 'green', 'blue'" in answer.json()["detail"]


def test_an_image_that_the_answer_did_not_have_is_refused(logging: Service) -> None:
    given = logging.post("/predict", content=pictures.plain()).json()
    answer = label(logging, id=given["id"], index=1, label="red")
    assert answer.status_code == 422
    assert "none with index 1" in answer.json()["detail"]


def test_an_image_that_was_refused_cannot_be_labelled(logging: Service) -> None:
    files = uploads.form(pictures.plain(), b"hello, this is text", pictures.plain())
    given = logging.post("/predict", files=files).json()
    assert [label(logging, id=given["id"], index=i, label="red").status_code for i in range(3)] == [
        202,
        422,
        202,
    ]


INVENTED = {
    "any name": lambda _: ID,
    "a name that ends like one of ours": lambda given: ID + given[36:],
    "more images than there were": lambda given: given.replace(".1.", ".ffff."),
    "another version": lambda given: given.replace(".3.", ".4."),
    "without the end": lambda given: given[:-1],
    "with another end": lambda given: given[:-1] + ("A" if given[-1] != "A" else "B"),
    "nothing": lambda _: "",
    "dots alone": lambda _: "...",
    "letters that no id has": lambda given: given + "\u00fc",
    "a letter that is none": lambda given: given + "\ud800",
}


@pytest.mark.parametrize("case", INVENTED)
@pytest.mark.parametrize("index", [0, 999_999])
def test_an_answer_that_nobody_gave_cannot_be_labelled(
    logging: Service, case: str, index: int
) -> None:
    given = logging.post("/predict", content=pictures.plain()).json()["id"]
    body = json.dumps({"id": INVENTED[case](given), "index": index, "label": "red"})
    answer = logging.post("/feedback", content=body)
    assert answer.status_code in (400, 422), answer.text
    if "\\ud800" not in body:
        assert answer.json()["code"] == "UnknownAnswer"


def test_an_answer_of_another_resource_cannot_be_labelled(logging: Service) -> None:
    other = answer_elsewhere(logging, name="meadow")
    assert label(logging, id=other, label="red").json()["code"] == "UnknownAnswer"
    assert label(logging, id=answer_elsewhere(logging), label="red").status_code == 202


GOOD = {"id": ID, "index": 0, "label": "red"}


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "not JSON"),
        (b"red", 400, "not JSON"),
        (b'{"id": ', 400, "not JSON"),
        (b"\xff\xfe\x00", 400, "not JSON"),
        (b"[" * 20_000, 400, "not JSON"),
        (b"null", 422, "the body"),
        (b"[]", 422, "the body"),
        (b"{}", 422, "label"),
        (json.dumps(GOOD | {"id": "42"}).encode(), 422, "id"),
        (json.dumps(GOOD | {"index": -1}).encode(), 422, "index"),
        (json.dumps(GOOD | {"index": 1.5}).encode(), 422, "index"),
        (json.dumps(GOOD | {"index": 10**30}).encode(), 422, "index"),
        (json.dumps(GOOD | {"label": None}).encode(), 422, "label"),
        (json.dumps(GOOD | {"label": "x" * 60_000}).encode(), 422, "classes"),
        (json.dumps(GOOD | {"lable": "red"}).encode(), 422, "lable"),
        (bytes(70_000), 413, "bytes"),
    ],
)
def test_what_is_no_feedback_is_refused_with_its_cause(
    logging: Service, body: bytes, status: int, says: str
) -> None:
    answer = logging.post("/feedback", content=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


def test_without_a_log_feedback_has_no_place_to_go(client: httpx.Client) -> None:
    answer = client.post("/feedback", json=GOOD)
    assert answer.status_code == 409
    assert answer.json()["code"] == "FeedbackDisabled"
    assert "spec.serving.logging" in answer.json()["detail"]
