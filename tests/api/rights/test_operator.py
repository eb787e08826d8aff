"""The operator itself, as a process with its account's token, before the chart's roles and policy:
it works where the label is, from the moment it comes to the moment it goes.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from dandelion_local import places

from tests.api.rights.test_namespaces import LABEL, RIGHTS, ROLE, chart
from tests.api.server import ApiServer, free_ports
from tests.api.test_crd import model_deployment
from tests.chart.rendering import NAMESPACE, render

TEAM, NAME = "watched", "lawn"
PATIENCE_SECONDS = 90


def kubeconfig(api: ApiServer, folder: Path) -> Path:
    """With a token of the operator's account."""
    token = api.kubectl("create", "token", RIGHTS.account, "-n", NAMESPACE).strip()
    authority = base64.b64encode(api.authority.read_bytes()).decode()
    server = f"https://127.0.0.1:{api.port}"
    cluster = {"server": server, "certificate-authority-data": authority}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": {"token": token}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content))
    return path


def environment(api: ApiServer, folder: Path) -> Mapping[str, str]:
    """As the chart sets it, with an MLflow and an S3 endpoint that are not there."""
    for purpose in ("training", "inference", "logs"):
        (folder / purpose).mkdir()
        (folder / purpose / "AWS_ACCESS_KEY_ID").write_text("key")
        (folder / purpose / "AWS_SECRET_ACCESS_KEY").write_text("secret")
    health, metrics = free_ports(2)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(places.REPOSITORY / "operator" / "src"),
        "HOME": str(folder),
        "KUBECONFIG": str(kubeconfig(api, folder)),
        "DANDELION_OPERATOR_NAMESPACE": NAMESPACE,
        "DANDELION_NAMESPACE_ROLE": ROLE,
        "DANDELION_SERVICE_ACCOUNT": RIGHTS.account,
        "DANDELION_TRAINING_IMAGE": "training:1",
        "DANDELION_INFERENCE_IMAGE": "inference:1",
        "DANDELION_MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
        "DANDELION_S3_ENDPOINT": "http://127.0.0.1:9",
        "DANDELION_TRAINING_CREDENTIALS_DIR": str(folder / "training"),
        "DANDELION_INFERENCE_CREDENTIALS_DIR": str(folder / "inference"),
        "DANDELION_LOG_CREDENTIALS_DIR": str(folder / "logs"),
        "DANDELION_HEALTH_PORT": str(health),
        "DANDELION_METRICS_PORT": str(metrics),
    }


@pytest.fixture
def operator(api: ApiServer, tmp_path: Path) -> Iterator[ApiServer]:
    """Running before a ModelDeployment in a namespace that did not ask."""
    manifests = chart(render({"namespace": {"create": True}}))
    api.apply(manifests, "--server-side", "--force-conflicts", "--field-manager=helm")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}}
    api.apply(namespace, "--server-side")
    log = tmp_path / "operator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dandelion_operator"],
            env=dict(environment(api, tmp_path)),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    api.apply(model_deployment(NAME), "--server-side", "-n", TEAM)
    try:
        yield api
        assert process.poll() is None, log.read_text()[-3000:]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)
        api.kubectl("delete", "namespace", TEAM, "--wait=false")


def until(seen: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not seen():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(0.5)


def reason(api: ApiServer, kind: str) -> str:
    status = api.get("mdep", NAME, "-n", TEAM).get("status", {})
    found = [item["reason"] for item in status.get("conditions", []) if item["type"] == kind]
    return str(found[0]) if found else ""


def names(api: ApiServer, kind: str) -> set[str]:
    return {item["metadata"]["name"] for item in api.get(kind, "-n", TEAM)["items"]}


def test_it_works_from_the_label_on_and_until_it_goes(operator: ApiServer) -> None:
    not_enabled = "NamespaceNotEnabled"
    until(lambda: reason(operator, "Accepted") == not_enabled, "the owner is told")
    assert names(operator, "secrets") == set()
    operator.kubectl("label", "namespace", TEAM, f"{LABEL}=true")
    until(lambda: f"{NAME}-training-s3" in names(operator, "secrets"), "the key is there")
    until(lambda: reason(operator, "Accepted") not in ("", not_enabled), "it is looked at")
    assert ROLE in names(operator, "rolebindings")
    operator.kubectl("label", "namespace", TEAM, f"{LABEL}-")
    until(lambda: reason(operator, "Accepted") == not_enabled, "the owner is told again")
    assert ROLE not in names(operator, "rolebindings")
    assert f"{NAME}-training-s3" in names(operator, "secrets")
