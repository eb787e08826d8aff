"""The review service as a process between a console, a real MinIO and a real API server, over a
log that serving's own code wrote.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from dandelion_inference.answer.prediction import Prediction
from dandelion_inference.journal import Journal
from dandelion_inference.journal.rows import Correlation, Took
from dandelion_inference.ports.metrics import Metrics
from dandelion_inference.ports.settings import Settings
from dandelion_local import places
from dandelion_training.ports.callers import AUDIENCE
from PIL import Image

from tests.api.server import ApiServer, free_ports
from tests.chart.rendering import NAMESPACE, WITH_THE_CONSOLE, render
from tests.console.served import START_SECONDS, TEAM, Console, administrator, put, serving
from tests.console.statuses import ready
from tests.keys.minio import Store

CLASSES = ("daisy", "dandelion", "grass")
CONTRACT = f"sha256:{'3' * 64}"
REVIEWERS = ("ada", "bob")
SERVICE, CONSOLE = "dandelion-review", "dandelion-console"
SOURCES = (places.REPOSITORY / "training-job/src", places.REPOSITORY / "inference/pictures/src")
TOOK = Took(0.001, 0.002, 0.003)


@dataclass(frozen=True)
class Reviewing:
    """`url` and `log` are those of the service itself."""

    console: Console
    store: Store
    url: str
    log: Path

    def model(self, name: str, **spec: Any) -> str:
        """One whose answers are reviewed; its uid."""
        reviewed = {"feedback": {"mode": "Review"}, "serving": {"logging": {"images": True}}}
        put(self.console.api, name, TEAM, ready(), **reviewed | spec)
        found = administrator(self.console.api, "GET", f"{TEAM}/modeldeployments/{name}")
        return str(found["metadata"]["uid"])

    def answers(
        self, name: str, uid: str, count: int, share: float = 1.0, images: Sequence[bytes] = ()
    ) -> list[str]:
        """What a pod wrote down of so many images, the first of which somebody corrected. Of
        `images`, where they are given, else of pictures like no other.
        """
        return logged(self.store, name, uid, count, share, images)

    def accuracy(self, name: str) -> list[str]:
        """What `review accuracy` prints."""
        done = subprocess.run(
            [
                *(sys.executable, "-m", "dandelion_training", "review", "accuracy"),
                *("--model", f"{TEAM}/{name}"),
            ],
            env=_environment(self.store),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def decisions(self, name: str) -> int:
        """How many objects of decisions there are."""
        folder = f"{TEAM}/{name}/decisions/"
        return len([each for each in self.store.names("models") if each.startswith(folder)])


def logged(
    store: Store, name: str, uid: str, count: int, share: float, images: Sequence[bytes] = ()
) -> list[str]:
    """As `Reviewing.answers`; with a share of 0 the first of them is corrected."""
    with _journal(store, name, uid, share) as journal:
        made = []
        for number in range(count):
            answer = journal.new_id([True])
            content = images[number] if images else picture(number, name)
            records = journal.upload_records([content])
            records[0].compute_digest()
            scores = dict(zip(CLASSES, (0.2, 0.7 - number / 100, 0.1), strict=True))
            answered = [Prediction("dandelion", scores["dandelion"], scores, None, None)]
            correlation = Correlation("r-1", None, None, 200)
            journal.predicted(
                *(answer, "int8", CLASSES, answered, 0.01, [TOOK], correlation, records)
            )
            made.append(answer)
        if share == 0:
            assert journal.labelled(made[0], "3", 0, "grass", None)
    return made


def picture(number: int, name: str) -> bytes:
    """Like no other one."""
    colour = (40 + 37 * number % 200, 120 + len(name), 60)
    content = io.BytesIO()
    Image.new("RGB", (320, 200 + number), colour).save(content, "PNG")
    return content.getvalue()


@contextmanager
def _journal(store: Store, name: str, uid: str, share: float) -> Iterator[Journal]:
    told = {
        "model_name": name,
        "model_namespace": TEAM,
        "model_uid": uid,
        "model_version": "3",
        "artifact_uri": f"s3://models/{TEAM}/{name}/run3/artifact",
        "contract_digest": CONTRACT,
        "s3_endpoint": store.url,
        "log_uri": "s3://predictions",
        "log_credentials_dir": store.keys / "logs",
        "log_images": True,
        "log_end_seconds": 60,
        "grace_seconds": 240,
        "review_share": share,
    }
    settings = Settings.model_validate(told)
    journal = Journal(settings, Metrics(settings))
    journal.start()
    yield journal
    journal.close()


def _environment(store: Store) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": ":".join(map(str, SOURCES)),
        "DANDELION_LOG_URI": "s3://predictions",
        "DANDELION_DECISIONS_URI": "s3://models",
        "DANDELION_S3_ENDPOINT": store.url,
        "DANDELION_S3_CREDENTIALS_DIR": str(store.keys / "training"),
    }


def accounts(api: ApiServer) -> None:
    """The service's account and role, and people who may review."""
    of_chart = [
        dict(item.content)
        for item in render(WITH_THE_CONSOLE)
        if (item.name, item.content["kind"])
        in {
            *((SERVICE, kind) for kind in ("ServiceAccount", "ClusterRole", "ClusterRoleBinding")),
            ("dandelion-reviewer", "ClusterRole"),
        }
    ]
    api.apply(yaml.safe_dump_all(of_chart), "--server-side")
    for account in REVIEWERS:
        api.kubectl("create", "serviceaccount", account, "-n", TEAM)
        bound = ("--clusterrole=dandelion-reviewer", f"--serviceaccount={TEAM}:{account}")
        api.kubectl("create", "rolebinding", f"reviewer-{account}", "-n", TEAM, *bound)


def token(api: ApiServer, account: str, *options: str) -> str:
    return api.kubectl("create", "token", account, "-n", NAMESPACE, *options).strip()


@contextmanager
def reviewing(api: ApiServer, store: Store, folder: Path) -> Iterator[Reviewing]:
    """Both processes, each with the token that its pod would have."""
    accounts(api)
    (port,) = free_ports(1)
    url, log, account = f"http://127.0.0.1:{port}", folder / "review.log", folder / "account"
    account.mkdir()
    (account / "token").write_text(token(api, SERVICE))
    (account / "ca.crt").write_bytes(api.authority.read_bytes())
    (folder / "review-token").write_text(token(api, CONSOLE, f"--audience={AUDIENCE}"))
    told = _environment(store) | {
        "DANDELION_REVIEW_CALLER": f"system:serviceaccount:{NAMESPACE}:{CONSOLE}",
        "DANDELION_SERVICE_ACCOUNT_DIR": str(account),
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(api.port),
    }
    command = [sys.executable, "-m", "dandelion_training", "review", "serve"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            env=told,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(url, process, log)
        told_console = {"review_url": url, "review_token_file": str(folder / "review-token")}
        with serving(api, folder, **told_console) as console:
            yield Reviewing(console, store, url, log)
    finally:
        process.terminate()
        assert process.wait(30) == 0, log.read_text()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{url}/healthz", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())
