"""Any field of the spec may be changed at any time, and a value that is refused changes nothing.

The values are those with which the operator is shown to end as if the resource were new.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from spec_fields import FIELDS, plain

from tests.api.server import ADMIN_TOKEN, ApiServer
from tests.api.test_crd import fields, schema

PATH = "/apis/dandelion.dev/v1alpha1/namespaces/default/modeldeployments"
NAME = "changing"
# Kubernetes' own fields, which the operator hands on as they are.
HANDED_ON = re.compile(
    r"\.podTemplate\.spec\.(affinity|imagePullSecrets\[\]|tolerations\[\]"
    r"|topologySpreadConstraints\[\]|volumes\[\]|securityContext\.seLinuxOptions"
    r"|containers\[\]\.(env|envFrom|volumeMounts)\[\])\."
)
# What API servers answer where a schema, a rule or a policy refuses, and where a field is unknown.
REFUSED = (400, 422, 500)


@pytest.fixture(scope="module")
def client(api: ApiServer) -> Iterator[httpx.Client]:
    trusted = ssl.create_default_context(cafile=str(api.authority))
    with httpx.Client(
        base_url=f"https://127.0.0.1:{api.port}",
        headers={"Authorization": f"Bearer {ADMIN_TOKEN}"},
        verify=trusted,
        timeout=60,
        trust_env=False,
    ) as found:
        yield found
        found.delete(f"{PATH}/{NAME}")


def applied(client: httpx.Client, spec: Mapping[str, Any]) -> httpx.Response:
    """As `kubectl apply --server-side` does it."""
    body = {
        "apiVersion": "dandelion.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": NAME},
        "spec": spec,
    }
    return client.patch(
        f"{PATH}/{NAME}",
        params={"fieldManager": "a person", "force": "true", "fieldValidation": "Strict"},
        headers={"Content-Type": "application/apply-patch+yaml"},
        content=json.dumps(body),
    )


def stored(client: httpx.Client) -> tuple[int, Any]:
    """Its generation and spec."""
    found = client.get(f"{PATH}/{NAME}").raise_for_status().json()
    return found["metadata"]["generation"], found["spec"]


def at(spec: Any, path: str) -> Any:
    for part in path.split("."):
        spec = spec.get(part, {})
    return spec


@pytest.mark.parametrize("path", FIELDS)
def test_a_field_may_be_set_changed_and_left_out_again(client: httpx.Client, path: str) -> None:
    field = FIELDS[path]
    assert applied(client, plain(field)).is_success
    _, before = stored(client)
    for value in field.values:
        answer = applied(client, field.spec(value))
        assert answer.is_success, answer.text
        _, now = stored(client)
        assert at(now, path) == value
        assert at(now, path) != at(before, path)
    assert applied(client, plain(field)).is_success
    assert stored(client)[1] == before


@pytest.mark.parametrize("path", FIELDS)
def test_a_value_that_is_refused_changes_nothing(client: httpx.Client, path: str) -> None:
    field = FIELDS[path]
    assert applied(client, field.spec(field.values[0])).is_success
    before = stored(client)
    answer = applied(client, field.spec(field.refused))
    assert answer.status_code in REFUSED, answer.text
    assert path.rpartition(".")[2] in answer.text, "the field is named"
    assert stored(client) == before


def reached(value: Any, path: str = "") -> Iterator[str]:
    """Every path that a spec sets."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}.{name}"
            yield from reached(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from reached(inner, f"{path}[]")


def test_every_field_of_the_crd_is_among_them() -> None:
    """But for what Kubernetes gives a meaning: it is handed on whole, and tried as a whole."""
    tried = {
        found
        for field in FIELDS.values()
        for value in field.values
        for found in reached(field.spec(value))
    }
    missing = [
        path
        for path, field in fields(schema()["properties"]["spec"])
        if "properties" not in field and not HANDED_ON.search(path) and path not in tried
    ]
    assert missing == []
