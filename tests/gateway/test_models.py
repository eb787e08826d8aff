"""A model behind a real gateway: images come in at the address that its status tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from dandelion_operator.loop.apply import builders
from fakes import s3 as fake_s3
from running.refusals import BOUNDS, MIB
from running.reviewing import reviewing
from running.service import Service, environment, started

from tests.api.server import ADMIN_TOKEN, ApiServer
from tests.console.served import TEAM
from tests.gateway import contour
from tests.gateway.backends import publish
from tests.gateway.contour import Gateway
from tests.gateway.models import INGRESS, Model, model, until
from tests.page.photos import meadow
from tests.page.served import artifact

LARGE = 9 * MIB


@dataclass(frozen=True)
class Lawn:
    """A model that asks who calls, in reach of the gateway."""

    api: ApiServer
    gateway: Gateway
    model: Model
    service: Service

    def token(self, account: str = "user") -> str:
        told = ("create", "token", account, "-n", TEAM, "--audience=dandelion.dev")
        return self.api.kubectl(*told).strip()

    def caller(self, url: str, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.gateway.client(url, **headers)


@pytest.fixture(scope="module")
def lawn(
    team: ApiServer, gateway: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lawn]:
    folder = tmp_path_factory.mktemp("lawn")
    account = folder / "account"
    account.mkdir()
    (account / "token").write_text(ADMIN_TOKEN)
    (account / "ca.crt").write_text(team.authority.read_text())
    stored = artifact()
    with fake_s3.running() as store, reviewing(team.port, account) as reviewer:
        store.objects.update(stored.objects())
        told = environment(stored, store.url, folder) | BOUNDS | reviewer.environment()
        with started(told | {"DANDELION_MODEL_NAMESPACE": TEAM, "DANDELION_HOST": ""}) as service:
            service.wait_ready()
            made = model(team, "lawn")
            publish(team, builders.service(made.resource), TEAM, service.url)
            yield Lawn(team, gateway, made, service)


@pytest.fixture(scope="module")
def by_route(lawn: Lawn) -> str:
    lawn.model.route()
    seen = until(lawn.model.route_seen, lambda seen: seen.url)
    assert seen.trouble == ""
    lawn.gateway.await_answer(str(seen.url))
    return str(seen.url)


@pytest.fixture(scope="module")
def by_ingress(lawn: Lawn) -> str:
    lawn.api.apply(dict(contour.certificate(TEAM, lawn.gateway)), "--server-side")
    lawn.model.ingress()
    seen = until(lawn.model.ingress_seen, lambda seen: seen.url)
    assert seen.trouble == ""
    lawn.gateway.await_answer(str(seen.url))
    return str(seen.url)


@pytest.fixture(params=["by_route", "by_ingress"])
def address(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


def label(answer: httpx.Response) -> str:
    (found,) = answer.json()["predictions"]
    return str(found["label"])


def test_the_address_that_is_told_answers_an_uploaded_image(lawn: Lawn, address: str) -> None:
    assert address.startswith(f"https://lawn.{TEAM}.models.example.")
    with lawn.caller(address, lawn.token()) as caller:
        answer = caller.post("/predict", content=meadow(0))
        assert answer.status_code == 200, answer.text
        assert label(answer) == "poppy"
        form = caller.post("/predict", files={"file": ("a.png", meadow(1), "image/png")})
        assert label(form) == "clover"


def test_a_large_image_comes_through_whole(lawn: Lawn, address: str) -> None:
    """Of as many bytes as the model takes; what a format leaves at its end is not looked at."""
    image = meadow(2)
    with lawn.caller(address, lawn.token()) as caller:
        answer = caller.post("/predict", content=image + bytes(LARGE - len(image)))
        assert answer.status_code == 200, answer.text
        assert label(answer) == "cornflower"


@pytest.mark.parametrize("token", [None, "forged", "nobody"])
def test_who_may_not_call_is_told_so_before_the_image_is_there(
    lawn: Lawn, address: str, token: str | None
) -> None:
    given = lawn.token("stranger") if token == "nobody" else token
    with lawn.caller(address, given) as caller:
        answer = caller.post("/predict", content=bytes(LARGE))
        status, code = (403, "Forbidden") if token == "nobody" else (401, "Unauthenticated")
        assert answer.status_code == status, answer.text
        assert answer.json()["code"] == code


def test_too_large_an_image_is_refused_before_it_is_there(lawn: Lawn, address: str) -> None:
    with lawn.caller(address, lawn.token()) as caller:
        answer = caller.post("/predict", content=bytes(20 * MIB))
        assert (answer.status_code, answer.json()["code"]) == (413, "UploadTooLarge")


def test_the_page_comes_for_people(lawn: Lawn, address: str) -> None:
    with lawn.caller(address) as browser:
        page = browser.get("/", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "text/html" in page.headers["content-type"]


@pytest.mark.parametrize("name", ["park", "lawn-inference", "console"])
def test_under_another_name_nobody_is_reached(lawn: Lawn, address: str, name: str) -> None:
    elsewhere = address.replace("lawn.", f"{name}.")
    token = lawn.token()
    with lawn.caller(elsewhere, token) as caller:
        assert nobody(caller)
    # Neither by a name in the request that is not the one that TLS was asked for.
    with lawn.caller(address, token) as caller:
        host = elsewhere.removeprefix("https://")
        answer = caller.post("/predict", content=meadow(0), headers={"Host": host})
        assert answer.status_code in (404, 421)


def nobody(caller: httpx.Client) -> bool:
    try:
        return caller.get("/").status_code == 404
    except httpx.ConnectError:
        return True


def test_an_ingress_of_another_controllers_class_is_not_taken(lawn: Lawn) -> None:
    made = model(lawn.api, "hedge")
    rule = INGRESS.model_copy(update={"class_name": "nginx"})
    publish(lawn.api, builders.service(made.resource), TEAM, lawn.service.url)
    made.ingress(rule)
    # Once a later one is taken, this one would have been.
    later = model(lawn.api, "ivy")
    publish(lawn.api, builders.service(later.resource), TEAM, lawn.service.url)
    later.ingress()
    until(later.ingress_seen, lambda seen: seen.url)
    seen = made.ingress_seen(rule)
    assert seen.url is None
    assert seen.trouble == "no ingress controller of class nginx has written its address yet"
    with lawn.caller(f"https://hedge.{TEAM}.models.example.org") as caller:
        assert nobody(caller)


def test_without_a_certificate_an_ingress_is_reached_over_http(lawn: Lawn) -> None:
    made = model(lawn.api, "moss")
    rule = INGRESS.model_copy(update={"tls": ()})
    publish(lawn.api, builders.service(made.resource), TEAM, lawn.service.url)
    made.ingress(rule)
    seen = until(lambda: made.ingress_seen(rule), lambda seen: seen.url)
    assert seen.url == f"http://moss.{TEAM}.models.example.org"
    lawn.gateway.await_answer(seen.url)
    with lawn.caller(seen.url, lawn.token()) as caller:
        assert label(caller.post("/predict", content=meadow(0))) == "poppy"
