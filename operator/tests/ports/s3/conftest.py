"""One endpoint for all tests of a file, emptied before each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import pytest
from fakes.s3 import FakeS3, serving


@pytest.fixture(scope="module")
def server() -> Iterator[FakeS3]:
    with serving() as s3:
        yield s3


@pytest.fixture
def s3(server: FakeS3) -> FakeS3:
    fresh = FakeS3(endpoint=server.endpoint)
    for item in fields(FakeS3):
        setattr(server, item.name, getattr(fresh, item.name))
    return server
