from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fakes import s3 as fake_s3
from given import artifacts
from hypothesis import settings
from running import service

# The same examples each time, so that a change is judged by what it changes; `long` draws others.
settings.register_profile("short", max_examples=100, deadline=None, database=None, derandomize=True)
settings.register_profile("long", max_examples=5_000, deadline=None, database=None)
settings.load_profile("short")


@pytest.fixture
def s3() -> Iterator[fake_s3.FakeS3]:
    with fake_s3.running() as server:
        yield server


@pytest.fixture(scope="session")
def running_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service.Service]:
    """One ready service for all tests that only ask it things."""
    artifact = artifacts.stored()
    home: Path = tmp_path_factory.mktemp("service")
    with fake_s3.running() as store:
        store.objects.update(artifact.objects())
        environment = service.environment(artifact, store.url, home)
        environment["DANDELION_MAX_UPLOAD_BYTES"] = str(1024 * 1024)
        environment["DANDELION_MAX_FILES"] = "4"
        with service.started(environment) as running:
            running.wait_ready()
            yield running


@pytest.fixture
def probes(running_service: service.Service) -> Iterator[httpx.Client]:
    with service.client(running_service.probes_url) as http:
        yield http


@pytest.fixture
def client(running_service: service.Service) -> Iterator[httpx.Client]:
    with service.client(running_service.url) as http:
        yield http
