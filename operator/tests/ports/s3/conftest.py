"""One endpoint for all tests of a file, emptied before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fakes.s3 import FakeS3, serving


@pytest.fixture(scope="module")
def server() -> Iterator[FakeS3]:
    with serving() as s3:
        yield s3


@pytest.fixture
def s3(server: FakeS3) -> FakeS3:
    fresh = FakeS3()
    for name in ("buckets", "refuses", "not_s3", "may_make_buckets", "requests"):
        setattr(server, name, getattr(fresh, name))
    return server
