"""Two teams, each with a model that serves, once for all of these tests."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator

import pytest
from dandelion_demo.install import look_after
from dandelion_demo.kube import Cluster
from minio import Minio

from tests.e2e import registry
from tests.e2e.conftest import fresh
from tests.e2e.installation.neighbours.given import EDITOR, OURS, THEIRS, Neighbours, mint
from tests.e2e.world import World, colours


@pytest.fixture(scope="package")
def world(cluster: Cluster, s3: Minio, mlflow_url: str) -> Iterator[World]:
    """In place of one for each module: the models are trained once."""
    with fresh(cluster, s3, mlflow_url, "neighbours") as world:
        yield world


@pytest.fixture(scope="package")
def neighbours(world: World, mlflow_url: str) -> Iterator[Neighbours]:
    cluster, name = world.cluster, f"neighbour-{uuid.uuid4().hex[:5]}"
    cluster.run("create", "namespace", name)
    look_after(cluster, name)
    registry.account(cluster, world.namespace, EDITOR, "edit")
    config = json.loads(cluster.run("config", "view", "--minify", "--raw", "-o", "json"))
    api = config["clusters"][0]["cluster"]
    with registry.administrator(cluster, mlflow_url, name) as mlflow:
        there = World(cluster, name, world.s3, mlflow)
        guarded = {"auth": "ClusterTokens"}
        there.train(THEIRS, there.upload("colours", colours()), serving=guarded)
        world.train(OURS, world.upload("colours", colours()))
        there.until_served(THEIRS, "1")
        world.until_served(OURS, "1")
        accounts = [item["metadata"]["name"] for item in world.get("serviceaccounts")]
        assert {EDITOR, "default", f"{OURS}-training"} <= set(accounts)
        yield Neighbours(
            *(world, there, api["server"]),
            base64.b64decode(api["certificate-authority-data"]).decode(),
            # Of our administrator, who may do more here, `edit` may make a token too.
            {account: mint(world, account) for account in accounts},
        )
    cluster.run("delete", "namespace", name, "--wait=false")
