"""A log to review, with the commands called on it."""

from pathlib import Path

import pytest
from given.reviews import Reviewed, row, told


@pytest.fixture
def reviewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Reviewed:
    """Three answers of the sample, and one that somebody corrected."""
    found = Reviewed(tmp_path, capsys)
    rows = [row(1, 0.9), row(2, 0.6), row(3, 0.25), row(4, 0.8, reviewSample=False)]
    found.log(*rows, row(5, reviewSample=False))
    found.log(told(4, "grass"), kind="feedback")
    return found
