"""What a client sees of POST /predict."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator

import containers
import httpx
import pictures
import pytest
from dandelion_inference.front.problems import Problem
from dandelion_inference.front.routes.predict import RefusedImage
from given import uploads
from PIL import Image
from running.service import Service

MIB = 1024 * 1024
LIMIT = MIB  # what the shared service is started with


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem answer, whose shape is checked on the way."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"].startswith("urn:problem-type:dandelion:")
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == answer.request.url.path
    return answer.status_code, body["code"]


@pytest.mark.parametrize("label", pictures.COLOURS)
def test_a_form_with_one_file_is_classified(client: httpx.Client, label: str) -> None:
    answer = client.post("/predict", files=uploads.form(pictures.plain(pictures.COLOURS[label])))
    assert answer.status_code == 200
    body = answer.json()
    assert body["model"] == {"name": "lawn", "version": "3"}
    [prediction] = body["predictions"]
    assert prediction["label"] == label
    assert list(prediction["scores"]) == ["red", "green", "blue"]
    assert prediction["probability"] == prediction["scores"][label]
    assert sum(prediction["scores"].values()) == pytest.approx(1)


def test_several_files_are_answered_in_their_order(client: httpx.Client) -> None:
    files = uploads.form(*(pictures.plain(colour) for colour in pictures.COLOURS.values()))
    predictions = client.post("/predict", files=files).json()["predictions"]
    assert [prediction["label"] for prediction in predictions] == list(pictures.COLOURS)


@pytest.mark.parametrize(
    "content_type",
    ["image/png", "application/octet-stream", "application/x-www-form-urlencoded", None],
)
def test_a_raw_body_is_classified_whatever_it_calls_itself(
    client: httpx.Client, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = client.post("/predict", content=pictures.plain(pictures.BLUE), headers=headers)
    assert answer.json()["predictions"][0]["label"] == "blue"


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "AVIF", "BMP", "GIF", "TIFF"])
def test_every_supported_format_is_classified(client: httpx.Client, file_format: str) -> None:
    answer = client.post("/predict", content=pictures.plain(pictures.GREEN, file_format))
    assert answer.json()["predictions"][0]["label"] == "green"


def test_a_photo_of_an_iphone_is_classified_as_the_same_picture_in_png(
    client: httpx.Client,
) -> None:
    def scores(data: bytes) -> dict[str, float]:
        answer = client.post("/predict", content=data)
        found: dict[str, float] = answer.json()["predictions"][0]["scores"]
        return found

    photo = containers.still(containers.heic(), containers.turned(1))
    upright = containers.quarters().transpose(Image.Transpose.ROTATE_90)
    assert scores(photo) == pytest.approx(scores(pictures.encoded(upright)), abs=0.01)


def test_an_animation_is_classified_by_its_first_frame(client: httpx.Client) -> None:
    first, second = (Image.new("RGB", (40, 40), c) for c in (pictures.RED, pictures.BLUE))
    data = pictures.encoded(first, "GIF", save_all=True, append_images=[second])
    answer = client.post("/predict", content=data)
    assert answer.json()["predictions"][0]["label"] == "red"


def test_a_chunked_body_needs_no_declared_length(client: httpx.Client) -> None:
    data = pictures.plain(pictures.GREEN)
    pieces = (data[start : start + 50] for start in range(0, len(data), 50))
    answer = client.post("/predict", content=pieces)
    assert answer.json()["predictions"][0]["label"] == "green"


JPEG = pictures.encoded(pictures.noise((200, 150)), "JPEG")
PNG = pictures.encoded(pictures.noise((200, 150)))

REFUSED = {
    "text is not an image": (b"hello, this is text", 400, "NotAnImage"),
    "JSON is not an image": (b'{"image": 1}', 400, "NotAnImage"),
    "zero bytes are empty": (b"", 400, "EmptyUpload"),
    "a JPEG cut in the middle is truncated": (JPEG[: len(JPEG) // 2], 400, "TruncatedImage"),
    "a PNG cut in the middle is truncated": (PNG[: len(PNG) // 2], 400, "TruncatedImage"),
    "a PNG of only its signature is truncated": (PNG[:8], 400, "TruncatedImage"),
    "a JPEG of only its first bytes is truncated": (JPEG[:12], 400, "TruncatedImage"),
    "a PNG with broken data is broken": (
        pictures.declared_png(64, 64, b"not compressed"),
        400,
        "BrokenImage",
    ),
    "a PNG that promises more rows than it has is truncated": (
        pictures.declared_png(64, 64),
        400,
        "TruncatedImage",
    ),
    "a PDF is another format": (b"%PDF-1.7 ...", 415, "UnsupportedFormat"),
    "a ZIP archive is another format": (b"PK\x03\x04....", 415, "UnsupportedFormat"),
    "a HEIC photo of only its first bytes is truncated": (
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
        400,
        "TruncatedImage",
    ),
    "a JPEG 2000 image is another format": (
        pictures.plain(file_format="JPEG2000"),
        415,
        "UnsupportedFormat",
    ),
    "an SVG drawing is another format": (
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        415,
        "UnsupportedFormat",
    ),
    "an icon that Pillow could read is another format": (
        pictures.plain(file_format="ICO"),
        415,
        "UnsupportedFormat",
    ),
    "200 megapixels declared are refused before decoding": (
        pictures.declared_png(20_000, 10_000),
        422,
        "TooManyPixels",
    ),
    "four billion pixels declared are refused before decoding": (
        pictures.declared_png(65_535, 65_535),
        422,
        "TooManyPixels",
    ),
    "a line that resizing would blow up is refused": (
        pictures.encoded(Image.new("L", (60_000, 1))),
        422,
        "TooManyPixels",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_raw_body_is_refused(client: httpx.Client, case: str) -> None:
    data, status, code = REFUSED[case]
    assert problem(client.post("/predict", content=data)) == (status, code)


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_file_in_a_form_does_not_refuse_the_good_ones(
    client: httpx.Client, case: str
) -> None:
    data, status, code = REFUSED[case]
    red, blue = (pictures.plain(colour) for colour in (pictures.RED, pictures.BLUE))
    answer = client.post("/predict", files=uploads.form(red, data, blue))
    assert answer.status_code == 200
    first, second, third = answer.json()["predictions"]
    assert [first["label"], third["label"]] == ["red", "blue"]
    assert list(second) == ["problem"]
    found = second["problem"]
    assert (found["status"], found["code"]) == (status, code)
    assert found["detail"].startswith("File 2: ")
    assert found["type"].startswith("urn:problem-type:dandelion:")
    RefusedImage.model_validate(second, strict=True)


def test_a_large_bad_file_does_not_refuse_the_good_ones(client: httpx.Client) -> None:
    """Such images take turns, in a thread of their own."""
    large = pictures.encoded(Image.new("RGB", (6000, 4000)))
    answer = client.post("/predict", files=uploads.form(large[:-100], pictures.plain(), large))
    first, second, third = answer.json()["predictions"]
    assert first["problem"]["code"] == "TruncatedImage"
    assert second["label"] == "red"
    assert third["label"]


def test_where_no_file_is_good_the_problem_of_the_first_lists_them_all(
    client: httpx.Client,
) -> None:
    files = uploads.form(b"%PDF-1.7 ...", b"", JPEG[: len(JPEG) // 2])
    answer = client.post("/predict", files=files)
    assert problem(answer) == (415, "UnsupportedFormat")
    body = answer.json()
    assert [found["code"] for found in body["problems"]] == [
        "UnsupportedFormat",
        "EmptyUpload",
        "TruncatedImage",
    ]
    assert body["detail"] == body["problems"][0]["detail"]
    Problem.model_validate(body, strict=True)


def test_one_bad_file_alone_lists_nothing(client: httpx.Client) -> None:
    answer = client.post("/predict", files=uploads.form(b"hello, this is text"))
    assert problem(answer) == (400, "NotAnImage")
    assert "problems" not in answer.json()
    assert not answer.json()["detail"].startswith("File")


def test_images_that_are_refused_are_counted_by_cause(
    client: httpx.Client, probes: httpx.Client
) -> None:
    def counted() -> float:
        lines = probes.get("/metrics").text.splitlines()
        line = 'dandelion_images_refused_total{code="NotAnImage"}'
        return sum(float(found.split()[-1]) for found in lines if found.startswith(line))

    before = counted()
    client.post("/predict", files=uploads.form(pictures.plain(), b"hello, this is text"))
    client.post("/predict", content=b"hello, this is text")
    assert counted() == before + 2


def test_an_answer_says_its_name_in_a_header_too(client: httpx.Client) -> None:
    answer = client.post("/predict", content=pictures.plain())
    assert answer.headers["Dandelion-Answer-Id"] == answer.json()["id"]


def test_a_form_without_the_field_says_which_fields_it_has(client: httpx.Client) -> None:
    answer = client.post("/predict", files=uploads.form(pictures.plain(), field="image"))
    assert problem(answer) == (422, "MissingFile")
    assert "'image'" in answer.json()["detail"]


def test_other_fields_beside_the_file_are_ignored(client: httpx.Client) -> None:
    files = uploads.form(pictures.plain(pictures.BLUE))
    answer = client.post("/predict", files=files, data={"note": "from the garden"})
    assert answer.json()["predictions"][0]["label"] == "blue"


def test_more_files_than_allowed_are_refused(client: httpx.Client) -> None:
    answer = client.post("/predict", files=uploads.form(*[pictures.plain()] * 5))
    assert problem(answer) == (422, "TooManyFiles")


FORM = "multipart/form-data; boundary=xyz"
PART = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
MALFORMED = {
    "no boundary is named": ("multipart/form-data", PART),
    "the closing boundary is missing": (FORM, PART),
    "the body has another boundary": (FORM, b"--abc\r\n\r\n--abc--\r\n"),
    "the boundary is too long": (f"multipart/form-data; boundary={'x' * 5000}", PART),
    "the body is empty": (FORM, b""),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_form_is_refused(client: httpx.Client, case: str) -> None:
    content_type, body = MALFORMED[case]
    answer = client.post("/predict", content=body, headers={"Content-Type": content_type})
    assert problem(answer) == (400, "MalformedRequest")


def test_a_compressed_body_is_refused(client: httpx.Client) -> None:
    body = gzip.compress(pictures.plain())
    answer = client.post("/predict", content=body, headers={"Content-Encoding": "gzip"})
    assert problem(answer) == (415, "UnsupportedEncoding")


def test_a_body_of_exactly_the_limit_is_taken(client: httpx.Client) -> None:
    data = pictures.plain()
    # Bytes after a picture's end do no harm.
    answer = client.post("/predict", content=data + bytes(LIMIT - len(data)))
    assert answer.status_code == 200
    answer = client.post("/predict", content=data + bytes(LIMIT - len(data) + 1))
    assert problem(answer) == (413, "UploadTooLarge")


def test_a_hundred_bad_uploads_leave_the_service_answering(client: httpx.Client) -> None:
    for cut in range(100):
        answer = client.post("/predict", content=JPEG[: cut * len(JPEG) // 100])
        assert answer.status_code == 400
    assert client.post("/predict", content=JPEG).status_code == 200


def test_an_unknown_address_is_a_problem_too(client: httpx.Client) -> None:
    assert problem(client.get("/nowhere")) == (404, "NotFound")


def test_a_wrong_method_is_a_problem_that_names_the_right_one(client: httpx.Client) -> None:
    answer = client.get("/predict")
    assert problem(answer) == (405, "MethodNotAllowed")
    assert answer.headers["Allow"] == "POST"


def test_a_client_that_goes_away_does_no_harm(
    running_service: Service, client: httpx.Client
) -> None:
    def body() -> Iterator[bytes]:
        yield JPEG[:100]
        raise ConnectionError("the client's network failed")

    with pytest.raises(ConnectionError):
        client.post("/predict", content=body())
    deadline = time.monotonic() + 30
    while 'code="499"' not in running_service.metrics():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "Traceback" not in "".join(running_service.log)
