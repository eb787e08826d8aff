"""Retries without their waits, and no structured noise on the terminal."""

from collections.abc import Iterator

import pytest
import stamina
import structlog
from hypothesis import settings

# The same examples each time, so that a change is judged by what it changes; `long` draws others.
settings.register_profile("short", max_examples=100, deadline=None, database=None, derandomize=True)
settings.register_profile("long", max_examples=2000, deadline=None, database=None)
settings.load_profile("short")


@pytest.fixture(autouse=True)
def quick_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.fixture(autouse=True)
def quiet_log() -> None:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[_drop])


def _drop(_logger: object, _method: str, _event: structlog.typing.EventDict) -> str:
    return ""
