"""Runs with stand-ins for what takes long."""

import pytest
from given.quick import make_quick
from given.runs import Finished


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A run from beginning to end, with the stand-ins."""
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        return Finished(tmp_path_factory.mktemp("work"))
