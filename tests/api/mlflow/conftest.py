"""One MLflow for all of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.mlflow.server import Mlflow, running
from tests.api.server import ApiServer


@pytest.fixture(scope="session")
def mlflow(bare: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mlflow]:
    with running(bare, tmp_path_factory.mktemp("mlflow")) as server:
        yield server
