"""MLflow as the image runs it, asking a real API server who may do what, with the chart's roles."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from dandelion_local import places

from tests.api.server import ApiServer, free_ports
from tests.chart.rendering import NAMESPACE, render

BIN = "DANDELION_MLFLOW"
HERE = "127.0.0.1"
AUDIENCE = "mlflow.dandelion.dev"
ASKS = {"namespace": {"create": True}, "mlflow": {"auth": {"mode": "Kubernetes"}}}
RBAC = {"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Namespace"}
TOLD = ("DANDELION_MLFLOW_AU", "MLFLOW_SERVER_")
START_SECONDS = 300
API = "/api/2.0/mlflow"


@dataclass
class Mlflow:
    """A running server, and the API server that it asks."""

    url: str
    api: ApiServer
    folder: Path

    def token(self, account: str, audience: str = AUDIENCE) -> str:
        """`account`: NAMESPACE:NAME."""
        namespace, _, name = account.partition(":")
        bound = [f"--audience={audience}"] if audience else []
        return self.api.kubectl("create", "token", name, "-n", namespace, *bound).strip()

    def account(self, account: str, *roles: str) -> str:
        """A ServiceAccount with ClusterRoles in its namespace, and a token of it for MLflow."""
        namespace, _, name = account.partition(":")
        self.api.kubectl("create", "serviceaccount", name, "-n", namespace)
        for role in roles:
            self.api.kubectl(
                *("create", "rolebinding", f"{name}-{role}", "-n", namespace),
                *(f"--clusterrole={role}", f"--serviceaccount={account}"),
            )
        return self.token(account)

    def ask(
        self, token: str | None, namespace: str, method: str, path: str, **request: Any
    ) -> httpx.Response:
        """Without a token, or a namespace, none is sent."""
        headers = {"X-MLFLOW-WORKSPACE": namespace} if namespace else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            return client.request(method, path, headers=headers, **request)


@contextmanager
def running(
    api: ApiServer, folder: Path, values: Mapping[str, Any] = ASKS, host: str = HERE
) -> Iterator[Mlflow]:
    """With the accounts and roles of the chart, and its own account's rights."""
    documents = [dict(item.content) for item in render(values) if item.kind in RBAC]
    api.apply(yaml.safe_dump_all(documents), "--server-side", "--force-conflicts")
    token = Mlflow("", api, folder).token(f"{NAMESPACE}:dandelion-mlflow", audience="")
    config = json.loads(api.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    (folder / "kubeconfig").write_text(json.dumps(config))
    with started(folder, values, str(folder / "artifacts"), host) as url:
        yield Mlflow(url, api, folder)


@contextmanager
def started(
    folder: Path, values: Mapping[str, Any], files: str, host: str = HERE, **more: str
) -> Iterator[str]:
    """The server as the chart has it with some values, keeping its database in `folder` and files
    at `files`; its address. `more` stands in its environment.
    """
    (port,) = free_ports(1)
    url, log = f"http://{host}:{port}", folder / "mlflow.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(_bin() / "python", "-m", "dandelion_mlflow"),
                *("--host", host, "--port", str(port), "--workers", "1"),
                *("--artifacts-destination", files),
            ],
            env={**_environment(folder, values), **more},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _await(url, process, log)
            yield url
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _bin() -> Path:
    found = os.environ.get(BIN)
    assert found, f"{BIN} names no folder with MLflow's programs: run `make integration`"
    return Path(found)


def _environment(folder: Path, values: Mapping[str, Any]) -> Mapping[str, str]:
    (container,) = render(values).one("Deployment", "dandelion-mlflow").containers
    told = {item["name"]: item.get("value", "") for item in container["env"]}
    kept = {name: told[name] for name in told if name.startswith(TOLD)}
    return {
        **kept,
        "PATH": f"{_bin()}:{os.environ['PATH']}",
        "PYTHONPATH": str(places.REPOSITORY / "k8s" / "images" / "mlflow" / "src"),
        "HOME": str(folder),
        "KUBECONFIG": str(folder / "kubeconfig"),
        "DANDELION_MLFLOW_SQLITE_FILE": str(folder / "mlflow.db"),
        # The chart's half a minute would be waited for where a right is taken.
        "MLFLOW_K8S_AUTH_CACHE_TTL_SECONDS": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            try:
                if client.get(f"{url}/health").is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
    raise AssertionError(f"MLflow does not answer:\n{log.read_text()[-3000:]}")
