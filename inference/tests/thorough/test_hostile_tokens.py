"""A flood of invented tokens takes nothing from a caller who is known, and does no harm."""

from __future__ import annotations

from collections.abc import Iterator

import pictures
import pytest
from fakes import api_server as fake_api_server
from fakes import s3 as fake_s3
from given import artifacts
from given.hostile_traffic import tokens
from running.attack import Attack, failures, visited
from running.reviewing import reviewing
from running.service import Service, environment, started

MIB = 1024 * 1024
KNOWN = {"Authorization": "Bearer known"}
REFUSED = {"Unauthenticated", "QueueFull", "HeadersTooLarge"}


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    artifact = artifacts.stored()
    with (
        fake_s3.running() as store,
        fake_api_server.running(tmp_path_factory.mktemp("api-server")) as api,
    ):
        store.objects.update(artifact.objects())
        api.users["known"] = "ana"
        api.rules.add(("ana", "predict"))
        wanted = environment(artifact, store.url, tmp_path_factory.mktemp("home"))
        with (
            reviewing(api.server_port, api.folder) as reviewer,
            started(wanted | reviewer.environment()) as running,
        ):
            running.wait_ready()
            yield running


def test_invented_tokens_are_refused_and_a_known_caller_is_answered(service: Service) -> None:
    assert service.post("/predict", content=pictures.plain(), headers=KNOWN).status_code == 200
    before = service.resident_bytes()
    attack = Attack(service.url, tokens.requests(1_000).items())
    with visited(service.url, KNOWN) as visitor:
        attack.run()
    print(f"{dict(attack.answers)}; {visitor.answered} of somebody known")
    assert attack.wrong == []
    assert set(attack.answers) <= REFUSED
    assert attack.answers["Unauthenticated"] > 0
    assert visitor.refused == []
    assert visitor.answered > 0
    assert service.resident_bytes() - before < 32 * MIB
    assert failures(service) == []
