"""One API server with the CRD for all of these tests."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.api.server import ApiServer, running
from tests.chart.rendering import template

CRD = "modeldeployments.dandelion.dev"
DISCOVERY_SECONDS = 60


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running(tmp_path_factory.mktemp("api-server")) as server:
        yield server


@pytest.fixture(scope="session")
def api(bare: ApiServer) -> ApiServer:
    return knowing_models(bare)


def knowing_models(bare: ApiServer) -> ApiServer:
    """The API server once it knows ModelDeployments."""
    for part in ("crd", "quantities", "requests"):
        bare.apply(template({}, "--show-only", f"templates/{part}.yaml"), "--server-side")
    bare.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s")
    # kubectl remembers the kinds from before the CRD, and the server tells of it a moment late.
    deadline = time.monotonic() + DISCOVERY_SECONDS
    while "mdep" not in bare.kubectl("api-resources", "--cached=false"):
        assert time.monotonic() < deadline, "the API server does not tell of ModelDeployments"
        time.sleep(0.2)
    bare.rules.await_policies()
    return bare
