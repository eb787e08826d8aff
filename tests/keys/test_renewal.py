"""A key is renewed while it is in use: nothing is lost, at a real MinIO, by the real clients."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3
from dandelion_inference.model.store import S3Store as ServedStore
from dandelion_inference.ports.settings import Settings
from dandelion_inference.ports.storage import S3Writer, StorageError
from dandelion_operator.api import naming
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location, s3

from tests.keys.given import given, mount, resource
from tests.keys.minio import Store

LAWN = resource("team-a", "lawn")
SWAPS = 0.01  # seconds


@contextmanager
def renewed_all_the_time(folder: Path, renew: Callable[[], None]) -> Iterator[None]:
    done = threading.Event()

    def swap() -> None:
        while not done.wait(SWAPS):
            renew()

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.fixture
def renewing(store: Store, folder: Path) -> Callable[[str], Callable[[], None]]:
    def of(purpose: str) -> Callable[[], None]:
        keys = [given(store, purpose, LAWN) for _ in range(2)]
        mount(folder, keys[0])

        def renew() -> None:
            keys.reverse()
            mount(folder, keys[0])

        return renew

    return of


Renewing = Callable[[str], Callable[[], None]]


def test_a_checkpoint_in_many_parts_arrives_whole(
    store: Store, folder: Path, tmp_path: Path, renewing: Renewing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "PART_BYTES", 5 * 1024 * 1024)
    renew = renewing(naming.TRAINING)
    written = s3.connect(store.url, "us-east-1", folder, "", attempts=1, pool=1)
    content = os.urandom(32 * 1024 * 1024)
    (tmp_path / "checkpoint").write_bytes(content)
    place = Location.parse("s3://models/team-a/lawn/run/checkpoint")
    with renewed_all_the_time(folder, renew):
        written.write(place, tmp_path / "checkpoint", "application/octet-stream")
        assert written.read(place) == content


def test_every_row_of_the_log_is_written(
    store: Store, folder: Path, renewing: Renewing, settings: Settings
) -> None:
    renew = renewing(naming.LOG)
    writer = S3Writer(settings, urllib3.Timeout(60))
    wanted = {f"team-a/lawn/predictions/{number}" for number in range(200)}
    with renewed_all_the_time(folder, renew):
        for name in sorted(wanted):
            writer.write("predictions", name, b"a row", "application/gzip")
    assert wanted <= store.names("predictions")


def test_a_model_is_read_whole(
    store: Store, folder: Path, renewing: Renewing, settings: Settings
) -> None:
    renew = renewing(naming.INFERENCE)
    store.put("s3://models/team-a/lawn/run/weights")
    served = ServedStore(settings)
    with renewed_all_the_time(folder, renew):
        for _ in range(100):
            found = b"".join(served.read("models", "team-a/lawn/run/weights"))
            assert found == b"s3://models/team-a/lawn/run/weights"


def test_a_serving_pod_can_not_write_what_it_serves(
    store: Store, folder: Path, renewing: Renewing, settings: Settings
) -> None:
    renewing(naming.INFERENCE)
    with pytest.raises(StorageError, match="AccessDenied"):
        S3Writer(settings, urllib3.Timeout(60)).write(
            "models", "team-a/lawn/run/contract.json", b"{}", "application/json"
        )


def test_a_session_token_that_is_another_keys_is_refused_in_words(
    store: Store, folder: Path
) -> None:
    mount(folder, given(store, naming.TRAINING, LAWN))
    (folder / "..data" / "AWS_SESSION_TOKEN").write_text("changed")
    read = s3.connect(store.url, "us-east-1", folder, "", attempts=1, pool=1)
    with pytest.raises(TrainingFailure) as refused:
        read.read(Location.parse("s3://models/team-a/lawn/run/x"))
    assert refused.value.reason is Reason.CREDENTIALS_REJECTED


@pytest.fixture
def settings(store: Store, folder: Path) -> Settings:
    return Settings.model_validate(
        {
            "model_namespace": "team-a",
            "model_name": "lawn",
            "model_version": "1",
            "artifact_uri": "s3://models/team-a/lawn/run",
            "contract_digest": "sha256:" + "0" * 64,
            "s3_endpoint": store.url,
            "s3_credentials_dir": folder,
            "log_credentials_dir": folder,
        }
    )
