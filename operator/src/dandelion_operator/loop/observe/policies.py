"""Reads the NetworkPolicies of a resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.resource import Resource
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.kube.cluster import ClusterError
from dandelion_operator.ports.kube.objects import NETWORK_POLICY, is_owned

Digests = Mapping[str, str]


async def policies(
    resource: Resource, clients: Clients
) -> tuple[Digests | None, Mapping[str, Mapping[str, Any]]]:
    """From what each was made, by component, and each as the API server holds it.

    None: nobody asks for any, or the operator may not read them, and then it makes none.
    """
    if clients.defaults.network is None:
        return None, {}
    owned = naming.as_selector({naming.OWNER_LABEL: resource.name})
    try:
        found = await clients.cluster.list(NETWORK_POLICY, resource.namespace, owned)
    except ClusterError as error:
        if not error.refused:
            raise
        return None, {}
    named = {item["metadata"]["name"]: item for item in found if is_owned(item, resource.uid)}
    ours = {
        component: named[name]
        for component in (naming.TRAINING, naming.INFERENCE)
        if (name := naming.network_policy(resource.key, component)) in named
    }
    digests = {component: _digest(raw) for component, raw in ours.items()}
    return digests, {naming.policy_child(component): raw for component, raw in ours.items()}


def _digest(raw: Mapping[str, Any]) -> str:
    annotations = raw["metadata"].get("annotations") or {}
    return str(annotations.get(naming.POLICY_DIGEST_ANNOTATION, ""))
