"""The cluster and a namespace of its own for a measurement, gone again afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from dandelion_demo.install import NAMESPACE, RELEASE, install, look_after, object_store
from dandelion_demo.target import image_settings, target

from tests.e2e.registry import administrator
from tests.e2e.world import World


@contextmanager
def stage() -> Iterator[World]:
    """A World on the installed system, with everything reachable while the block runs."""
    cluster = target()
    install(cluster, *image_settings())
    namespace = f"bench-{uuid.uuid4().hex[:5]}"
    cluster.run("create", "namespace", namespace)
    look_after(cluster, namespace)
    try:
        with (
            object_store(cluster) as s3,
            cluster.reach(NAMESPACE, f"{RELEASE}-mlflow", 5000) as url,
            administrator(cluster, url, namespace) as mlflow,
        ):
            yield World(cluster, namespace, s3, mlflow)
    finally:
        cluster.run("delete", "namespace", namespace, "--wait=false")
