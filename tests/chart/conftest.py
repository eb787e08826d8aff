"""The chart in its usual form, rendered once."""

from __future__ import annotations

import pytest

from tests.chart.rendering import Rendered, render


@pytest.fixture(scope="session")
def default() -> Rendered:
    return render()
