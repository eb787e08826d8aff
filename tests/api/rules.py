"""By which roles and policies an API server goes: it reads them from a watch, once it has taken
them.

Of each kind the watch tells in the order of the changes: an API server that goes by a mark knows
all that was written before the mark.
"""

from __future__ import annotations

import itertools
import json
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

# The namespace is there before an API server says that it is ready.
NAME, HERE, GROUP = "known", "kube-system", "tests.dandelion.dev"
RBAC = "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
KNOWN_SECONDS = 60
MARKS = itertools.count()


class Rules:
    """Of one API server, asked with an administrator's token."""

    def __init__(self, url: str, authority: Path, token: str) -> None:
        self._url, self._authority = url, authority
        self._headers = {"Authorization": f"Bearer {token}"}

    def await_roles(self) -> None:
        """Until it goes by every role and binding that it has taken."""
        mark = f"mark-{next(MARKS)}"
        with self._client() as client:
            for place, scope in (("", "Cluster"), (f"/namespaces/{HERE}", "")):
                resource = f"{scope.lower()}things"
                role, binding = f"{scope}Role", f"{scope}RoleBinding"
                rule = {"apiGroups": [GROUP], "resources": [resource], "verbs": [mark]}
                subject = {"apiGroup": RBAC, "kind": "User", "name": mark}
                reference = {"apiGroup": RBAC, "kind": role, "name": NAME}
                _apply(client, RBAC, place, role, rules=[rule])
                _apply(client, RBAC, place, binding, roleRef=reference, subjects=[subject])
            _until(lambda: _may(client, mark, "clusterthings") and _may(client, mark, "things"))

    def await_policies(self) -> None:
        """Until it goes by every ValidatingAdmissionPolicy and binding that it has taken."""
        mark = f"mark-{next(MARKS)}"
        rule = {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": ["configmaps"],
            "resourceNames": [NAME],
        }
        refusal = {"expression": "false", "message": mark}
        marked = {"objectSelector": {"matchLabels": {NAME: mark}}}
        with self._client() as client:
            _apply(
                *(client, ADMISSION, "", "ValidatingAdmissionPolicy"),
                spec={"matchConstraints": {"resourceRules": [rule]}, "validations": [refusal]},
            )
            _apply(
                *(client, ADMISSION, "", "ValidatingAdmissionPolicyBinding"),
                spec={"policyName": NAME, "validationActions": ["Deny"], "matchResources": marked},
            )
            _until(lambda: mark in _refusal(client, mark))

    def _client(self) -> httpx.Client:
        trusted = ssl.create_default_context(cafile=str(self._authority))
        return httpx.Client(
            base_url=self._url, headers=self._headers, verify=trusted, timeout=60, trust_env=False
        )


def _apply(client: httpx.Client, group: str, place: str, kind: str, **content: Any) -> None:
    plural = "policies".join(kind.lower().rsplit("policy", 1)) if kind[-1] == "y" else f"{kind}s"
    body: Mapping[str, Any] = {
        "apiVersion": f"{group}/v1",
        "kind": kind,
        "metadata": {"name": NAME},
        **content,
    }
    client.patch(
        f"/apis/{group}/v1{place}/{plural.lower()}/{NAME}",
        params={"fieldManager": "tests", "force": "true"},
        headers={"Content-Type": "application/apply-patch+yaml"},
        content=json.dumps(body),
    ).raise_for_status()


def _may(client: httpx.Client, mark: str, resource: str) -> bool:
    where = {"namespace": HERE} if resource == "things" else {}
    asked = {"group": GROUP, "resource": resource, "verb": mark, **where}
    body = {"spec": {"user": mark, "resourceAttributes": asked}}
    answer = client.post(REVIEWS, json=body).raise_for_status().json()
    return bool(answer["status"]["allowed"])


def _refusal(client: httpx.Client, mark: str) -> str:
    path, metadata = f"/api/v1/namespaces/{HERE}/configmaps", {"name": NAME, "labels": {NAME: mark}}
    answer = client.post(path, params={"dryRun": "All"}, json={"metadata": metadata})
    return "" if answer.is_success else answer.text


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + KNOWN_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "the API server does not go by what it has taken"
        time.sleep(0.05)
