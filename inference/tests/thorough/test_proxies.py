"""Through a reverse proxy a service answers as it does itself, refusals that come early too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pictures
import pytest
from fakes import s3 as fake_s3
from running import proxies, refusals
from running.cached_environments import environment_of
from running.proxies import PROXIES
from running.refusals import BODY, EARLY, MIB, UNAUTHENTICATED, Early
from running.service import Service
from running.uploaders import UPLOADERS, Uploader

REQUIREMENTS = Path(__file__).parent / "clients/requirements-proxies.txt"
CLIENTS = ["requests", "httpx", "curl", "curl that asks first"]
every_client = pytest.mark.parametrize(
    "uploader", [UPLOADERS[name] for name in CLIENTS], ids=CLIENTS
)


@pytest.fixture(scope="module")
def home() -> Path:
    return environment_of("proxies", REQUIREMENTS)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        fake_s3.running() as store,
        refusals.refusing(store, tmp_path_factory.mktemp("home")) as running,
    ):
        yield running


@pytest.fixture(scope="module", params=PROXIES)
def address(
    request: pytest.FixtureRequest,
    service: Service,
    home: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("proxy")
    with proxies.before(service.url, request.param, home, folder) as url:
        yield url


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        fake_s3.running() as store,
        refusals.asking_for_tokens(store, tmp_path_factory.mktemp("home")) as running,
    ):
        yield running


@every_client
def test_a_picture_is_answered_through_a_proxy(address: str, uploader: Uploader) -> None:
    picture = pictures.encoded(pictures.noise((1000, 1000)))
    assert len(picture) > MIB
    for _ in range(3):
        told = uploader(f"{address}/predict", {}, picture)
        assert told.status == 200, told


@every_client
@pytest.mark.parametrize("early", EARLY.values(), ids=EARLY)
def test_an_early_refusal_comes_through_a_proxy(
    address: str, uploader: Uploader, early: Early
) -> None:
    # Proxies keep connections: what one request leaves must not spoil the next.
    for _ in range(3):
        told = uploader(address + early.path, early.headers or {}, BODY)
        assert (told.status, told.code) == (early.status, early.code)


@every_client
def test_that_the_service_is_full_comes_through_a_proxy(
    service: Service, address: str, uploader: Uploader
) -> None:
    with refusals.busy(service):
        while (told := uploader(f"{address}/predict", {}, BODY[: 9 * MIB])).status == 400:
            assert told.code == "NotAnImage"
    assert (told.status, told.code) == (429, "QueueFull")


@pytest.mark.parametrize("proxy", PROXIES)
def test_who_does_not_say_who_it_is_reads_that_through_a_proxy(
    guarded: Service, home: Path, tmp_path: Path, proxy: str
) -> None:
    with proxies.before(guarded.url, proxy, home, tmp_path) as url:
        for client in CLIENTS:
            told = UPLOADERS[client](f"{url}/predict", {}, BODY)
            assert (told.status, told.code) == (UNAUTHENTICATED.status, UNAUTHENTICATED.code)
