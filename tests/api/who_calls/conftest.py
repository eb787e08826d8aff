"""A cluster with the chart's roles and a team whose model asks who calls."""

from __future__ import annotations

import pytest
import yaml

from tests.api.server import ApiServer
from tests.api.test_access import team
from tests.api.who_calls.cluster import BINDING, ask, chart


@pytest.fixture
def installed(api: ApiServer) -> ApiServer:
    """The chart's roles, fresh, and a team with a model that asks who calls."""
    api.kubectl("delete", "clusterrolebinding", BINDING, "--ignore-not-found")
    api.apply(chart(), "--server-side", "--force-conflicts", "--field-manager=helm")
    api.apply(yaml.safe_dump_all(team()), "--server-side")
    others = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "others"}}
    api.apply(others, "--server-side")
    ask(api, "lawn", "ClusterTokens")
    ask(api, "park", "None")
    return api
