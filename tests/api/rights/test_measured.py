"""A verb to spare is found, by a real API server's audit log and its roles."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from dandelion_local import tools
from dandelion_local.node.components import AUDIT_LOG

from tests.api.rights.measured import Right, granted, used, written
from tests.api.server import ApiServer
from tests.chart.rendering import NAMESPACE

ACCOUNT = "measured"
RULES = [
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch", "delete"]},
    {"apiGroups": ["apps"], "resources": ["deployments", "deployments/scale"], "verbs": ["get"]},
]
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "measured"}}
DONE = {
    *(Right(verb, "/configmaps") for verb in ("get", "create", "patch")),
    Right("get", "apps/deployments"),
}
WRITTEN_SECONDS = 60


@pytest.fixture
def account(api: ApiServer) -> ApiServer:
    """With a Role in its namespace and a ClusterRole everywhere, of which it uses a part."""
    rbac, name = "rbac.authorization.k8s.io", {"name": ACCOUNT}
    here = {**name, "namespace": NAMESPACE}
    subjects = [{"kind": "ServiceAccount", **here}]
    made: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    ]
    made.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": here})
    for kind, metadata, rule in zip(("Role", "ClusterRole"), (here, name), RULES, strict=True):
        api_version = {"apiVersion": f"{rbac}/v1", "metadata": metadata}
        reference = {"apiGroup": rbac, "kind": kind, **name}
        made.append({**api_version, "kind": kind, "rules": [rule]})
        made.append(
            {**api_version, "kind": f"{kind}Binding", "roleRef": reference, "subjects": subjects}
        )
    for item in made:
        api.apply(item, "--server-side")
    return api


def as_the_account(api: ApiServer, *arguments: str, stdin: str = "") -> None:
    """Whether it is allowed to or not."""
    token = api.kubectl("create", "token", ACCOUNT, "-n", NAMESPACE).strip()
    server = (f"--server=https://127.0.0.1:{api.port}", f"--certificate-authority={api.authority}")
    command = [str(tools.path("kubectl")), "--kubeconfig=/dev/null", *server, f"--token={token}"]
    subprocess.run(
        [*command, *arguments, "-n", NAMESPACE],
        input=stdin,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_line_that_is_half_written_is_left_for_later(tmp_path: Path) -> None:
    log, line = tmp_path / "audit.log", json.dumps({"user": "Ö"}, ensure_ascii=False).encode()
    for there in range(len(line)):
        log.write_bytes(b"{}\n" + line[:there])
        assert written(log) == ["{}"]


def test_what_was_given_and_never_used_is_found(account: ApiServer) -> None:
    apply = ("apply", "--server-side", "--validate=false", "-f", "-")
    as_the_account(account, *apply, stdin=json.dumps(CONFIG_MAP))
    as_the_account(account, "get", "configmap", "measured")
    as_the_account(account, "get", "secrets")
    as_the_account(account, "get", "deployment", "none")
    deadline, did = time.monotonic() + WRITTEN_SECONDS, set[Right]()
    while not did >= DONE:
        assert time.monotonic() < deadline, f"not in the log: {did}"
        did = used(written(account.folder / AUDIT_LOG), NAMESPACE, ACCOUNT)
    assert Right("list", "/secrets") not in did
    given = granted(account.get, NAMESPACE, ACCOUNT)
    assert {str(right) for right in given - did} == {
        "delete configmaps",
        "get apps/deployments/scale",
    }
