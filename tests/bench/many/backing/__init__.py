"""What the operator works with: API server and etcd, MLflow and MinIO, each a process on loopback.

Where resources are to serve, controllers and kwok's nodes besides. Else nothing that is asked for
runs.
"""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from dandelion_local import places, tools
from minio import Minio

from tests.api.server import ApiServer, KubectlError, free_ports, running
from tests.bench.many.backing.nodes import BINARIES, nodes
from tests.bench.many.backing.processes import Running, started
from tests.bench.many.backing.services import PORT
from tests.bench.many.models import BUCKET, Version
from tests.bench.many.scenarios import DATASET, Scenario
from tests.chart.rendering import template

START_SECONDS = 120
KEY = "benchmark"
SECRET = "benchmark-secret"  # of a MinIO on loopback that ends with the measurement
NAMESPACE = "dandelion-system"
# Where the Makefile put the packages of the MLflow image.
MLFLOW = "DANDELION_BENCH_MLFLOW"
# Loopback addresses all, so that a Service can be asked; `services` answers.
SERVICES = "127.96.0.0/16"
UPLOADS_AT_A_TIME = 8


@dataclass(frozen=True)
class Backing:
    """`parts`: the processes beside the operator, by whose share of the machine is told apart."""

    folder: Path
    api: ApiServer
    parts: Mapping[str, list[Running]]
    mlflow_url: str
    minio_url: str

    @contextmanager
    def operator(self) -> Iterator[tuple[Running, str]]:
        """The operator and the address of its metrics."""
        health, metrics = free_ports(2)
        credentials = self.folder / "credentials"
        credentials.mkdir(exist_ok=True)
        (credentials / "AWS_ACCESS_KEY_ID").write_text(KEY)
        (credentials / "AWS_SECRET_ACCESS_KEY").write_text(SECRET)
        settings = {
            "OPERATOR_NAMESPACE": NAMESPACE,
            "POD_NAME": "operator",
            "TRAINING_IMAGE": "training:1",
            "INFERENCE_IMAGE": "inference:1",
            "MLFLOW_TRACKING_URI": self.mlflow_url,
            "S3_ENDPOINT": self.minio_url,
            "TRAINING_CREDENTIALS_DIR": str(credentials),
            "INFERENCE_CREDENTIALS_DIR": str(credentials),
            "HEALTH_PORT": str(health),
            "METRICS_PORT": str(metrics),
        }
        env = {f"DANDELION_{name}": value for name, value in settings.items()} | {
            "KUBECONFIG": str(self.api.kubeconfig),
            "PYTHONPATH": str(places.REPOSITORY / "operator" / "src"),
        }
        arguments = [sys.executable, "-m", "dandelion_operator"]
        with started(arguments, self.folder / "operator.log", env) as operator:
            yield operator, f"http://127.0.0.1:{metrics}/metrics"

    def provide(self, versions: Sequence[Version]) -> None:
        """Uploads the artifacts, and registers the versions by way of MLflow's own store."""
        client = _client(self.minio_url)

        def upload(item: tuple[str, bytes]) -> None:
            name, content = item
            client.put_object(BUCKET, name, io.BytesIO(content), len(content))

        with ThreadPoolExecutor(UPLOADS_AT_A_TIME) as pool:
            list(pool.map(upload, (item for one in versions for item in one.objects.items())))
        script = Path(__file__).with_name("register.py")
        lines = (
            json.dumps(
                {
                    "model": item.model,
                    "source": item.source,
                    "tags": dict(item.tags),
                    "champion": item.champion,
                }
            )
            for item in versions
        )
        subprocess.run(
            [_mlflow_bin() / "python", script, f"sqlite:///{self.folder / 'mlflow.db'}"],
            input="\n".join(lines),
            text=True,
            check=True,
            capture_output=True,
        )


def _mlflow_bin() -> Path:
    return Path(os.environ[MLFLOW])


@contextmanager
def backing(folder: Path, scenario: Scenario, resources: int) -> Iterator[Backing]:
    binaries = ["kube-apiserver", "etcd", "kubectl", "helm", "minio"]
    tools.ensure(tools.holding([*binaries, *(BINARIES if scenario.cluster else ())]))
    (folder / "api").mkdir()
    with ExitStack() as stack:
        api = stack.enter_context(running(folder / "api", SERVICES))
        api.apply(template({}, "--show-only", "templates/crd.yaml"), "--server-side")
        _await_storage(api)
        api.kubectl("create", "namespace", NAMESPACE)
        minio, minio_url = _minio(folder, stack)
        mlflow, mlflow_url = _mlflow(folder, stack)
        parts = {
            "API server and etcd": [Running(item, api.folder) for item in api.processes],
            "MLflow": [mlflow],
            "MinIO": [minio],
        }
        if scenario.cluster:
            parts |= nodes(api, folder, resources, stack)
            parts["in place of network and pods"] = [_services(api, folder, stack)]
        yield Backing(folder, api, parts, mlflow_url, minio_url)


def _await_storage(api: ApiServer) -> None:
    """The API server takes some seconds from a CRD to its storage."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            api.kubectl("get", "modeldeployments", "--all-namespaces")
            return
        except KubectlError:
            time.sleep(0.2)
    raise AssertionError("the API server serves no ModelDeployments")


def _minio(folder: Path, stack: ExitStack) -> tuple[Running, str]:
    (port,) = free_ports(1)
    running_minio = stack.enter_context(
        started(
            [tools.path("minio"), "server", folder / "minio", "--address", f"127.0.0.1:{port}"],
            folder / "minio.log",
            {"MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET, "MINIO_BROWSER": "off"},
        )
    )
    url = f"http://127.0.0.1:{port}"
    _await(f"{url}/minio/health/ready", running_minio)
    client = _client(url)
    bucket, _, dataset = DATASET.removeprefix("s3://").partition("/")
    for made in (BUCKET, bucket):
        client.make_bucket(made)
    for name in ("cat", "dog"):
        client.put_object(bucket, f"{dataset}/{name}/1.jpg", io.BytesIO(b"a photo"), 7)
    return running_minio, url


def _client(url: str) -> Minio:
    return Minio(urlsplit(url).netloc, access_key=KEY, secret_key=SECRET, secure=False)


def _services(api: ApiServer, folder: Path, stack: ExitStack) -> Running:
    script, url = Path(__file__).with_name("services.py"), f"https://127.0.0.1:{api.port}"
    found = stack.enter_context(
        started(
            [sys.executable, script, url, api.authority],
            folder / "services.log",
            {"PYTHONPATH": f"{places.REPOSITORY}{os.pathsep}{places.LOCAL}"},
        )
    )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found.check()
        try:
            socket.create_connection(("127.0.0.1", PORT), 1).close()
        except OSError:
            time.sleep(0.2)
            continue
        return found
    raise AssertionError(f"nothing listens on port {PORT} of the loopback addresses")


def _mlflow(folder: Path, stack: ExitStack) -> tuple[Running, str]:
    (port,) = free_ports(1)
    running_mlflow = stack.enter_context(
        started(
            [
                *(_mlflow_bin() / "python", "-m", "dandelion_mlflow"),
                *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
                *("--default-artifact-root", str(folder / "artifacts")),
            ],
            folder / "mlflow.log",
            {
                "PATH": f"{_mlflow_bin()}:{os.environ['PATH']}",
                "PYTHONPATH": str(places.REPOSITORY / "k8s" / "images" / "mlflow" / "src"),
                "DANDELION_MLFLOW_SQLITE_FILE": str(folder / "mlflow.db"),
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "DO_NOT_TRACK": "true",
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            },
        )
    )
    _await(f"http://127.0.0.1:{port}/health", running_mlflow)
    return running_mlflow, f"http://127.0.0.1:{port}"


def _await(url: str, process: Running) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < deadline:
            process.check()
            try:
                if client.get(url).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
    raise AssertionError(f"nothing answers at {url}")
