"""What a pod says of itself while it cannot serve, and why it ends at once where it never could."""

from __future__ import annotations

from pathlib import Path

import pictures
import pytest
from dandelion_inference.errors import Reason
from fakes.s3 import FakeS3
from given import artifacts
from running.logging_service import logging_environment
from running.service import Service, environment, started


@pytest.mark.parametrize(
    ("graph", "reason"),
    [(None, Reason.DIGEST_MISMATCH), (b"not a graph", Reason.MODEL_INVALID)],
    ids=["wrong digest", "no graph"],
)
def test_a_service_with_a_bad_artifact_lives_and_says_why_it_does_not_serve(
    graph: bytes | None, reason: Reason, s3: FakeS3, tmp_path: Path
) -> None:
    stored = artifacts.stored(graph)
    if reason is Reason.DIGEST_MISMATCH:
        artifacts.changed_contract(stored)
    s3.objects.update(stored.objects())
    with started(environment(stored, s3.url, tmp_path)) as service:
        assert service.wait_for(503, reason)["detail"]
        refuses_but_lives(service)


def refuses_but_lives(service: Service) -> None:
    answer = service.post("/predict", content=pictures.plain())
    assert answer.status_code == 503
    assert answer.json()["code"] == "NotReady"
    assert answer.headers["Retry-After"] == "1"
    assert service.probe("/healthz").status_code == 200
    assert "dandelion_model_info{" not in service.metrics()


def test_rejected_credentials_are_named_and_a_corrected_secret_is_picked_up(
    s3: FakeS3, tmp_path: Path
) -> None:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    with started(environment(stored, s3.url, tmp_path, access_key="wrong")) as service:
        detail = service.wait_for(503, Reason.CREDENTIALS_REJECTED)["detail"]
        assert "InvalidAccessKeyId" in detail
        refuses_but_lives(service)
        environment(stored, s3.url, tmp_path)  # writes the right key where the wrong one was
        service.wait_ready()
        log = "".join(service.log)
    assert "reader-secret" not in log


WRONG = {
    "DANDELION_ARTIFACT_URI": "http://models/x",
    "DANDELION_CONTRACT_DIGEST": "md5:abc",
    "DANDELION_S3_ENDPOINT": "minio:9000",
    "DANDELION_MAX_UPLOAD_BYTES": "many",
}


@pytest.mark.parametrize("variable", WRONG)
def test_a_wrong_variable_is_named_and_its_value_is_not_shown(
    variable: str, tmp_path: Path
) -> None:
    wanted = environment(artifacts.stored(), "http://127.0.0.1:1", tmp_path)
    with started(wanted | {variable: WRONG[variable]}) as service:
        assert service.wait() == 78
    [line] = service.log
    assert variable in line
    assert WRONG[variable] not in line


def test_a_pod_that_cannot_know_its_token_reviewer_says_so(s3: FakeS3, tmp_path: Path) -> None:
    wanted = logging_environment(s3, tmp_path) | {"DANDELION_AUTH": "ClusterTokens"}
    with started(wanted) as service:
        assert service.wait() == 78
    assert "DANDELION_TOKEN_REVIEWER_URL" in "".join(service.log)
    assert "DANDELION_:" not in "".join(service.log)
