"""The chart in its other forms: applied with kubectl, and with an S3 endpoint of one's own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from dandelion_demo.install import CHART, NAMESPACE, RELEASE
from dandelion_demo.kube import Cluster
from dandelion_demo.target import image_settings
from dandelion_local.commands import SetupError

from tests.e2e.let_in import let_in, of_namespace

OTHER = "other"
WORKLOADS = ("deployment/other-operator", "deployment/other-mlflow")


def _settings(namespace: str, *settings: str) -> list[str]:
    """A second installation beside the first, for one namespace of its own."""
    own = [
        *("crds.enabled=false", "rbac.aggregate=false", f"fullnameOverride={OTHER}"),
        *(f"operator.watchNamespaces={{{namespace}}}", *image_settings(), *settings),
    ]
    return [part for setting in own for part in ("--set", setting)]


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace under Pod Security `restricted`."""
    name = f"chart-{uuid.uuid4().hex[:5]}"
    cluster.run("create", "namespace", name)
    cluster.run("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    cluster.run("delete", "namespace", name, "--wait=false")


def test_helm_test_takes_a_version_through_everything(cluster: Cluster) -> None:
    said = cluster.install("test", RELEASE, "-n", NAMESPACE, "--logs", "--timeout", "3m")
    for part in ("S3", "MLflow", "API", "operator"):
        assert f"ok    {part}: " in said


def test_rendered_manifests_applied_with_kubectl_make_their_keys_once(
    cluster: Cluster, namespace: str
) -> None:
    manifests = cluster.install(
        *("template", OTHER, str(CHART), "-n", namespace, "--skip-tests", *_settings(namespace))
    )
    cluster.run("apply", "--server-side", "-f", "-", stdin=manifests)
    cluster.run(
        *("wait", "-n", namespace, "--for=condition=Complete", "job", "--all", "--timeout=4m"),
        timeout=300,
    )
    for workload in WORKLOADS:
        cluster.run(*("rollout", "status", "-n", namespace, workload, "--timeout=4m"), timeout=300)
    secrets = {
        secret["metadata"]["name"]: secret["data"] for secret in _secrets(cluster, namespace)
    }
    assert secrets.keys() == {
        *("other-minio-root", "other-s3-training", "other-s3-inference"),
        *("other-s3-logs", "other-s3-mlflow"),
    }
    cluster.run("apply", "--server-side", "-f", "-", stdin=manifests)
    again = {secret["metadata"]["name"]: secret["data"] for secret in _secrets(cluster, namespace)}
    assert again == secrets
    pods = cluster.get("pods", "-n", namespace)["items"]
    restarts = [
        status["restartCount"] for pod in pods for status in pod["status"]["containerStatuses"]
    ]
    assert sum(restarts) == 0


def _secrets(cluster: Cluster, namespace: str) -> list[dict[str, dict[str, str]]]:
    found: list[dict[str, dict[str, str]]] = cluster.get("secrets", "-n", namespace)["items"]
    return found


@pytest.fixture
def endpoint(cluster: Cluster, namespace: str) -> Iterator[list[str]]:
    """Settings for an S3 endpoint of one's own: the first installation's MinIO, and its keys."""
    for use in ("training", "inference", "mlflow"):
        key = cluster.secret(NAMESPACE, f"{RELEASE}-s3-{use}")
        _create_secret(cluster, namespace, f"key-{use}", key)
    settings = [
        *("minio.enabled=false", f"s3.endpoint=http://{RELEASE}-minio.{NAMESPACE}.svc:9000"),
        *(f"s3.{use}.existingSecret=key-{use}" for use in ("training", "inference", "mlflow")),
        "mlflow.persistence.enabled=false",
    ]
    minio = {"app.kubernetes.io/instance": RELEASE, "app.kubernetes.io/component": "minio"}
    with let_in(cluster, NAMESPACE, of_namespace(namespace), minio):
        yield settings


def _create_secret(cluster: Cluster, namespace: str, name: str, values: dict[str, str]) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "stringData": values,
    }
    cluster.run("create", "-f", "-", stdin=json.dumps(manifest))


def test_an_endpoint_of_ones_own(cluster: Cluster, namespace: str, endpoint: list[str]) -> None:
    install = ("upgrade", "--install", OTHER, str(CHART), "-n", namespace, "--wait", "--timeout")
    cluster.install(*install, "4m", *_settings(namespace, *endpoint))
    try:
        said = cluster.install("test", OTHER, "-n", namespace, "--logs", "--timeout", "3m")
        assert "FAIL" not in said
        wrong = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "not-the-password"}
        _create_secret(cluster, namespace, "wrong", wrong)
        settings = [*endpoint, "s3.training.existingSecret=wrong", "setup.backoffLimit=0"]
        with pytest.raises(SetupError, match="the training keys may neither find nor make"):
            cluster.install(*install, "4m", *_settings(namespace, *settings))
    finally:
        cluster.install("uninstall", OTHER, "-n", namespace)
