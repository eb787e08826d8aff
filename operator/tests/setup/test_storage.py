"""The set-up Job: buckets and least privilege, again and again, and clear words where it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dandelion_operator.ports.s3.credentials import CredentialsError
from dandelion_operator.setup.storage import SetupError, SetupSettings, policies, set_up
from fakes.s3 import FakeS3, serving


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    with serving() as server:
        yield server


@pytest.fixture
def settings(s3: FakeS3, tmp_path: Path) -> SetupSettings:
    for use in ("training", "inference", "mlflow", "logs"):
        (tmp_path / use).mkdir()
        (tmp_path / use / "AWS_ACCESS_KEY_ID").write_text(use)
        (tmp_path / use / "AWS_SECRET_ACCESS_KEY").write_text(f"{use}-secret")
    return SetupSettings(s3_endpoint=s3.endpoint, credentials_dir=tmp_path)


def test_an_endpoint_of_the_users_own_gets_its_buckets(s3: FakeS3, settings: SetupSettings) -> None:
    set_up(settings)
    assert set(s3.buckets) == {"datasets", "models", "mlflow"}


def test_again_it_changes_nothing(s3: FakeS3, settings: SetupSettings) -> None:
    set_up(settings)
    s3.put("models", "kept")
    s3.requests.clear()
    set_up(settings)
    assert not [item for item in s3.requests if item.startswith("PUT")]
    assert "kept" in s3.buckets["models"]


def test_a_bucket_that_may_not_be_made_is_named(s3: FakeS3, settings: SetupSettings) -> None:
    s3.may_make_buckets = False
    with pytest.raises(SetupError, match="the training keys may neither find nor make the bucket"):
        set_up(settings)


def test_keys_that_are_not_mounted_are_named(settings: SetupSettings) -> None:
    (settings.credentials_dir / "mlflow" / "AWS_SECRET_ACCESS_KEY").unlink()
    with pytest.raises(CredentialsError, match="mlflow/AWS_SECRET_ACCESS_KEY"):
        set_up(settings)


@pytest.fixture
def logging(settings: SetupSettings) -> SetupSettings:
    return settings.model_copy(update={"predictions_bucket": "predictions"})


def test_a_log_gets_its_bucket_where_there_is_to_be_one(s3: FakeS3, logging: SetupSettings) -> None:
    set_up(logging)
    assert set(s3.buckets) == {"datasets", "models", "mlflow", "predictions"}


def test_a_log_is_tried_by_writing_because_its_key_may_do_nothing_else(
    s3: FakeS3, logging: SetupSettings
) -> None:
    s3.buckets["predictions"] = {}
    set_up(logging)
    asked = [item for item in s3.requests if "/predictions" in item]
    assert asked
    assert all(item.startswith("PUT /predictions/") for item in asked)


def test_a_log_that_may_not_be_written_is_named(s3: FakeS3, logging: SetupSettings) -> None:
    s3.read_only.add("predictions")
    s3.buckets["predictions"] = {}
    with pytest.raises(SetupError, match=r"the logs keys may not write to the bucket predictions"):
        set_up(logging)


def test_inference_may_only_read_and_training_writes_nothing_but_models(
    settings: SetupSettings,
) -> None:
    granted = {
        use: {
            (action, resource)
            for statement in policy["Statement"]
            for action in statement["Action"]
            for resource in statement["Resource"]
        }
        for use, policy in policies(settings).items()
    }
    inference = granted["inference"]
    assert {action for action, _ in inference} == {
        "s3:GetObject",
        "s3:ListBucket",
        "s3:GetBucketLocation",
    }
    assert {resource for _, resource in inference} == {
        "arn:aws:s3:::models/*",
        "arn:aws:s3:::models",
    }
    written = {
        resource
        for action, resource in granted["training"]
        if "Put" in action or "Delete" in action
    }
    assert written == {"arn:aws:s3:::models/*"}


def test_the_logs_key_may_write_one_bucket_and_read_none(logging: SetupSettings) -> None:
    (statement,) = policies(logging)["logs"]["Statement"]
    assert statement["Action"] == ["s3:PutObject"]
    assert statement["Resource"] == ["arn:aws:s3:::predictions/*"]
