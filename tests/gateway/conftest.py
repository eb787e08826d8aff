"""One API server and one gateway that reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.conftest import api, bare
from tests.api.server import ApiServer
from tests.chart.rendering import NAMESPACE
from tests.console.served import OTHER, TEAM, people_and_models
from tests.gateway import contour
from tests.gateway.contour import Gateway
from tests.gateway.values import WAYS_IN

__all__ = ["api", "bare"]


@pytest.fixture(scope="session")
def team(api: ApiServer) -> ApiServer:
    """With people, in a namespace whose routes the Gateway takes."""
    people_and_models(api, WAYS_IN)
    label = ",".join(f"{name}={value}" for name, value in contour.ADMITTED.items())
    for namespace in (TEAM, NAMESPACE):
        api.kubectl("label", "namespace", namespace, label)
    return api


@pytest.fixture(scope="session")
def gateway(api: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    # Those that nothing answers to as well, or a client would give up by itself.
    names = [
        f"*{below}.example.{top}"
        for top in ("com", "org", "net")
        for below in ("", f".{TEAM}.models", f".{OTHER}.models")
    ]
    with contour.running(api.kubectl, api.kubeconfig, folder, names) as gateway:
        yield gateway
