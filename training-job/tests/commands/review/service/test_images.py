"""Images as the console asks for them: as they were sent, or rendered."""

import hashlib
import io

import pytest
from given.console import MODEL, Console
from given.reviews import Reviewed, digest, image
from PIL import Image


def test_an_image_is_given_as_it_was_sent(console: Console) -> None:
    answer = console.ask("GET", f"{MODEL}/images/{digest(1)}")
    assert (answer.content, answer.headers["content-type"]) == (image(1), "image/png")


@pytest.mark.parametrize("kind", ["TIFF", "PNG of 16 bits"])
def test_what_browsers_do_not_show_is_rendered(
    console: Console, reviewed: Reviewed, kind: str
) -> None:
    file = io.BytesIO()
    if kind == "TIFF":
        Image.new("RGB", (30, 20), (200, 40, 40)).save(file, "TIFF")
    else:
        Image.new("I;16", (30, 20), 4095).save(file, "PNG")
    name = hashlib.sha256(file.getvalue()).hexdigest()
    reviewed.store.objects[f"s3://predictions/default/lawn/images/{name}"] = file.getvalue()
    answer = console.ask("GET", f"{MODEL}/images/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(answer.content)).size == (30, 20)


def test_what_a_browser_failed_at_is_rendered_when_it_asks_again(console: Console) -> None:
    answer = console.ask("GET", f"{MODEL}/images/{digest(1)}?rendered=true")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content[:3] == b"\xff\xd8\xff"


def test_what_is_no_image_or_not_there_is_not_given(console: Console, reviewed: Reviewed) -> None:
    assert console.ask("GET", f"{MODEL}/images/{'0' * 64}").status_code == 404
    assert console.ask("GET", f"{MODEL}/images/..%2Fpredictions").status_code in (400, 404)
    text = b"<script>alert(1)</script>"
    name = hashlib.sha256(text).hexdigest()
    reviewed.store.objects[f"s3://predictions/default/lawn/images/{name}"] = text
    answer = console.ask("GET", f"{MODEL}/images/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/json")


def test_an_image_too_large_to_show_is_not_read(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dandelion_training.commands.review.service.reviews.LARGEST_IMAGE", len(image(1)) - 1
    )
    answer = console.ask("GET", f"{MODEL}/images/{digest(1)}")
    assert answer.status_code == 409
    assert "`review export`" in answer.json()["message"]
