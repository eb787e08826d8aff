"""What the prediction log holds of a request of which some images were refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pictures
from fakes.s3 import FakeS3
from given import uploads
from running.logging_service import HOME, logging_environment, rows
from running.service import started


def test_only_what_was_answered_is_logged(s3: FakeS3, tmp_path: Path) -> None:
    images = [pictures.plain(), b"hello, this is text", pictures.plain(pictures.BLUE)]
    with started(logging_environment(s3, tmp_path) | {"DANDELION_LOG_IMAGES": "true"}) as service:
        service.wait_ready()
        answer = service.post("/predict", files=uploads.form(*images))
        assert answer.status_code == 200
        assert service.post("/predict", files=uploads.form(images[1], b"")).status_code == 400
        service.terminate()
        assert service.wait() == 0
    digests = [hashlib.sha256(images[index]).hexdigest() for index in (0, 2)]
    logged = rows(s3, "predictions")
    assert [(row["id"], row["index"], row["label"]) for row in logged] == [
        (answer.json()["id"], 0, "red"),
        (answer.json()["id"], 2, "blue"),
    ]
    assert [row["imageSha256"] for row in logged] == digests
    kept = {path for path in s3.objects if path.startswith(f"{HOME}/images/")}
    assert kept == {f"{HOME}/images/{digest}" for digest in digests}
