"""Logs are for operators of the operator; in a failing test the world's own words say more."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog
from small_world import World

structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), cache_logger_on_first_use=True)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
