"""The process that reads images and trains nothing, at a real MinIO and with training's key:
it writes its dataset version and nothing else, and a second one finds nothing new.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.location import Defaults, location
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan.jobs import StartIngest
from dandelion_operator.ports.s3.documents.progress import read_progress
from dandelion_operator.seen.training import Progress

from tests.e2e.world import COLOURS, picture
from tests.keys.given import given, mount, resource
from tests.keys.minio import Store

READ = resource("team-a", "read")
FOLDER, OWN = "team-a/read", "team-a/read"


@pytest.fixture
def images(store: Store) -> None:
    for label in ("red", "blue"):
        for number in range(8):
            image = picture(COLOURS[label], number)
            name = f"{FOLDER}/{label}/{number}.png"
            store.root.put_object("datasets", name, io.BytesIO(image), len(image))


def content(store: Store, name: str) -> bytes:
    response = store.root.get_object("models", name)
    try:
        return bytes(response.read())
    finally:
        response.close()
        response.release_conn()


def ingest(store: Store, keys: Path, work: Path, start: StartIngest) -> tuple[int, Progress]:
    """As the operator has it run; its exit code, and what the operator reads of it."""
    defaults = Defaults(
        training_image="training:1",
        inference_image="inference:1",
        image_pull_policy="IfNotPresent",
        tracking_uri="http://127.0.0.1:9",
        s3_endpoint=store.url,
        s3_region="us-east-1",
        s3_bucket="models",
    )
    job = builders.ingest_job(READ, start, location(READ, defaults), defaults)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    told = {item["name"]: item["value"] for item in container["env"]}
    own = {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PATH": os.environ["PATH"],
        "OMP_NUM_THREADS": "1",
        "HOME": str(work),
        "DANDELION_WORK_DIR": str(work),
        "DANDELION_S3_CREDENTIALS_DIR": str(keys),
        "DANDELION_METRICS_PORT": "0",
    }
    done = subprocess.run(
        [sys.executable, *container["command"][1:]],
        env=told | own,
        check=False,
        capture_output=True,
        timeout=300,
    )
    place = f"{OWN}/{naming.ingest_folder(start.ingest)}/status.json"
    assert place in store.names("models"), done.stdout.decode()
    return done.returncode, read_progress("", content(store, place))


@pytest.mark.usefixtures("images")
def test_it_makes_a_version_once_and_writes_nothing_else(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    mount(folder, given(store, naming.TRAINING, READ))
    before = store.names("models")
    code, first = ingest(store, folder, tmp_path, StartIngest("1111111111", "none"))
    assert (code, first.state) == (0, "succeeded")
    made = first.dataset
    assert made is not None
    assert (made.images, made.classes) == (16, ("blue", "red"))
    assert all(
        name.startswith((f"{OWN}/datasets/", f"{OWN}/ingests/"))
        for name in store.names("models") - before
    )
    version = made.version.removeprefix("sha256:")
    report: dict[str, Any] = json.loads(content(store, f"{OWN}/datasets/{version}/report.json"))
    assert report["classes"]["red"]["train"] + report["classes"]["red"]["holdout"] == 8
    code, again = ingest(store, folder, tmp_path, StartIngest("2222222222", "none", made.version))
    assert (code, again.state) == (0, "succeeded")
    assert again.dataset is not None
    assert (again.dataset.version, again.dataset.since) == (made.version, made.version)
    assert again.dataset.changes == {}


def test_what_is_no_dataset_ends_it_for_good(store: Store, folder: Path, tmp_path: Path) -> None:
    for name in store.names("datasets"):
        if name.startswith(f"{FOLDER}/"):
            store.root.remove_object("datasets", name)
    mount(folder, given(store, naming.TRAINING, READ))
    code, told = ingest(store, folder, tmp_path, StartIngest("3333333333", "none"))
    assert (code, told.state, told.reason) == (64, "failed", "DatasetEmpty")
