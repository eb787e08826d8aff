"""What a serving pod says of its windows of answers is what the operator reads."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import httpx
from dandelion_inference.answer.drift.recent import LAST, Compared, RecentWindows
from dandelion_inference.front.routes.probes import create_probes
from dandelion_inference.model.network import Model
from dandelion_inference.model.readiness import Readiness
from dandelion_inference.model.reference import DriftThresholds, DriftWindow, Statistic
from dandelion_inference.ports.metrics import Metrics
from dandelion_inference.ports.settings import Settings
from dandelion_operator.ports.probes.probe import Probe
from dandelion_operator.seen.conclusions.image_drift import BELOW_IN_A_ROW, IN_A_ROW
from dandelion_operator.seen.windows import WindowCompared, WindowsOfSize

SETTINGS = Settings.model_validate(
    {
        "model_name": "lawn",
        "model_namespace": "default",
        "model_uid": "uid-1",
        "model_version": "3",
        "artifact_uri": "s3://models/default/lawn/run3/artifact",
        "contract_digest": f"sha256:{'3' * 64}",
        "s3_endpoint": "http://s3",
    }
)
TWO = {Statistic.CONFIDENCE: 2.0, Statistic.LOG_DENSITY: 0.25}


def asked(model: object, windows: RecentWindows) -> tuple[WindowsOfSize, ...] | None:
    readiness = Readiness(model=cast(Model, model))
    app = create_probes(SETTINGS, readiness, Metrics(SETTINGS), windows)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app))
    return asyncio.run(Probe(http).drift("10.0.1.1", 8081))


def model(*windows: DriftWindow) -> SimpleNamespace:
    drift = DriftThresholds(falseAlarmRate=0.01, windows=windows)
    return SimpleNamespace(contract=SimpleNamespace(reference=SimpleNamespace(drift=drift)))


def test_the_operator_is_told_how_far_each_window_was() -> None:
    recent = RecentWindows()
    for second, (confidence, density) in enumerate(((1.0, 0.125), (3.0, 0.5))):
        scores = {Statistic.CONFIDENCE: confidence, Statistic.LOG_DENSITY: density}
        recent.add(20, Compared(second, scores, TWO))
    found = asked(
        model(DriftWindow(answers=20, thresholds=TWO), DriftWindow(answers=50, thresholds=TWO)),
        recent,
    )
    assert found == (
        WindowsOfSize(
            20,
            (
                WindowCompared("1970-01-01T00:00:01Z", 2.0, "logDensity"),
                WindowCompared("1970-01-01T00:00:00Z", 0.5, "confidence"),
            ),
        ),
        WindowsOfSize(50),
    )


def test_a_model_without_thresholds_and_one_that_is_not_there_yet_differ() -> None:
    assert asked(model(), RecentWindows()) == ()
    none = SimpleNamespace(contract=SimpleNamespace(reference=None))
    assert asked(none, RecentWindows()) == ()
    assert asked(None, RecentWindows()) is None


def test_a_pod_keeps_as_many_windows_as_the_operator_asks_about() -> None:
    assert max(IN_A_ROW, BELOW_IN_A_ROW) <= LAST
