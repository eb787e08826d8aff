"""MLflow's answers, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest
from dandelion_operator.api.reasons import Failure
from dandelion_operator.ports.fence import Fence, NotLeadingError
from dandelion_operator.ports.registry import Registry, RegistryError
from dandelion_operator.seen.versions import RegistrySeen
from fakes.killer import Killed, Killer
from fakes.mlflow import MODEL, FakeMlflow


def registry(handle: Callable[[httpx.Request], httpx.Response], leading: bool = True) -> Registry:
    fence = Fence()
    if leading:
        fence.open_until(float("inf"))
    http = httpx.AsyncClient(
        base_url="http://mlflow", transport=httpx.MockTransport(handle), verify=False
    )
    return Registry(http, fence)


@pytest.fixture
def mlflow() -> FakeMlflow:
    return FakeMlflow(Killer())


def snapshot(mlflow: FakeMlflow) -> RegistrySeen | Failure:
    return asyncio.run(registry(mlflow.handle).snapshot(MODEL))


def test_a_model_that_was_never_registered_is_no_error(mlflow: FakeMlflow) -> None:
    assert snapshot(mlflow) == RegistrySeen()


def test_versions_come_newest_first_with_their_tags(mlflow: FakeMlflow) -> None:
    for run in ("a", "b"):
        mlflow.add_version(
            run=run, training_hash="w", verdict="promoted", **{"contract-digest": "sha256:1"}
        )
    mlflow.aliases = {"champion": "1", "challenger": "2"}
    found = snapshot(mlflow)
    assert isinstance(found, RegistrySeen)
    assert [item.version for item in found.versions] == [2, 1]
    assert (found.champion, found.challenger) == (1, 2)
    first = found.versions[1]
    assert (first.run, first.training_hash, first.verdict) == ("a", "w", "promoted")
    assert first.target.contract_digest == "sha256:1"


def test_an_alias_that_names_no_version_is_reported_as_it_is(mlflow: FakeMlflow) -> None:
    mlflow.add_version(run="a")
    mlflow.aliases = {"champion": "9"}
    found = snapshot(mlflow)
    assert isinstance(found, RegistrySeen)
    assert found.champion == 9
    assert found.version(9) is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            lambda request: httpx.Response(503, text="upstream"), "answers HTTP 503", id="a proxy"
        ),
        pytest.param(
            lambda request: httpx.Response(403, json={"message": "host not allowed"}),
            "host not allowed",
            id="MLflow refuses",
        ),
    ],
)
def test_an_answer_that_is_none_is_a_failure_in_words(
    answer: Callable[[httpx.Request], httpx.Response], words: str
) -> None:
    found = asyncio.run(registry(answer).snapshot(MODEL))
    assert isinstance(found, Failure)
    assert found.may_pass
    assert words in found.message


def test_mlflow_away_is_a_failure_in_words(mlflow: FakeMlflow) -> None:
    mlflow.away = True
    found = snapshot(mlflow)
    assert isinstance(found, Failure)
    assert "does not answer: connection refused" in found.message
    with pytest.raises(RegistryError):
        asyncio.run(registry(mlflow.handle).pulse(MODEL))


def test_the_pulse_changes_when_somebody_moves_an_alias(mlflow: FakeMlflow) -> None:
    mlflow.add_version(run="a")
    before = asyncio.run(registry(mlflow.handle).pulse(MODEL))
    assert asyncio.run(registry(mlflow.handle).pulse(MODEL)) == before
    mlflow.aliases["champion"] = "1"
    assert asyncio.run(registry(mlflow.handle).pulse(MODEL)) != before


def test_the_verdict_is_written_last(mlflow: FakeMlflow) -> None:
    number = mlflow.add_version(run="a")
    tags = {"verdict-reason": "good", "gate": "g", "verdict": "promoted"}
    mlflow.killer.at, mlflow.killer.after_effect = 3, False
    with pytest.raises(Killed):
        asyncio.run(registry(mlflow.handle).set_tags(MODEL, number, tags))
    assert mlflow.verdict(number) == ""


def test_without_the_lease_nothing_is_written(mlflow: FakeMlflow) -> None:
    mlflow.add_version(run="a")
    with pytest.raises(NotLeadingError):
        asyncio.run(registry(mlflow.handle, leading=False).set_alias(MODEL, "champion", 1))
    assert mlflow.aliases == {}
