"""The installation, once the API server knows its policy."""

from __future__ import annotations

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
from tests.api.server import ApiServer
from tests.chart import kubernetes_schemas
from tests.chart.rendering import render


@pytest.fixture(scope="module")
def given(api: ApiServer) -> Given:
    install(api, VALUES)
    for crd in kubernetes_schemas.gateway_crds():
        api.apply(dict(crd), "--server-side")
        name = f"crd/{crd['metadata']['name']}"
        api.kubectl("wait", "--for=condition=Established", name, "--timeout=60s")
    role = f"{FULLNAME}-mlflow-training"
    (container,) = render(VALUES).one("Deployment", f"{FULLNAME}-operator").containers
    told = {item["name"]: item.get("value", "") for item in container["env"]}
    team, other = (children(api, where, role, IMAGE, told) for where in (TEAM, OTHER))
    api.rules.await_policies()
    return Given(api, team, other)
