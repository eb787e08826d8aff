"""The console as a process before a real API server, with people and models there."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from dandelion_local import places
from dandelion_operator.setup.credentials import Wanted

from tests.api import tokens
from tests.api.server import ADMIN_TOKEN, ApiServer, free_ports
from tests.chart.rendering import NAMESPACE, WITH_THE_CONSOLE, render

START_SECONDS = 60
TEAM, OTHER = "garden", "orchard"
ISSUER = "https://kubernetes.default.svc"

# Accounts of the team's namespace, and where they are bound to which of the chart's roles. The
# cluster's own `edit` holds both, which is a controller's work.
PEOPLE: dict[str, tuple[tuple[str, ...], str | None]] = {
    "viewer": (("view",), TEAM),
    "editor": (("view", "edit"), TEAM),
    "overseer": (("view",), None),
    "owner": (("view", "edit", "edit-actions", "admin-actions"), TEAM),
    "user": (("user",), TEAM),
    "reviewer": (("reviewer",), TEAM),
    "administrator": (("administrator",), TEAM),
}
STRANGER = "stranger"
# The console's own, and what the chart lets it do.
ACCOUNT = "dandelion-console"
OF_THE_ACCOUNT = (
    *("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
    *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
)


@dataclass(frozen=True)
class Console:
    url: str
    api: ApiServer
    log: Path
    metrics: str = ""
    process: int = 0

    def token(self, account: str, *options: str) -> str:
        return self.api.kubectl("create", "token", account, "-n", TEAM, *options).strip()

    def expired(self, account: str) -> str:
        """One that the API server signed, and that has ended."""
        return tokens.expired(self.api, TEAM, account)

    def browser(self) -> httpx.Client:
        """What keeps cookies and names its origin, as a browser does."""
        return httpx.Client(
            base_url=self.url, headers={"Origin": self.url}, timeout=60, trust_env=False
        )

    def logged_in(self, account: str) -> httpx.Client:
        browser = self.browser()
        answer = browser.post("/login", data={"token": self.token(account), "next": "/"})
        assert answer.status_code == 303, answer.text
        return browser

    def model(self, name: str = "lawn", namespace: str = TEAM) -> dict[str, Any]:
        return administrator(self.api, "GET", f"{namespace}/modeldeployments/{name}")


def people_and_models(api: ApiServer, values: Mapping[str, Any] = WITH_THE_CONSOLE) -> None:
    """`values` are the chart's, for the rights of the console's account."""
    bound = {f"dandelion-{role}" for roles, _ in PEOPLE.values() for role in roles}
    wanted = [
        dict(item.content)
        for item in render(values)
        if (item.kind == "ClusterRole" and item.name in bound)
        or (item.kind in OF_THE_ACCOUNT and item.name.startswith(ACCOUNT))
    ]
    api.kubectl("create", "namespace", NAMESPACE)
    api.apply(yaml.safe_dump_all(wanted), "--server-side")
    for namespace in (TEAM, OTHER):
        api.kubectl("create", "namespace", namespace)
    for account in (*PEOPLE, STRANGER):
        api.kubectl("create", "serviceaccount", account, "-n", TEAM)
    for account, (roles, place) in PEOPLE.items():
        where = ("rolebinding", "-n", place) if place else ("clusterrolebinding",)
        for role in roles:
            given = (f"--clusterrole=dandelion-{role}", f"--serviceaccount={TEAM}:{account}")
            api.kubectl("create", where[0], f"console-{account}-{role}", *where[1:], *given)
    api.rules.await_policies()


def administrator(api: ApiServer, method: str, path: str, **request: Any) -> dict[str, Any]:
    """A request without kubectl, which takes its time."""
    answer = httpx.request(
        method,
        f"https://127.0.0.1:{api.port}/apis/dandelion.dev/v1alpha1/namespaces/{path}",
        verify=ssl.create_default_context(cafile=str(api.authority)),
        trust_env=False,
        timeout=60,
        headers={"Authorization": f"Bearer {ADMIN_TOKEN}"} | request.pop("headers", {}),
        **request,
    )
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def put(api: ApiServer, name: str, namespace: str, status: dict[str, Any], **spec: Any) -> None:
    """A ModelDeployment with a status, as an operator would have written it."""
    model = {
        "apiVersion": "dandelion.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"dataset": {"storageUri": f"s3://datasets/{name}"}, **spec},
    }
    path = f"{namespace}/modeldeployments/{name}"
    administrator(
        *(api, "PATCH", path),
        params={"fieldManager": "test", "force": "true"},
        headers={"Content-Type": "application/apply-patch+yaml"},
        content=json.dumps(model),
    )
    administrator(
        *(api, "PATCH", f"{path}/status"),
        headers={"Content-Type": "application/merge-patch+json"},
        content=json.dumps({"status": status}),
    )


@contextmanager
def serving(api: ApiServer, folder: Path, **settings: str) -> Iterator[Console]:
    """`settings` are the console's own, by the names that follow its prefix."""
    port, metrics_port = free_ports(2)
    wanted = Wanted("dandelion-system", "dandelion", "", (), console_secret="console")
    (folder / "key").write_text(wanted.generated()["console"]["key"])
    token = api.kubectl("create", "token", ACCOUNT, "-n", NAMESPACE).strip()
    (folder / "token").write_text(token)
    log = folder / "console.log"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(places.REPOSITORY / "console" / "src"),
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(api.port),
        "DANDELION_CONSOLE_CA_FILE": str(api.authority),
        "DANDELION_CONSOLE_KEY_FILE": str(folder / "key"),
        "DANDELION_CONSOLE_ACCOUNT_TOKEN_FILE": str(folder / "token"),
        "DANDELION_CONSOLE_HOST": "127.0.0.1",
        "DANDELION_CONSOLE_PORT": str(port),
        "DANDELION_CONSOLE_METRICS_PORT": str(metrics_port),
        **{f"DANDELION_CONSOLE_{name.upper()}": value for name, value in settings.items()},
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dandelion_console"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        metrics = f"http://127.0.0.1:{metrics_port}/metrics"
        console = Console(f"http://127.0.0.1:{port}", api, log, metrics, process.pid)
        _await(console, process)
        yield console
    finally:
        process.terminate()
        process.wait(30)


def _await(console: Console, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, console.log.read_text()
        try:
            if httpx.get(f"{console.url}/readyz", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(console.log.read_text())
