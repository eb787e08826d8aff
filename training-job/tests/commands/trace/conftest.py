"""A traced answer, made once and copied for each test."""

from pathlib import Path

import pytest
from given.evaluation.traced import Traced, traced
from given.quick import make_quick


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        return traced(tmp_path_factory.mktemp("work"))


@pytest.fixture
def found(original: Traced, tmp_path: Path) -> Traced:
    return original.copied(tmp_path)
