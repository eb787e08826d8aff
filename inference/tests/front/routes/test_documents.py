"""Images as text in JSON."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pictures
import pytest
from given import uploads

PREDICT = "/v1/models/lawn:predict"


def text(label: str) -> str:
    return base64.b64encode(pictures.plain(pictures.COLOURS[label])).decode()


RED, GREEN, BLUE = (text(label) for label in ("red", "green", "blue"))
URL = f"data:image/png;base64,{GREEN}"

DOCUMENTS: dict[str, tuple[Any, list[str]]] = {
    "one image as Base64": ({"image": GREEN}, ["green"]),
    "one image as a data URL": ({"image": URL}, ["green"]),
    "several images": ({"images": [RED, URL, BLUE]}, ["red", "green", "blue"]),
    "the instances of TensorFlow Serving": ({"instances": [{"b64": RED}]}, ["red"]),
    "instances with a named input": (
        {"instances": [{"image": {"b64": RED}}, {"image_bytes": {"b64": BLUE}}]},
        ["red", "blue"],
    ),
    "instances as TorchServe has them": ({"instances": [{"data": BLUE}]}, ["blue"]),
    "instances that are texts": ({"instances": [RED, GREEN]}, ["red", "green"]),
    "one image in an object": ({"image": {"b64": RED}}, ["red"]),
    "members that mean nothing here": (
        {"signature_name": "serving_default", "instances": [{"b64": RED, "key": "7"}]},
        ["red"],
    ),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_images_in_a_document_are_classified(client: httpx.Client, case: str) -> None:
    document, labels = DOCUMENTS[case]
    answer = client.post("/predict", json=document)
    assert answer.status_code == 200, answer.text
    assert [found["label"] for found in answer.json()["predictions"]] == labels


@pytest.mark.parametrize("pretty", [False, True])
def test_a_document_says_what_it_is_by_its_content_type(client: httpx.Client, pretty: bool) -> None:
    body = json.dumps({"image": RED}, indent=4 if pretty else None)
    for content_type in ("application/json", "Application/JSON; charset=utf-8"):
        answer = client.post(
            "/predict", content=f"\n {body}", headers={"Content-Type": content_type}
        )
        assert answer.json()["predictions"][0]["label"] == "red"


def test_an_image_that_calls_itself_a_document_is_still_an_image(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (pictures.plain(pictures.BLUE), BLUE.encode()):
        answer = client.post("/predict", content=body, headers=headers)
        assert answer.json()["predictions"][0]["label"] == "blue"


def test_a_large_document_is_read_too(client: httpx.Client) -> None:
    large = pictures.encoded(pictures.noise((300, 300)))
    assert len(large) > 200_000
    answer = client.post("/predict", json={"images": [base64.b64encode(large).decode(), RED]})
    assert answer.status_code == 200
    assert answer.json()["predictions"][1]["label"] == "red"


def test_one_bad_image_does_not_refuse_the_good_ones(client: httpx.Client) -> None:
    document = {"images": [RED, "no image", base64.b64encode(b"%PDF-1.7 ...").decode(), BLUE]}
    first, second, third, fourth = client.post("/predict", json=document).json()["predictions"]
    assert [first["label"], fourth["label"]] == ["red", "blue"]
    assert second["problem"]["code"] == "NotAnImage"
    assert second["problem"]["detail"].startswith("File 2: ")
    assert "problem" in third


@pytest.mark.parametrize("scheme", ["http", "https", "HTTPS", "ftp", "file", "s3", "gs"])
def test_an_address_is_not_fetched_and_the_refusal_says_why(
    client: httpx.Client, scheme: str
) -> None:
    address = f"{scheme}://169.254.169.254/latest/meta-data/photo.jpg"
    as_document = client.post("/predict", json={"image": address})
    as_body = client.post("/predict", content=address)
    as_form = client.post("/predict", files=uploads.form(address.encode()))
    for answer in (as_document, as_body, as_form):
        assert (answer.status_code, answer.json()["code"]) == (400, "AddressNotFetched")
        assert "send its bytes" in answer.json()["detail"]
        assert "169.254" not in answer.text


def test_an_address_among_images_does_not_refuse_them(client: httpx.Client) -> None:
    document = {"images": [RED, "https://example.org/cat.jpg"]}
    first, second = client.post("/predict", json=document).json()["predictions"]
    assert first["label"] == "red"
    assert second["problem"]["code"] == "AddressNotFetched"
    assert second["problem"]["detail"].startswith("File 2: ")


REFUSED: dict[str, tuple[bytes, int, str, str]] = {
    "no JSON": (b"{", 400, "MalformedRequest", "cannot be read"),
    "a list": (b'["x"]', 422, "InvalidRequest", "is a list, not an object"),
    "a text": (b'"x"', 422, "InvalidRequest", "is a text, not an object"),
    "an object without images": (b"{}", 422, "InvalidRequest", "none of the members image"),
    "two kinds of images": (b'{"image": "x", "images": ["x"]}', 422, "InvalidRequest", "several"),
    "no images": (b'{"images": []}', 422, "MissingFile", "is empty"),
    "too many images": (b'{"images": ["x","x","x","x","x"]}', 422, "TooManyFiles", "At most 4"),
    "images that are no list": (b'{"images": "x"}', 422, "InvalidRequest", "is a text, not a list"),
    "a number for an image": (b'{"images": [5]}', 422, "InvalidRequest", "is a number"),
    "a tensor": (b'{"instances": [[[0.5]]]}', 422, "InvalidRequest", "go to /v2"),
    "null for an image": (b'{"image": null}', 422, "InvalidRequest", "is null"),
    "true for an image": (b'{"image": true}', 422, "InvalidRequest", "is a boolean"),
    "objects in objects": (
        b'{"image": {"image": {"image": {"image": "x"}}}}',
        422,
        "InvalidRequest",
        "members",
    ),
    "an image twice": (b'{"instances": [{"b64": "x", "image": "x"}]}', 422, "InvalidRequest", "2"),
    "a million brackets": (b"[" * 1_000_000, 400, "MalformedRequest", "more than 4096"),
    "a thousand brackets": (b"[" * 4_000, 400, "MalformedRequest", "nested too deeply"),
    "a number of thousands of digits": (
        b'{"image": ' + b"9" * 5_000 + b"}",
        400,
        "MalformedRequest",
        "JSON has not",
    ),
    "not a number": (b'{"image": NaN}', 400, "MalformedRequest", "NaN is not a JSON value"),
    "bytes that are no text": (b'{"image": "\xff\xfe"}', 400, "MalformedRequest", "JSON has not"),
    "half a pair of surrogates": (b'{"image": "\\ud800"}', 400, "NotAnImage", "not an image"),
    "an empty image": (b'{"image": ""}', 400, "EmptyUpload", "empty"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_document_is_refused_with_what_to_send(client: httpx.Client, case: str) -> None:
    body, status, code, words = REFUSED[case]
    answer = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert words in answer.json()["detail"]
    assert len(answer.json()["detail"]) < 400


def test_clients_of_the_first_protocol_find_its_addresses(client: httpx.Client) -> None:
    assert client.get("/v1/models/lawn").json() == {"name": "lawn", "ready": True}
    document = {"instances": [{"image": {"b64": RED}}, {"b64": BLUE}]}
    # curl calls every body a form, unless told otherwise.
    for headers in ({}, {"Content-Type": "application/x-www-form-urlencoded"}):
        answer = client.post(f"{PREDICT}?top=1", content=json.dumps(document), headers=headers)
        assert answer.status_code == 200, answer.text
        assert [list(found["scores"]) for found in answer.json()["predictions"]] == [
            ["red"],
            ["blue"],
        ]
    assert client.post("/v1/models/lawn:predict/", json=document).status_code == 200


def test_clients_of_the_first_protocol_are_told_of_errors_where_they_look(
    client: httpx.Client,
) -> None:
    for answer, code in (
        (client.post("/v1/models/park:predict", json={"instances": [RED]}), "UnknownModel"),
        (client.get("/v1/models/park"), "UnknownModel"),
        (client.post(PREDICT, content=b"{"), "MalformedRequest"),
        (client.post(PREDICT, json={"instances": ["no image"]}), "NotAnImage"),
    ):
        assert answer.json()["code"] == code
        assert answer.json()["error"] == answer.json()["detail"]
