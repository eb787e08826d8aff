"""The cluster that every end-to-end test shares, and a namespace for each module."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from dandelion_demo.install import NAMESPACE, RELEASE, install, look_after, object_store
from dandelion_demo.kube import Cluster
from dandelion_demo.target import image_settings, target
from minio import Minio

from tests.e2e.registry import administrator
from tests.e2e.world import World, create_namespace


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The local cluster with the images of this checkout and the chart installed."""
    found = target()
    install(found, *image_settings(), "operator.namespaces=Labelled")
    return found


@pytest.fixture(scope="session")
def s3(cluster: Cluster) -> Iterator[Minio]:
    """MinIO's own administrator."""
    with object_store(cluster) as client:
        yield client


@pytest.fixture(scope="session")
def mlflow_url(cluster: Cluster) -> Iterator[str]:
    """MLflow's address."""
    with cluster.reach(NAMESPACE, f"{RELEASE}-mlflow", 5000) as url:
        yield url


@pytest.fixture(scope="module")
def world(
    cluster: Cluster, s3: Minio, mlflow_url: str, request: pytest.FixtureRequest
) -> Iterator[World]:
    """A fresh namespace."""
    module = re.sub(r"[^a-z0-9]+", "-", request.module.__name__.rpartition(".")[2])
    with fresh(cluster, s3, mlflow_url, module.removeprefix("test-")) as world:
        yield world


@contextmanager
def fresh(cluster: Cluster, s3: Minio, mlflow_url: str, name: str) -> Iterator[World]:
    """A namespace under Pod Security `restricted`, deleted afterwards; in MLflow its
    administrator.
    """
    namespace = f"{name}-{uuid.uuid4().hex[:5]}"
    create_namespace(cluster, namespace)
    cluster.run(*("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"))
    look_after(cluster, namespace)
    with administrator(cluster, mlflow_url, namespace) as mlflow:
        yield World(cluster, namespace, s3, mlflow)
    if "DANDELION_KEEP_NAMESPACES" not in os.environ:
        cluster.run("delete", "namespace", namespace, "--wait=false")
