"""The cluster and a namespace of its own for a measurement, gone again afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
from dandelion_demo.install import NAMESPACE, RELEASE, install
from dandelion_demo.target import image_settings, target
from minio import Minio

from tests.e2e.world import World


@contextmanager
def stage() -> Iterator[World]:
    """A World on the installed system, with everything reachable while the block runs."""
    cluster = target()
    install(cluster, *image_settings())
    namespace = f"bench-{uuid.uuid4().hex[:5]}"
    cluster.run("create", "namespace", namespace)
    root = cluster.secret(NAMESPACE, f"{RELEASE}-minio-root")
    try:
        with (
            cluster.reach(NAMESPACE, f"{RELEASE}-minio", 9000) as minio,
            cluster.reach(NAMESPACE, f"{RELEASE}-mlflow", 5000) as mlflow,
            httpx.Client(base_url=mlflow, timeout=30) as client,
        ):
            s3 = Minio(
                urlsplit(minio).netloc,
                access_key=root["rootUser"],
                secret_key=root["rootPassword"],
                secure=False,
            )
            yield World(cluster, namespace, s3, client)
    finally:
        cluster.run("delete", "namespace", namespace, "--wait=false")
