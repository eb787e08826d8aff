"""Retries without their waits, and no structured noise on the terminal."""

from collections.abc import Iterator

import pytest
import stamina
import structlog


@pytest.fixture(autouse=True)
def quick_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.fixture(autouse=True)
def quiet_log() -> None:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[_drop])


def _drop(_logger: object, _method: str, _event: structlog.typing.EventDict) -> str:
    return ""
