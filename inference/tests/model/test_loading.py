"""How the service comes up, and what it says while it cannot."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from dandelion_inference.errors import LoadError, Reason
from dandelion_inference.model.loader import PAUSES, pause
from dandelion_inference.model.store import S3Store
from fakes.s3 import FakeS3
from given import artifacts
from running.loading import Loading, load, settings
from running.service import Service


def test_a_secret_without_its_keys_is_named(s3: FakeS3, tmp_path: Path) -> None:
    stored = artifacts.stored()
    given = settings(stored, s3.url, tmp_path)
    (tmp_path / "credentials" / "AWS_SECRET_ACCESS_KEY").unlink()
    with pytest.raises(LoadError) as failed:
        list(S3Store(given).read("models", "x"))
    assert failed.value.reason is Reason.CREDENTIALS_REJECTED
    assert "AWS_SECRET_ACCESS_KEY" in failed.value.detail


def test_an_unreachable_endpoint_is_named(tmp_path: Path) -> None:
    store = S3Store(settings(artifacts.stored(), "http://127.0.0.1:1", tmp_path))
    with pytest.raises(LoadError) as failed:
        list(store.read("models", "x"))
    assert failed.value.reason is Reason.STORAGE_UNREACHABLE
    assert "http://127.0.0.1:1" in failed.value.detail
    assert "refused" in failed.value.detail


def test_an_endpoint_that_is_no_object_store_is_named(
    running_service: Service, tmp_path: Path
) -> None:
    store = S3Store(settings(artifacts.stored(), running_service.url, tmp_path))
    with pytest.raises(LoadError) as failed:
        list(store.read("models", "x"))
    assert failed.value.reason is Reason.STORAGE_UNREACHABLE
    assert "S3" in failed.value.detail


def test_a_ca_bundle_that_is_none_is_named(tmp_path: Path) -> None:
    given = settings(artifacts.stored(), "https://127.0.0.1:1", tmp_path)
    with pytest.raises(LoadError) as failed:
        S3Store(given.model_copy(update={"s3_ca_bundle": "not a certificate"}))
    assert failed.value.reason is Reason.STORAGE_UNREACHABLE
    assert "CA bundle" in failed.value.detail


def test_an_endpoint_that_does_not_speak_tls_is_named(s3: FakeS3, tmp_path: Path) -> None:
    endpoint = s3.url.replace("http:", "https:")
    with pytest.raises(LoadError) as failed:
        list(S3Store(settings(artifacts.stored(), endpoint, tmp_path)).read("models", "x"))
    assert failed.value.reason is Reason.STORAGE_UNREACHABLE
    assert "SSL" in failed.value.detail


def test_an_endpoint_with_a_path_is_named(s3: FakeS3, tmp_path: Path) -> None:
    store = S3Store(settings(artifacts.stored(), f"{s3.url}/minio", tmp_path))
    with pytest.raises(LoadError) as failed:
        list(store.read("models", "x"))
    assert "endpoint" in failed.value.detail


@pytest.mark.parametrize("failure", ["503", "cut"])
def test_a_store_that_fails_for_a_moment_is_tried_again(
    failure: str, s3: FakeS3, tmp_path: Path
) -> None:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    s3.failures += ["", failure]
    reasons = Loading(stored, s3, tmp_path).until_ready()
    assert reasons == [Reason.LOADING, Reason.STORAGE_UNREACHABLE]
    # Fetched once and proven, the contract is not fetched again.
    names = [path.rsplit("/", 1)[1] for path in s3.requests]
    assert names == ["contract.json", "model.onnx", "model.onnx"]


def test_an_artifact_that_appears_late_is_picked_up(s3: FakeS3, tmp_path: Path) -> None:
    stored = artifacts.stored()
    s3.objects["/models/other"] = b""
    loading = Loading(stored, s3, tmp_path)

    def ready() -> bool:
        if Reason.ARTIFACT_MISSING in [obstacle.reason for obstacle in loading.readiness.obstacles]:
            s3.objects.update(stored.objects())
        return loading.readiness.model is not None

    loading.until(ready)


def test_loading_ends_when_the_service_does(s3: FakeS3, tmp_path: Path) -> None:
    loading = Loading(artifacts.stored(), s3, tmp_path)
    loading.until(lambda: loading.readiness.obstacle.reason is Reason.ARTIFACT_MISSING)
    assert "loader" not in [thread.name for thread in threading.enumerate()]


def test_a_restart_needs_no_object_store_for_files_that_it_has(s3: FakeS3, tmp_path: Path) -> None:
    stored = artifacts.stored()
    load(stored, s3, tmp_path)
    s3.objects.clear()
    assert Loading(stored, s3, tmp_path).until_ready() == [Reason.LOADING]


def test_a_file_that_changed_on_disk_is_fetched_again(s3: FakeS3, tmp_path: Path) -> None:
    stored = artifacts.stored()
    home = tmp_path / "artifact" / stored.digest.removeprefix("sha256:")
    home.mkdir(parents=True)
    (home / "contract.json").write_bytes(b"{}")
    (home / "model.onnx").write_bytes(b"rotten")
    load(stored, s3, tmp_path)
    assert (home / "model.onnx").read_bytes() == stored.files["model.onnx"]


def test_weights_that_only_training_needs_are_not_fetched(s3: FakeS3, tmp_path: Path) -> None:
    load(artifacts.stored(), s3, tmp_path)
    assert not any(path.endswith(".safetensors") for path in s3.requests)


def test_a_full_or_unwritable_disk_is_named_and_not_fatal(s3: FakeS3, tmp_path: Path) -> None:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    blocked = tmp_path / "artifact"
    blocked.write_bytes(b"a file where the folder should be")
    loading = Loading(stored, s3, tmp_path)

    def ready() -> bool:
        if loading.readiness.obstacle.reason is Reason.STORAGE_UNREACHABLE and blocked.is_file():
            blocked.unlink()
        return loading.readiness.model is not None

    loading.until(ready)


@pytest.mark.parametrize("reason", PAUSES)
def test_attempts_get_rarer_but_never_end(reason: Reason) -> None:
    pauses = [pause(reason, failures) for failures in range(1, 2000)]
    assert pauses == sorted(pauses)
    assert 0 < pauses[0] <= pauses[-1] <= 60
