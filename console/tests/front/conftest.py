"""A model's pods, and people who may show them images."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.cluster import ACCOUNT, FakeCluster
from fakes.serving import FakeServing
from given.browser import Browser
from given.predicting import logged_in


@pytest.fixture
def serving() -> FakeServing:
    return FakeServing()


@pytest.fixture
def people(cluster: FakeCluster) -> FakeCluster:
    cluster.let("viewer", "create predict", "create feedback", "list", "get")
    cluster.let("editor", "create predict", "list", "get")
    cluster.let(ACCOUNT)
    return cluster


@pytest.fixture
def visitor(people: FakeCluster, serving: FakeServing, tmp_path: Path) -> Browser:
    """Somebody who may predict and tell."""
    return logged_in("viewer", people, serving, tmp_path)
