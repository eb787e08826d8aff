"""A refusal that comes while the body is still being sent can be read by the clients people use."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from fakes import s3 as fake_s3
from running import refusals
from running.refusals import BODY, EARLY, MIB, UNAUTHENTICATED, Early
from running.service import Service, client
from running.uploaders import UPLOADERS, Uploader

every_client = pytest.mark.parametrize("uploader", UPLOADERS.values(), ids=UPLOADERS)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        fake_s3.running() as store,
        refusals.refusing(store, tmp_path_factory.mktemp("home")) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        fake_s3.running() as store,
        refusals.asking_for_tokens(store, tmp_path_factory.mktemp("home")) as running,
    ):
        yield running


@every_client
@pytest.mark.parametrize("early", EARLY.values(), ids=EARLY)
def test_an_early_refusal_is_read(service: Service, uploader: Uploader, early: Early) -> None:
    told = uploader(service.url + early.path, early.headers or {}, BODY)
    assert (told.status, told.code) == (early.status, early.code)


@every_client
def test_who_does_not_say_who_it_is_reads_that(guarded: Service, uploader: Uploader) -> None:
    told = uploader(guarded.url + "/predict", {}, BODY)
    assert (told.status, told.code) == (UNAUTHENTICATED.status, UNAUTHENTICATED.code)


@every_client
def test_that_the_service_is_full_is_read(service: Service, uploader: Uploader) -> None:
    body = BODY[: 9 * MIB]
    with refusals.busy(service):
        # Between two pictures there is room; what is sent is none.
        while (told := uploader(service.url + "/predict", {}, body)).status == 400:
            assert told.code == "NotAnImage"
    assert (told.status, told.code) == (429, "QueueFull")


def test_a_connection_is_kept_however_often_it_is_refused(service: Service) -> None:
    with client(service.url) as http:
        for _ in range(8):
            assert http.post("/predict", content=BODY).status_code == 413


def _slowly() -> Iterator[bytes]:
    for _ in range(15):
        yield b"x" * 100
        time.sleep(0.1)


@pytest.mark.parametrize("name", ["requests", "httpx", "http.client", "curl"])
def test_that_it_sends_too_slowly_is_read(service: Service, name: str) -> None:
    told = UPLOADERS[name](service.url + "/predict", {}, _slowly())
    assert (told.status, told.code) == (408, "UploadTooSlow")
