"""The prediction log: what is in the object store once the service has answered, or has ended."""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pictures
import pytest
from fakes.s3 import WRITER_KEY, FakeS3
from given import uploads
from running.logging_service import HOME, events, eventually, logging_environment, metric, rows
from running.service import Service, client, started

SOON = {"DANDELION_LOG_FLUSH_SECONDS": "0.05"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = f"00-{TRACE}-00f067aa0ba902b7-01"
NEVER = {"DANDELION_LOG_FLUSH_SECONDS": "3600"}
IMAGES = {"DANDELION_LOG_IMAGES": "true"}


@pytest.fixture
def wanted(s3: FakeS3, tmp_path: Path) -> dict[str, str]:
    return logging_environment(s3, tmp_path)


def predict(
    service: Service, *images: bytes, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    answer = service.post("/predict", files=uploads.form(*images), headers=headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def end(service: Service) -> None:
    service.terminate()
    assert service.wait() == 0


def test_an_answer_is_logged_as_it_was_given(s3: FakeS3, wanted: dict[str, str]) -> None:
    images = [pictures.plain(pictures.GREEN), pictures.plain(pictures.BLUE)]
    with started(wanted) as service:
        service.wait_ready()
        answer = predict(service, *images, headers={"X-Request-Id": "mine", "traceparent": TRACED})
        end(service)
    logged = rows(s3, "predictions")
    for index, (row, image, given) in enumerate(
        zip(logged, images, answer["predictions"], strict=True)
    ):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row.pop("time"))
        latency = row.pop("latencySeconds")
        stages = [row.pop(f"{stage}Seconds") for stage in ("queue", "decode", "compute")]
        assert min(stages) > 0
        assert sum(stages) < latency < 60
        assert row == {
            "id": answer["id"],
            "index": index,
            "namespace": "default",
            "name": "lawn",
            "version": "3",
            "contract": wanted["DANDELION_CONTRACT_DIGEST"],
            "requestId": "mine",
            "traceId": TRACE,
            "code": 200,
            "precision": "fp32",
            "imageSha256": hashlib.sha256(image).hexdigest(),
            **given,
        }
    [path] = s3.written
    day, hour = r"date=\d{4}-\d\d-\d\d", r"hour=\d\d"
    assert re.fullmatch(rf"{HOME}/predictions/{day}/{hour}/[\w.-]+-\d{{13}}-1\.jsonl\.gz", path)
    assert s3.content_types[path] == "application/gzip"


def test_nothing_is_lost_when_a_pod_ends_under_load(s3: FakeS3, wanted: dict[str, str]) -> None:
    answered: list[str] = []
    with started(wanted | NEVER | {"DANDELION_DRAIN_SECONDS": "0.5"}) as service:
        service.wait_ready()
        url = service.url

        def ask(number: int) -> None:
            with client(url) as http:
                while True:
                    try:
                        answer = http.post("/predict", content=pictures.plain())
                    except httpx.TransportError:
                        # The service listens no more.
                        return
                    assert answer.status_code == 200
                    answered.append(answer.json()["id"])

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, number) for number in range(4)]
            eventually(lambda: len(answered) > 40)
            service.terminate()
            for one in asking:
                one.result(timeout=60)
        assert service.wait() == 0
    logged = [row["id"] for row in rows(s3, "predictions")]
    assert set(answered) <= set(logged)
    assert len(set(logged)) == len(logged)
    assert not events(service, "prediction log lost")


def test_rows_are_written_while_the_service_goes_on(s3: FakeS3, wanted: dict[str, str]) -> None:
    with started(wanted | SOON) as service:
        service.wait_ready()
        for number in range(3):
            predict(service, pictures.plain())
            eventually(lambda number=number: len(rows(s3, "predictions")) == number + 1)
        eventually(
            lambda: metric(service, "dandelion_log_written_total", kind="predictions") == 3.0
        )
        assert metric(service, "dandelion_log_dropped_total", kind="predictions") == 0


def test_many_rows_are_written_before_the_time_is_up(s3: FakeS3, wanted: dict[str, str]) -> None:
    with started(wanted | NEVER | {"DANDELION_LOG_ROWS_IN_MEMORY": "4"}) as service:
        service.wait_ready()
        predict(service, pictures.plain(), pictures.plain(pictures.BLUE))
        eventually(lambda: len(rows(s3, "predictions")) == 2)


def test_a_refused_upload_is_no_prediction(s3: FakeS3, wanted: dict[str, str]) -> None:
    with started(wanted | IMAGES) as service:
        service.wait_ready()
        assert service.post("/predict", content=b"text").status_code == 400
        end(service)
    assert s3.written == []


def test_the_key_of_the_log_is_used_to_write_and_for_nothing_else(
    s3: FakeS3, wanted: dict[str, str]
) -> None:
    with started(wanted | IMAGES) as service:
        service.wait_ready()
        predict(service, pictures.plain())
        end(service)
    asked = [request for request in s3.requests if "/predictions/" in request]
    assert len(asked) == 2
    assert all(request.startswith("PUT ") for request in asked)


def test_images_are_kept_once_each_under_their_digest(s3: FakeS3, wanted: dict[str, str]) -> None:
    red, photo = pictures.plain(), pictures.plain(pictures.BLUE, "JPEG")
    with started(wanted | IMAGES) as service:
        service.wait_ready()
        predict(service, red, photo, red)
        predict(service, photo)
        end(service)
    kept = {path: data for path, data in s3.objects.items() if path.startswith(f"{HOME}/images/")}
    red_path, photo_path = (
        f"{HOME}/images/{hashlib.sha256(image).hexdigest()}" for image in (red, photo)
    )
    assert kept == {red_path: red, photo_path: photo}
    assert s3.content_types[red_path] == "image/png"
    assert s3.content_types[photo_path] == "image/jpeg"
    assert len(s3.written) == 3
    assert len(rows(s3, "predictions")) == 4


def test_images_are_not_kept_unless_asked_for(s3: FakeS3, wanted: dict[str, str]) -> None:
    with started(wanted) as service:
        service.wait_ready()
        predict(service, pictures.plain())
        end(service)
    assert not any("/images/" in path for path in s3.written)


def test_serving_goes_on_while_the_object_store_is_away(s3: FakeS3, wanted: dict[str, str]) -> None:
    s3.away = True
    with started(wanted | SOON | {"DANDELION_LOG_ROWS_IN_MEMORY": "5"}) as service:
        service.wait_ready()
        ids = [predict(service, pictures.plain())["id"] for _ in range(8)]
        assert metric(service, "dandelion_log_dropped_total", kind="predictions") == 3
        eventually(
            lambda: metric(service, "dandelion_log_failures_total", reason="StorageUnreachable") > 1
        )
        assert rows(s3, "predictions") == []
        s3.away = False
        eventually(lambda: len(rows(s3, "predictions")) == 5)
        assert [row["id"] for row in rows(s3, "predictions")] == ids[:5]
        # What was written makes room again.
        eventually(
            lambda: metric(service, "dandelion_log_written_total", kind="predictions") == 5.0
        )
        ids.append(predict(service, pictures.plain())["id"])
        end(service)
    assert [row["id"] for row in rows(s3, "predictions")] == [*ids[:5], ids[-1]]
    [line] = events(service, "prediction log cannot be written")
    assert line["reason"] == "StorageUnreachable"
    assert len(events(service, "prediction log is written again")) == 1


def test_images_have_bounds_of_their_own(s3: FakeS3, wanted: dict[str, str]) -> None:
    s3.away = True
    small = pictures.plain()
    large = pictures.encoded(pictures.noise((64, 64)))
    assert len(small) < 1024 < len(large)
    bounds = {"DANDELION_LOG_IMAGE_BYTES_IN_MEMORY": "1024"}
    with started(wanted | NEVER | IMAGES | bounds) as service:
        service.wait_ready()
        predict(service, large, small)
        assert metric(service, "dandelion_log_dropped_total", kind="images") == 1
        assert metric(service, "dandelion_log_dropped_total", kind="predictions") == 0
        s3.away = False
        end(service)
    assert len(rows(s3, "predictions")) == 2
    assert f"{HOME}/images/{hashlib.sha256(small).hexdigest()}" in s3.objects


def test_a_pod_ends_in_time_with_the_object_store_away(s3: FakeS3, wanted: dict[str, str]) -> None:
    s3.away = True
    with started(wanted | {"DANDELION_LOG_END_SECONDS": "0.5"}) as service:
        service.wait_ready()
        predict(service, pictures.plain(), pictures.plain())
        end(service)
    [line] = events(service, "prediction log lost")
    assert line["rows"] == 2


def test_an_object_store_that_comes_back_while_the_pod_ends_gets_everything(
    s3: FakeS3, wanted: dict[str, str]
) -> None:
    s3.write_failures = ["503", "503"]
    with started(wanted) as service:
        service.wait_ready()
        predict(service, pictures.plain())
        end(service)
    assert len(rows(s3, "predictions")) == 1
    assert not events(service, "prediction log lost")


def test_a_write_whose_answer_was_lost_leaves_one_object(
    s3: FakeS3, wanted: dict[str, str]
) -> None:
    s3.write_failures = ["lost"]
    with started(wanted) as service:
        service.wait_ready()
        predict(service, pictures.plain())
        end(service)
    assert len([request for request in s3.requests if request.startswith("PUT ")]) == 2
    assert len(rows(s3, "predictions")) == 1


def test_what_the_object_store_will_never_take_holds_nothing_up(
    s3: FakeS3, wanted: dict[str, str]
) -> None:
    s3.write_failures = ["400"]
    with started(wanted | SOON) as service:
        service.wait_ready()
        predict(service, pictures.plain())
        eventually(lambda: metric(service, "dandelion_log_dropped_total", kind="predictions") == 1)
        predict(service, pictures.plain(pictures.BLUE))
        end(service)
    assert [row["label"] for row in rows(s3, "predictions")] == ["blue"]
    assert metric_line(service, "Refused")


def metric_line(service: Service, reason: str) -> bool:
    return any(
        line["reason"] == reason for line in events(service, "prediction log cannot be written")
    )


def test_a_wrong_key_is_named_once_and_a_corrected_one_is_taken_up(
    s3: FakeS3, tmp_path: Path
) -> None:
    wanted = logging_environment(s3, tmp_path, key="stranger")
    with started(wanted | SOON) as service:
        service.wait_ready()
        for _ in range(5):
            predict(service, pictures.plain())
        eventually(
            lambda: (
                metric(service, "dandelion_log_failures_total", reason="CredentialsRejected") > 1
            )
        )
        key = Path(wanted["DANDELION_LOG_CREDENTIALS_DIR"]) / "AWS_ACCESS_KEY_ID"
        key.write_text(WRITER_KEY)
        eventually(lambda: len(rows(s3, "predictions")) == 5)
        end(service)
    [line] = events(service, "prediction log cannot be written")
    assert line["reason"] == "CredentialsRejected"
    assert "needs s3:PutObject" in line["detail"]


def test_without_a_place_for_it_there_is_no_log(s3: FakeS3, wanted: dict[str, str]) -> None:
    with started(wanted | {"DANDELION_LOG_URI": ""}) as service:
        service.wait_ready()
        assert predict(service, pictures.plain())["id"]
        end(service)
    assert s3.written == []


def test_ids_are_never_given_twice(s3: FakeS3, wanted: dict[str, str]) -> None:
    with started(wanted) as service:
        service.wait_ready()
        assert len({predict(service, pictures.plain())["id"] for _ in range(20)}) == 20


def test_a_log_place_that_is_no_place_ends_the_service_with_the_cause(
    wanted: dict[str, str],
) -> None:
    with started(wanted | {"DANDELION_LOG_URI": "predictions"}) as service:
        assert service.wait() == 78
    assert "DANDELION_LOG_URI: " in "".join(service.log)
    assert "s3://bucket" in "".join(service.log)
