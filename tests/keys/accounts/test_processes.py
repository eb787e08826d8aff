"""Pods as the operator makes them where there are no keys, as processes: a trial that trains and a
service, for longer than a key lives.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pictures
from dandelion_operator.api.access.identity import Identity
from dandelion_operator.api.location import Target, location
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from given import artifacts, uploads
from PIL import Image
from running.service import started

from tests.keys.accounts.conftest import Made
from tests.keys.accounts.given import LIFE, Pod, installation
from tests.keys.minio import Store

SEARCH = {"parameters": {"learningRate": {"min": 0.0001, "max": 0.01}}, "maxTrials": 2}
PATIENCE = 300


def resource(**spec: Any) -> Resource:
    metadata = {"namespace": "team-a", "name": "lawn", "uid": "u", "generation": 1}
    dataset = {"storageUri": "s3://datasets/team-a/lawn"}
    found = parse({"metadata": metadata, "spec": {"dataset": dataset} | spec})
    assert isinstance(found, Resource)
    return found


def told(template: dict[str, Any], given: Pod, store: Store, **others: str) -> dict[str, str]:
    """The environment of the pod's container, once a webhook has seen it."""
    (container,) = template["containers"]
    names = {item["name"]: item for item in container["env"]}
    assert names["DANDELION_S3_ACCOUNT"]["valueFrom"]  # which Kubernetes fills in
    written = {name: str(item["value"]) for name, item in names.items() if "value" in item}
    assert written["DANDELION_S3_STS_ENDPOINT"] == store.url
    return {**written, **given.environment, **others}


def put_images(store: Store) -> None:
    chance = np.random.default_rng(1)
    for name, colour in (("daisy", 0), ("grass", 1)):
        for number in range(12):
            pixels = chance.integers(0, 90, (48, 48, 3), dtype=np.uint8)
            pixels[:, :, colour] += 150
            content = io.BytesIO()
            Image.fromarray(pixels).save(content, "PNG")
            data = content.getvalue()
            key = f"team-a/lawn/{name}/{number}.png"
            store.root.put_object("datasets", key, io.BytesIO(data), len(data))


def until_there_is_a_file_in(folder: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    # Which is no matter of folders that come and go while they are looked through.
    while not any(files for _, _, files in os.walk(folder)):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_trial_trains_for_longer_than_a_key_lives(
    trusting: Store, pod: Made, tmp_path: Path
) -> None:
    given = pod("training")
    put_images(trusting)
    training = {"epochs": 3, "batchSize": 4, "imageSize": 32, "architecture": "resnet18"}
    wanted = resource(training=training | {"search": SEARCH})
    defaults = replace(installation(trusting), identity=Identity())
    run = StartTraining(uuid.uuid4().hex, "hash1", "Created", "images-1", "none", searching=True)
    job = builders.job(wanted, run, location(wanted, defaults), defaults)
    template = job["spec"]["template"]["spec"]
    (tmp_path / "work").mkdir()
    others = {
        "DANDELION_WORK_DIR": str(tmp_path / "work"),
        "DANDELION_S3_CREDENTIALS_DIR": str(tmp_path / "none"),
        "DANDELION_CHECKPOINT_SECONDS": "6",
        "DANDELION_METRICS_PORT": "0",
        "DANDELION_TERMINATION_LOG": str(tmp_path / "end"),
        "JOB_COMPLETION_INDEX": "0",
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "OMP_NUM_THREADS": "1",
    }
    with subprocess.Popen(
        [sys.executable, *template["containers"][0]["command"][1:]],
        env=told(template, given, trusting, **others),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as trial:
        # However fast the machine is: it has read by a key, and writes after that one's end.
        until_there_is_a_file_in(tmp_path / "work", trial)
        trial.send_signal(signal.SIGSTOP)
        time.sleep(LIFE + 1)
        trial.send_signal(signal.SIGCONT)
        output, _ = trial.communicate(timeout=PATIENCE)
    assert trial.returncode == 0, output[-5000:]
    names = trusting.names("models")
    assert any(name.endswith(f"{run.run}/search/trials/0/result.json") for name in names)
    assert "secret" not in output.lower()
    if "AWS_CONTAINER_CREDENTIALS_FULL_URI" in given.environment:
        assert given.asked >= 2


def test_a_service_loads_and_logs_for_longer_than_a_key_lives(
    trusting: Store, pod: Made, tmp_path: Path
) -> None:
    given = pod("inference")
    artifact = artifacts.stored()
    for path, data in artifact.objects().items():
        bucket, _, key = path.removeprefix("/").partition("/")
        trusting.root.put_object(bucket, key, io.BytesIO(data), len(data))
    wanted = resource()
    defaults = replace(installation(trusting), identity=Identity(), log_uri="s3://predictions")
    target = Target(3, artifact.uri, artifact.digest)
    made = builders.deployment(wanted, target, location(wanted, defaults), defaults)
    others = {
        "DANDELION_S3_CREDENTIALS_DIR": str(tmp_path / "none"),
        "DANDELION_LOG_CREDENTIALS_DIR": str(tmp_path / "signing"),
        "DANDELION_LOG_FLUSH_SECONDS": "0.2",
        "DANDELION_ARTIFACT_DIR": str(tmp_path / "artifact"),
        "DANDELION_HOST": "127.0.0.1",
        "DANDELION_PORT": "0",
        "DANDELION_PROBES_PORT": "0",
        "DANDELION_MEMORY_BYTES": str(1024 * 1024 * 1024),
    }
    (tmp_path / "signing").mkdir()
    (tmp_path / "signing" / "SIGNING_KEY").write_text("ab" * 32)
    answers = []
    with started(told(made["spec"]["template"]["spec"], given, trusting, **others)) as service:
        service.wait_ready()
        end = time.monotonic() + LIFE + 4
        while time.monotonic() < end:
            answer = service.post("/predict", files=uploads.form(pictures.plain(pictures.GREEN)))
            assert answer.status_code == 200, answer.text
            answers.append(answer.headers["Dandelion-Answer-Id"])
            time.sleep(0.5)
        service.terminate()
        assert service.wait() == 0
        log = "".join(service.log)
    assert "hold for this pod alone" not in log  # it signs with what lies there, without a key
    logged = [
        json.loads(line)["id"]
        for name in sorted(trusting.names("predictions"))
        if name.endswith(".gz")
        for line in gzip.decompress(
            trusting.root.get_object("predictions", name).read()
        ).splitlines()
    ]
    assert set(answers) <= set(logged)
