"""A log to review, with the commands called on it."""

from pathlib import Path

import pytest
from given.reviews import Reviewed


@pytest.fixture
def reviewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Reviewed:
    return Reviewed.of_four(tmp_path, capsys)
