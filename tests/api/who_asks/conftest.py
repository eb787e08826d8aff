"""The chart's roles with people bound to them, and a model."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.api.server import ApiServer
from tests.api.who_asks.asking import PEOPLE, TEAM, model
from tests.chart.rendering import NAMESPACE, WITH_THE_CONSOLE, render


@pytest.fixture(scope="package")
def installed(api: ApiServer) -> ApiServer:
    """The chart's roles, people bound to them, and the console's account with its policy."""
    kinds = {"ClusterRole", "ClusterRoleBinding", "ServiceAccount"}
    policies = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    documents = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for name in (NAMESPACE, TEAM)
    ]
    documents += [
        dict(item.content)
        for item in render(WITH_THE_CONSOLE)
        if item.kind in kinds or (item.kind in policies and item.name == "dandelion-console")
    ]
    api.apply(yaml.safe_dump_all(documents), "--server-side", "--force-conflicts")
    for person, roles in PEOPLE.items():
        for role in roles:
            bound = (f"--clusterrole=dandelion-{role}", f"--user={person}", "-n", TEAM)
            api.kubectl("create", "rolebinding", f"{person}-{role}", *bound)
    api.rules.await_policies()
    return api


@pytest.fixture
def lawn(installed: ApiServer) -> ApiServer:
    """A model whose version 4 serves, for which version 3 was before."""
    installed.kubectl("delete", "mdep", "lawn", "-n", TEAM, "--ignore-not-found")
    installed.apply(model())
    champion = {"status": {"champion": {"version": "4"}}}
    installed.kubectl(
        *("patch", "mdep", "lawn", "-n", TEAM, "--type=merge", "--subresource=status"),
        *("-p", json.dumps(champion)),
    )
    return installed
