"""Whom a test lets into pods besides, by a NetworkPolicy of its own: policies add up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dandelion_demo.kube import Cluster
from dandelion_local.node import network

THIS_MACHINE = {"ipBlock": {"cidr": f"{network.HOST}/32"}}


def of_namespace(name: str) -> Mapping[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


@contextmanager
def let_in(
    cluster: Cluster, namespace: str, peer: Mapping[str, Any], labels: Mapping[str, str]
) -> Iterator[None]:
    """Into pods of a namespace with these labels, for as long as the block runs."""
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "let-in", "namespace": namespace},
        "spec": {
            "podSelector": {"matchLabels": dict(labels)},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [peer]}],
        },
    }
    cluster.run("apply", "-f", "-", stdin=json.dumps(policy))
    try:
        yield
    finally:
        cluster.run("delete", "networkpolicy", "let-in", "-n", namespace, "--ignore-not-found")
