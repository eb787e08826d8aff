"""How much people are asked to review, as a pod counts it."""

from __future__ import annotations

from pathlib import Path

import pictures
from fakes.s3 import FakeS3
from given import uploads
from running.logging_service import (
    answer_elsewhere,
    eventually,
    label,
    logging_environment,
    metric,
    rows,
)
from running.service import started

SOON = {"DANDELION_LOG_FLUSH_SECONDS": "0.05"}
QUEUED = "dandelion_review_queued_total"


def test_what_people_are_asked_to_review_is_counted_once_it_is_in_the_log(
    s3: FakeS3, tmp_path: Path
) -> None:
    sources = ("sample", "correction", "drift")
    with started(
        logging_environment(s3, tmp_path) | SOON | {"DANDELION_REVIEW_SHARE": "1"}
    ) as service:
        service.wait_ready()
        assert [metric(service, QUEUED, source=source) for source in sources] == [0, 0, 0]
        blue = pictures.plain(pictures.BLUE)
        files = uploads.form(pictures.plain(pictures.GREEN), blue)
        answer = service.post("/predict", files=files).json()["id"]
        for index, shown in enumerate(("green", "red")):
            assert label(service, id=answer, index=index, label=shown).status_code == 202
        elsewhere = answer_elsewhere(service, True)
        assert label(service, id=elsewhere, label="red").status_code == 202
        eventually(lambda: len(rows(s3, "feedback")) == 3)
        eventually(lambda: metric(service, QUEUED, source="correction") == 2)
        assert [metric(service, QUEUED, source=source) for source in sources] == [2, 2, 0]


def test_where_nobody_reviews_nothing_is_counted_as_waiting(s3: FakeS3, tmp_path: Path) -> None:
    with started(logging_environment(s3, tmp_path) | SOON) as service:
        service.wait_ready()
        answer = service.post("/predict", content=pictures.plain(pictures.GREEN)).json()["id"]
        assert label(service, id=answer, label="red").status_code == 202
        eventually(lambda: len(rows(s3, "feedback")) == 1)
        eventually(lambda: metric(service, "dandelion_log_written_total", kind="feedback") == 1)
        assert f"{QUEUED}{{" not in service.metrics()
