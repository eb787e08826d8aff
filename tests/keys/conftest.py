from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dandelion_local import tools

from tests.keys.minio import Store, running


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    tools.ensure(tools.holding(["minio"]))
    with running(tmp_path_factory.mktemp("minio")) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mounted"
    made.mkdir()
    return made
