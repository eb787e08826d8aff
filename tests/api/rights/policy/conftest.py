"""The installation, once the API server knows its policy."""

from __future__ import annotations

import time

import pytest

from tests.api.rights.children import children
from tests.api.rights.policy.installation import (
    FULLNAME,
    IMAGE,
    OTHER,
    TEAM,
    VALUES,
    Given,
    install,
)
from tests.api.server import ApiServer, KubectlError
from tests.chart import kubernetes_schemas
from tests.chart.rendering import render

KNOWN_SECONDS = 30


@pytest.fixture(scope="module")
def given(api: ApiServer) -> Given:
    install(api, VALUES)
    for crd in kubernetes_schemas.gateway_crds():
        api.apply(dict(crd), "--server-side")
        name = f"crd/{crd['metadata']['name']}"
        api.kubectl("wait", "--for=condition=Established", name, "--timeout=30s")
    role = f"{FULLNAME}-mlflow-training"
    (container,) = render(VALUES).one("Deployment", f"{FULLNAME}-operator").containers
    told = {item["name"]: item.get("value", "") for item in container["env"]}
    team, other = (children(api, where, role, IMAGE, told) for where in (TEAM, OTHER))
    found = Given(api, team, other)
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe"}}
    deadline = time.monotonic() + KNOWN_SECONDS
    while True:
        try:
            found.write(config_map)
        except KubectlError:
            return found
        assert time.monotonic() < deadline, "the API server does not know the policy"
        time.sleep(0.2)
