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
    metrics.record(
        given.resource().key, given.status(), given.status(conditions=[condition], history=[])
    )


@pytest.mark.usefixtures("told")
def test_an_operator_that_leads_no_longer_forgets_what_it_saw() -> None:
    assert SERIES in scraped(leading=True)
    assert SERIES not in scraped(leading=False)
    assert "dandelion_operator_leading 0.0" in scraped(leading=False)
