"""The rendered objects on a real API server: accepted, admitted as `restricted`, keys made once."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from dandelion_operator.setup import credentials

from tests.api.conftest import knowing_models
from tests.api.server import ApiServer, KubectlError, running
from tests.chart.install_manifest import PATH as INSTALL_MANIFEST
from tests.chart.rendering import PROFILES, Manifest, render

ACCOUNTS = ("default", "dandelion-operator", "dandelion-credentials", "dandelion-test", "given")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One where nothing was installed before: kubectl takes over nothing that is Helm's."""
    with running(tmp_path_factory.mktemp("installation")) as server:
        yield knowing_models(server)


def test_the_install_manifest_applies_as_it_stands(api: ApiServer) -> None:
    """Twice: first it makes everything, then it finds nothing to change."""
    first = api.kubectl("apply", "--server-side", "--validate=strict", "-f", str(INSTALL_MANIFEST))
    assert "deployment.apps/dandelion-operator serverside-applied" in first
    api.kubectl("apply", "--server-side", "--validate=strict", "-f", str(INSTALL_MANIFEST))
    jobs = {job["metadata"]["name"] for job in api.get("jobs", "-n", "dandelion-system")["items"]}
    made = {re.sub(r"-[0-9a-f]{8}$", "", name) for name in jobs}
    assert made == {"dandelion-credentials", "dandelion-pretrained", "dandelion-storage-setup"}
    assert len(jobs) == len(made)


@pytest.fixture(scope="module")
def restricted(api: ApiServer) -> tuple[ApiServer, str]:
    """A namespace that enforces Pod Security `restricted`, with the accounts that pods name."""
    namespace = "restricted"
    api.kubectl("create", "namespace", namespace)
    api.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    for account in ACCOUNTS:
        api.kubectl("create", "serviceaccount", account, "-n", namespace)
    return api, namespace


def as_pod(workload: Manifest, namespace: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"restartPolicy": "Always"} | dict(workload.pod["spec"])
    spec.pop("priorityClassName", None)
    known = spec.get("serviceAccountName", "default") in ACCOUNTS
    spec["serviceAccountName"] = spec.get("serviceAccountName") if known else "default"
    claims = workload.content["spec"].get("volumeClaimTemplates", [])
    spec["volumes"] = spec.get("volumes", []) + [
        {"name": claim["metadata"]["name"], "emptyDir": {}} for claim in claims
    ]
    metadata = {"name": workload.name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize("values", PROFILES.values(), ids=PROFILES)
def test_every_pod_is_admitted_under_restricted(
    restricted: tuple[ApiServer, str], values: Mapping[str, Any]
) -> None:
    api, namespace = restricted
    for workload in render(values).workloads():
        api.kubectl(
            *("create", "--dry-run=server", "--validate=strict", "-f", "-"),
            stdin=json.dumps(as_pod(workload, namespace)),
        )


def test_a_pod_that_is_not_restricted_would_be_refused(restricted: tuple[ApiServer, str]) -> None:
    api, namespace = restricted
    pod = as_pod(next(render().workloads()), namespace)
    pod["spec"]["securityContext"]["runAsNonRoot"] = False
    pod["spec"]["securityContext"]["runAsUser"] = 0
    with pytest.raises(KubectlError, match="violates PodSecurity"):
        api.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))


class TestKeys:
    """The credentials Job's program, with the rights that the chart gives it and no others."""

    NAMES = (
        *("dandelion-minio-root", "dandelion-s3-training"),
        *("dandelion-s3-inference", "dandelion-s3-mlflow", "dandelion-s3-logs"),
    )

    @pytest.fixture
    def environment(
        self, api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> dict[str, str]:
        """What the Job's pod is given: its settings, and its ServiceAccount's token."""
        api.kubectl("apply", "--server-side", "-f", str(INSTALL_MANIFEST))
        earlier = ("delete", "secret", *self.NAMES, "-n", "dandelion-system")
        api.kubectl(*earlier, "--ignore-not-found")
        account = ("create", "token", "dandelion-credentials", "-n", "dandelion-system")
        (tmp_path / "token").write_text(api.kubectl(*account))
        (tmp_path / "ca.crt").write_bytes(api.authority.read_bytes())
        monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", tmp_path)
        (job,) = (
            document
            for document in yaml.safe_load_all(INSTALL_MANIFEST.read_text())
            if document and document["metadata"]["name"].startswith("dandelion-credentials-")
        )
        (container,) = job["spec"]["template"]["spec"]["containers"]
        given = {item["name"]: item.get("value", "dandelion-system") for item in container["env"]}
        return given | {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(api.port),
        }

    def secrets(self, api: ApiServer) -> dict[str, dict[str, str]]:
        found = api.get("secrets", "-n", "dandelion-system")["items"]
        return {
            secret["metadata"]["name"]: {
                key: base64.b64decode(value).decode() for key, value in secret["data"].items()
            }
            for secret in found
            if secret["type"] == "Opaque"
        }

    def test_are_made_once_and_then_left_alone(
        self, api: ApiServer, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        credentials.main(environment)
        made = self.secrets(api)
        assert made.keys() == set(self.NAMES)
        credentials.main(environment)
        assert self.secrets(api) == made
        said = capsys.readouterr().out
        assert "dandelion-s3-training: made" in said
        assert "dandelion-s3-training: exists, left as it is" in said
        assert not any(value in said for secret in made.values() for value in secret.values())

    def test_are_what_minio_takes_and_all_different(
        self, api: ApiServer, environment: dict[str, str]
    ) -> None:
        credentials.main(environment)
        made = self.secrets(api)
        root = made.pop("dandelion-minio-root")
        assert root.keys() == {"rootUser", "rootPassword"}
        for secret in made.values():
            assert secret.keys() == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
            assert len(secret["AWS_ACCESS_KEY_ID"]) == 20
            assert len(secret["AWS_SECRET_ACCESS_KEY"]) == 40
        values = [value for secret in made.values() for value in secret.values()]
        assert len(set(values)) == len(values)

    def test_one_that_was_lost_is_made_anew_and_the_others_stay(
        self, api: ApiServer, environment: dict[str, str]
    ) -> None:
        credentials.main(environment)
        before = self.secrets(api)
        lost = "dandelion-s3-inference"
        api.kubectl("delete", "secret", lost, "-n", "dandelion-system")
        credentials.main(environment)
        after = self.secrets(api)
        assert after.pop(lost) != before.pop(lost)
        assert after == before

    def test_a_refusal_names_the_secret_and_the_cause(
        self, api: ApiServer, environment: dict[str, str]
    ) -> None:
        api.kubectl("delete", "rolebinding", "dandelion-credentials", "-n", "dandelion-system")
        with pytest.raises(SystemExit, match=r"the Secret dandelion-.* cannot be made: 403"):
            credentials.main(environment)

    def test_a_missing_setting_is_named(self, environment: dict[str, str]) -> None:
        del environment["DANDELION_INSTANCE"]
        with pytest.raises(SystemExit, match="DANDELION_INSTANCE must be set"):
            credentials.main(environment)
