"""What becomes of feedback: what the log holds when the pod has ended."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import uuid4

import pictures
from dandelion_inference.front.routes.feedback import FeedbackResponse
from fakes.s3 import FakeS3
from given import uploads
from running.logging_service import HOME, label, logging_environment, rows
from running.service import started


def test_a_label_is_kept_beside_what_was_predicted(s3: FakeS3, tmp_path: Path) -> None:
    image = pictures.plain(pictures.BLUE)
    with started(logging_environment(s3, tmp_path)) as service:
        service.wait_ready()
        files = uploads.form(pictures.plain(), image)
        answer = service.post("/predict", files=files).json()
        told = label(service, id=answer["id"], index=1, label="green")
        assert told.status_code == 202
        assert told.json() == {"id": answer["id"], "index": 1, "label": "green"}
        FeedbackResponse.model_validate_json(told.content, strict=True)
        service.terminate()
        assert service.wait() == 0
    [row] = rows(s3, "feedback")
    assert row.pop("time").endswith("Z")
    assert row == {
        "id": answer["id"],
        "index": 1,
        "imageSha256": hashlib.sha256(image).hexdigest(),
        "version": "3",
        "predicted": "blue",
        "label": "green",
    }
    assert [path for path in s3.written if path.startswith(f"{HOME}/feedback/date=")]


def test_an_answer_of_another_pod_can_be_labelled_too(s3: FakeS3, tmp_path: Path) -> None:
    other = str(uuid4())
    with started(logging_environment(s3, tmp_path)) as service:
        service.wait_ready()
        assert label(service, id=other, label="red").status_code == 202
        service.terminate()
        assert service.wait() == 0
    [row] = rows(s3, "feedback")
    del row["time"]
    assert row == {"id": other, "index": 0, "version": "3", "label": "red"}


def test_feedback_that_cannot_be_kept_is_not_accepted(s3: FakeS3, tmp_path: Path) -> None:
    s3.away = True
    few = {"DANDELION_LOG_ROWS_IN_MEMORY": "2", "DANDELION_LOG_END_SECONDS": "0"}
    with started(logging_environment(s3, tmp_path) | few) as service:
        service.wait_ready()
        codes = [label(service, id=str(uuid4()), label="red").status_code for _ in range(3)]
        assert codes == [202, 202, 429]
