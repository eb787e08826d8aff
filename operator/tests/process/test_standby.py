"""Of two operators only the one that leads tells Prometheus about ModelDeployments."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import given
import pytest
from dandelion_operator.loop.workqueue import Queue
from dandelion_operator.ports import metrics
from dandelion_operator.process.health import Health
from dandelion_operator.process.leader import Elector

SERIES = 'dandelion_modeldeployment_condition{name="lawn",namespace="default",status="False"'


def scraped(leading: bool) -> str:
    elector = cast(Elector, SimpleNamespace(leading=leading))

    async def scrape() -> Any:
        return await Health(elector, Queue()).metrics(cast(Any, None))

    return bytes(asyncio.run(scrape()).body).decode()


@pytest.fixture
def told() -> None:
    condition = {
        "type": "Ready",
        "status": "False",
        "reason": "NoVersion",
        "lastTransitionTime": given.NOW,
    }
    drift = {"version": "3", "score": 1.8, "above": 1.5}
    now = given.status(conditions=[condition], history=[], drift=drift)
    metrics.record(given.resource().key, given.status(), now)


@pytest.mark.usefixtures("told")
def test_an_operator_that_leads_no_longer_forgets_what_it_saw() -> None:
    assert SERIES in scraped(leading=True)
    assert SERIES not in scraped(leading=False)
    assert "dandelion_operator_leading 0.0" in scraped(leading=False)


DRIFT = 'dandelion_modeldeployment_drift_{}{{name="lawn",namespace="default"}} {}'


@pytest.mark.usefixtures("told")
def test_how_far_images_have_drifted_is_told_and_from_where_on_a_run_is_started() -> None:
    found = scraped(leading=True)
    assert DRIFT.format("score", 1.8) in found
    assert DRIFT.format("above", 1.5) in found
    assert "dandelion_modeldeployment_drift_score{" not in scraped(leading=False)


@pytest.mark.usefixtures("told")
def test_where_drift_is_not_known_there_is_no_score() -> None:
    metrics.record(given.resource().key, given.status(), given.status(drift={"version": "4"}))
    assert "dandelion_modeldeployment_drift_score{" not in scraped(leading=True)
