"""What becomes of feedback: what the log holds when the pod has ended."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from pathlib import Path

import pictures
from dandelion_inference.front.routes.feedback import FeedbackResponse
from fakes import api_server
from fakes.s3 import FakeS3
from given import uploads
from given.inferences import INFER, image
from running.logging_service import HOME, answer_elsewhere, label, logging_environment, rows
from running.reviewing import reviewing
from running.service import started


def test_a_label_is_kept_beside_what_was_predicted(s3: FakeS3, tmp_path: Path) -> None:
    blue = pictures.plain(pictures.BLUE)
    with started(logging_environment(s3, tmp_path)) as service:
        service.wait_ready()
        files = uploads.form(pictures.plain(), blue)
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
        "imageSha256": hashlib.sha256(blue).hexdigest(),
        "namespace": "default",
        "name": "lawn",
        "version": "3",
        "predicted": "blue",
        "label": "green",
    }
    assert [path for path in s3.written if path.startswith(f"{HOME}/feedback/date=")]


def test_an_answer_of_another_pod_can_be_labelled_too(s3: FakeS3, tmp_path: Path) -> None:
    """Before or after a rollout: the row names the version that answered."""
    with started(logging_environment(s3, tmp_path)) as service:
        service.wait_ready()
        other = answer_elsewhere(service, True, False, True, version="2")
        assert label(service, id=other, index=2, label="red").status_code == 202
        assert label(service, id=other, index=1, label="red").status_code == 422
        service.terminate()
        assert service.wait() == 0
    [row] = rows(s3, "feedback")
    del row["time"]
    named = {"namespace": "default", "name": "lawn", "version": "2"}
    assert row == {"id": other, "index": 2, **named, "label": "red"}


def test_an_answer_can_be_labelled_after_a_restart(s3: FakeS3, tmp_path: Path) -> None:
    wanted = logging_environment(s3, tmp_path)
    with started(wanted) as service:
        service.wait_ready()
        answer = service.post("/predict", content=pictures.plain()).json()["id"]
    with started(wanted) as service:
        service.wait_ready()
        assert label(service, id=answer, label="red").status_code == 202


def test_every_line_of_a_stream_can_be_labelled(s3: FakeS3, tmp_path: Path) -> None:
    with started(logging_environment(s3, tmp_path)) as service:
        service.wait_ready()
        picture = base64.b64encode(pictures.plain(pictures.BLUE)).decode()
        sent = "".join(json.dumps({"image": text, "id": "mine"}) + "\n" for text in (picture, "x"))
        headers = {"Content-Type": "application/x-ndjson"}
        answer = service.post("/predict", content=sent, headers=headers)
        line, bad = (json.loads(text) for text in answer.text.splitlines())
        assert "problem" in bad
        assert label(service, id=line["answer_id"], label="green").status_code == 202
        assert label(service, id="mine", label="green").status_code == 422
        service.terminate()
        assert service.wait() == 0
    [predicted] = rows(s3, "predictions")
    [told] = rows(s3, "feedback")
    assert (predicted["id"], predicted["label"]) == (line["answer_id"], "blue")
    assert (told["id"], told["predicted"], told["label"]) == (line["answer_id"], "blue", "green")


def test_an_answer_of_v2_can_be_labelled(s3: FakeS3, tmp_path: Path) -> None:
    with started(logging_environment(s3, tmp_path)) as service:
        service.wait_ready()
        answer = service.post(INFER, json={"id": "mine", "inputs": [image()]}).json()
        name = answer["parameters"]["answer_id"]
        assert label(service, id=name, index=0, label="blue").status_code == 202
        assert label(service, id="mine", index=0, label="blue").status_code == 422
        service.terminate()
        assert service.wait() == 0
    [row] = rows(s3, "feedback")
    assert (row["id"], row["predicted"], row["label"]) == (name, "green", "blue")
    assert [row["id"] for row in rows(s3, "predictions")] == [name]


def test_of_several_labels_the_last_has_the_latest_time(s3: FakeS3, tmp_path: Path) -> None:
    with started(logging_environment(s3, tmp_path)) as service:
        service.wait_ready()
        answer = service.post("/predict", content=pictures.plain()).json()["id"]
        for told in ("green", "red", "blue"):
            assert label(service, id=answer, label=told).status_code == 202
            time.sleep(0.002)  # times are written to the millisecond
        service.terminate()
        assert service.wait() == 0
    told = rows(s3, "feedback")
    assert len(told) == 3
    assert max(told, key=lambda row: row["time"])["label"] == "blue"


def test_feedback_that_cannot_be_kept_is_not_accepted(s3: FakeS3, tmp_path: Path) -> None:
    s3.away = True
    few = {"DANDELION_LOG_ROWS_IN_MEMORY": "2", "DANDELION_LOG_END_SECONDS": "0"}
    with started(logging_environment(s3, tmp_path) | few) as service:
        service.wait_ready()
        ids = [answer_elsewhere(service) for _ in range(3)]
        assert [label(service, id=found, label="red").status_code for found in ids] == [
            202,
            202,
            429,
        ]


def test_who_said_it_is_kept_where_callers_are_known(s3: FakeS3, tmp_path: Path) -> None:
    account = "system:serviceaccount:default:labeller"
    with api_server.running(tmp_path) as api:
        api.users["a-token"] = account
        api.rules |= {(account, "predict"), (account, "feedback")}
        wanted = logging_environment(s3, tmp_path)
        with (
            reviewing(api.server_port, api.folder) as reviewer,
            started(wanted | reviewer.environment()) as service,
        ):
            service.wait_ready()
            headers = {"Authorization": "Bearer a-token"}
            given = service.post("/predict", content=pictures.plain(), headers=headers).json()
            body = {"id": given["id"], "label": "green"}
            assert service.post("/feedback", json=body, headers=headers).status_code == 202
            service.terminate()
            assert service.wait() == 0
    [row] = rows(s3, "feedback")
    assert row["caller"] == account
