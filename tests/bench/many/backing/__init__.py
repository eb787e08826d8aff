"""What the operator works with: API server and etcd, MLflow and MinIO, each a process on loopback.

Nodes, kubelets and controllers are missing, so nothing that is asked for runs: resources are
suspended, as those at rest are, and their models lie in MLflow's registry.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from dandelion_local import places, tools
from minio import Minio

from tests.api.server import ApiServer, KubectlError, free_ports, running
from tests.bench.many.processes import Running, started
from tests.chart.rendering import template

START_SECONDS = 120
KEY = "benchmark"
SECRET = "benchmark-secret"  # of a MinIO on loopback that ends with the measurement
NAMESPACE = "dandelion-system"
# Where the Makefile put the packages of the MLflow image.
MLFLOW = "DANDELION_BENCH_MLFLOW"


@dataclass(frozen=True)
class Backing:
    folder: Path
    api: ApiServer
    mlflow: Running
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

    def register(self, names: list[str]) -> None:
        """A model with one version each, by way of MLflow's own store."""
        script = Path(__file__).with_name("register.py")
        subprocess.run(
            [_mlflow_bin() / "python", script, f"sqlite:///{self.folder / 'mlflow.db'}"],
            input="\n".join(names),
            text=True,
            check=True,
            capture_output=True,
        )


def _mlflow_bin() -> Path:
    return Path(os.environ[MLFLOW])


@contextmanager
def backing(folder: Path) -> Iterator[Backing]:
    tools.ensure(tools.holding(["kube-apiserver", "etcd", "kubectl", "helm", "minio"]))
    (folder / "api").mkdir()
    with ExitStack() as stack:
        api = stack.enter_context(running(folder / "api"))
        api.apply(template({}, "--show-only", "templates/crd.yaml"), "--server-side")
        _await_storage(api)
        api.kubectl("create", "namespace", NAMESPACE)
        minio = _minio(folder, stack)
        mlflow, url = _mlflow(folder, stack)
        yield Backing(folder, api, mlflow, url, minio)


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


def _minio(folder: Path, stack: ExitStack) -> str:
    (port,) = free_ports(1)
    stack.enter_context(
        started(
            [tools.path("minio"), "server", folder / "minio", "--address", f"127.0.0.1:{port}"],
            folder / "minio.log",
            {"MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET, "MINIO_BROWSER": "off"},
        )
    )
    _await(f"http://127.0.0.1:{port}/minio/health/ready")
    client = Minio(f"127.0.0.1:{port}", access_key=KEY, secret_key=SECRET, secure=False)
    for bucket in ("models", "datasets"):
        client.make_bucket(bucket)
    return f"http://127.0.0.1:{port}"


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
    _await(f"http://127.0.0.1:{port}/health")
    return running_mlflow, f"http://127.0.0.1:{port}"


def _await(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < deadline:
            try:
                if client.get(url).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
    raise AssertionError(f"nothing answers at {url}")
