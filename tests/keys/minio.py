"""A real MinIO as the chart sets it up: buckets, and a user and a policy for each purpose."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from dandelion_local import tools
from dandelion_operator.ports.s3.credentials import Credentials, from_folder
from dandelion_operator.setup.storage import SetupSettings, set_up
from minio import Minio

from tests.api.server import free_ports

ROOT = ("root-user", "root-password-of-a-test")
PURPOSES = ("training", "inference", "mlflow", "logs")
START_SECONDS, STOP_SECONDS = 60, 60


@dataclass(frozen=True)
class Store:
    """`root` reaches everything."""

    url: str
    keys: Path
    root: Minio

    def installation(self, purpose: str) -> Credentials:
        return from_folder(self.keys / purpose)

    def put(self, *uris: str) -> None:
        for uri in uris:
            bucket, _, name = uri.removeprefix("s3://").partition("/")
            self.root.put_object(bucket, name, io.BytesIO(uri.encode()), len(uri.encode()))

    def names(self, bucket: str) -> set[str]:
        found = self.root.list_objects(bucket, recursive=True)
        return {item.object_name or "" for item in found}


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Store]:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with (folder / "minio.log").open("wb") as log:
        process = subprocess.Popen(
            [tools.path("minio"), "server", folder / "data", "--address", f"127.0.0.1:{port}"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ
            | {"MINIO_ROOT_USER": ROOT[0], "MINIO_ROOT_PASSWORD": ROOT[1], "MINIO_BROWSER": "off"}
            | environment,
        )
    try:
        _await(f"{url}/minio/health/ready", process)
        yield _set_up(folder / "keys", url)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def _set_up(keys: Path, url: str) -> Store:
    for purpose in PURPOSES:
        _write(keys / purpose, "AWS_ACCESS_KEY_ID", f"dandelion-{purpose}")
        _write(keys / purpose, "AWS_SECRET_ACCESS_KEY", f"{purpose}-secret-of-a-test")
    _write(keys / "root", "rootUser", ROOT[0])
    _write(keys / "root", "rootPassword", ROOT[1])
    set_up(SetupSettings(s3_endpoint=url, predictions_bucket="predictions", credentials_dir=keys))
    host = urlsplit(url).netloc
    root = Minio(host, access_key=ROOT[0], secret_key=ROOT[1], secure=False)
    return Store(url, keys, root)


def _write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "MinIO has ended"
        try:
            if httpx.get(url).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("MinIO does not get ready")
