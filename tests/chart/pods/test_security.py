"""What every pod is held to, and that no secret is written anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.chart.rendering import PROFILES, Rendered, render, template

SECRET_DIRECTORIES = "/var/run/secrets/dandelion/"


@pytest.mark.parametrize("values", PROFILES.values(), ids=PROFILES)
class TestEveryPod:
    def test_meets_pod_security_restricted(self, values: Mapping[str, Any]) -> None:
        for workload in render(values).workloads():
            pod = workload.pod["spec"]
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert pod["securityContext"]["runAsUser"] > 0
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
            of_the_cluster = {"configMap", "projected", "secret"}
            allowed = {"emptyDir", "persistentVolumeClaim", "name"} | of_the_cluster
            assert {key for volume in pod.get("volumes", []) for key in volume} <= allowed
            for container in workload.containers:
                context = container["securityContext"]
                assert context["allowPrivilegeEscalation"] is False
                assert context["capabilities"] == {"drop": ["ALL"]}
                assert context["readOnlyRootFilesystem"] is True
                assert "hostPort" not in str(container.get("ports", []))

    def test_says_what_it_needs(self, values: Mapping[str, Any]) -> None:
        for workload in render(values).workloads():
            for container in workload.containers:
                assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
                assert "memory" in container["resources"]["limits"]

    def test_that_runs_on_is_probed(self, values: Mapping[str, Any]) -> None:
        for workload in render(values).workloads():
            if workload.kind in ("Deployment", "StatefulSet"):
                for container in workload.containers:
                    probes = {"startupProbe", "livenessProbe", "readinessProbe"}
                    assert probes <= container.keys(), workload.name

    def test_gets_no_settings_from_the_names_of_services(self, values: Mapping[str, Any]) -> None:
        for workload in render(values).workloads():
            assert workload.pod["spec"]["enableServiceLinks"] is False, workload.name

    def test_has_a_token_only_if_it_asks_the_api_server(self, values: Mapping[str, Any]) -> None:
        asks = {"operator", "token-reviewer", "credentials", "review", "test"}
        mode = values.get("mlflow", {}).get("auth", {}).get("mode", "auto")
        has_cluster_roles = values.get("rbac", {}).get("create", True) and not values.get(
            "operator", {}
        ).get("watchNamespaces")
        if mode == "Kubernetes" or (mode == "auto" and has_cluster_roles):
            asks.add("mlflow")
        for workload in render(values).workloads():
            token = workload.pod["spec"]["automountServiceAccountToken"]
            assert token is (workload.labels["app.kubernetes.io/component"] in asks)

    def test_gets_its_secrets_as_files(self, values: Mapping[str, Any]) -> None:
        for workload in render(values).workloads():
            for container in workload.containers:
                assert "secretKeyRef" not in str(container)
                assert "envFrom" not in container
                mounts = {
                    mount["name"]: mount["mountPath"] for mount in container.get("volumeMounts", [])
                }
                for volume in workload.pod["spec"].get("volumes", []):
                    if "secret" in volume:
                        assert mounts[volume["name"]].startswith(SECRET_DIRECTORIES)
                        assert volume["secret"]["defaultMode"] == 0o440


@pytest.mark.parametrize("values", PROFILES.values(), ids=PROFILES)
def test_no_secret_is_rendered(values: Mapping[str, Any]) -> None:
    assert not render(values).of("Secret")


@pytest.mark.parametrize("values", PROFILES.values(), ids=PROFILES)
def test_rendering_twice_gives_the_same(values: Mapping[str, Any]) -> None:
    """Nothing is drawn by lot, so a GitOps tool finds no difference and no key changes."""
    assert template(values) == template(values)


def test_what_unpickles_published_weights_holds_one_key_and_no_token(default: Rendered) -> None:
    (job,) = (job for job in default.of("Job") if "-pretrained-" in job.name)
    pod = job.pod["spec"]
    secrets = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
    assert [secret["secretName"] for secret in secrets] == ["dandelion-s3-training"]
    assert pod["automountServiceAccountToken"] is False


def test_inference_may_not_reach_mlflow(default: Rendered) -> None:
    (rule,) = default.one("NetworkPolicy", "dandelion-mlflow").spec["ingress"]
    anywhere = [source for source in rule["from"] if "namespaceSelector" in source]
    assert [source["podSelector"] for source in anywhere] == [
        {
            "matchLabels": {"app.kubernetes.io/part-of": "dandelion"},
            "matchExpressions": [
                {
                    "key": "app.kubernetes.io/component",
                    "operator": "In",
                    "values": ["training"],
                }
            ],
        }
    ]
