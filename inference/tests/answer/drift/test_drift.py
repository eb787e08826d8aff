"""Answers that are no longer like those that the model gave for its holdout are told, within a
window of them, and chance is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pictures
import pytest
from dandelion_inference.journal.sample import sampled_during_drift
from fakes import s3 as fake_s3
from fakes.s3 import FakeS3
from given import artifacts, uploads
from prometheus_client.parser import text_string_to_metric_families
from running.logging_service import events, eventually, logging_environment, metric, rows
from running.service import Service, client, environment, started

#: The network says this of a colour that it knows, and this of the other two.
SURE, OTHER = 0.9998, 8.174e-05
WINDOW = 6
REFERENCE = {
    "meanRGB": [0.3, 0.3, 0.3],
    "stdRGB": [0.2, 0.2, 0.2],
    "classDistribution": {"red": 0.34, "green": 0.33, "blue": 0.33},
    "meanConfidence": 0.9,
    "answers": {
        "images": 400,
        "meanConfidence": SURE,
        "confidence": [SURE] * 65,
        "probability": {label: [OTHER] * 43 + [SURE] * 22 for label in artifacts.CLASSES},
        "logDensity": [-0.3] * 10 + [-0.2491] * 55,
        "features": [1 / 6] * 3,
    },
    "drift": {
        "falseAlarmRate": 0.01,
        "windows": [
            {
                "answers": WINDOW,
                "thresholds": {
                    "probabilities": 0.6,
                    "confidence": 2.0,
                    "logDensity": 0.4,
                    "features": 0.1,
                },
            },
            {"answers": 50, "thresholds": {"confidence": 1.5}},
        ],
    },
}
PINK = (255, 180, 180)
"""As red as can be, and lighter than all that was learnt from."""


def stored() -> artifacts.StoredArtifact:
    return artifacts.stored(
        artifacts.colour_graph_with_features(),
        logDensity=artifacts.LOG_DENSITY,
        features=artifacts.FEATURES,
        referenceStatistics=REFERENCE,
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    artifact = stored()
    with fake_s3.running() as store:
        store.objects.update(artifact.objects())
        home = tmp_path_factory.mktemp("service")
        with started(environment(artifact, store.url, home)) as service:
            service.wait_ready()
            yield service


@dataclass(frozen=True)
class Watched:
    """A service at the beginning of a window, and what it had counted by then."""

    service: Service
    windows: float
    alarms: float

    def send(self, *colours: tuple[int, int, int]) -> None:
        send(self.service, *colours)

    def compared(self, windows: int) -> float:
        """The alarms once so many windows more are compared."""
        eventually(lambda: told(self.service, "windows_total") == self.windows + windows)
        return told(self.service, "alarms_total") - self.alarms


@pytest.fixture
def watched(running: Service) -> Watched:
    begun = int(told(running, "window_answers"))
    if begun:
        before = told(running, "windows_total")
        send(running, *[pictures.RED] * (WINDOW - begun))
        eventually(lambda: told(running, "windows_total") == before + 1)
    return Watched(running, told(running, "windows_total"), told(running, "alarms_total"))


def send(service: Service, *colours: tuple[int, int, int]) -> None:
    files = uploads.form(*map(pictures.plain, colours))
    assert service.post("/predict", files=files).status_code == 200


def told(service: Service, name: str, window: int = WINDOW, **labels: str) -> float:
    return metric(service, f"dandelion_drift_{name}", version="3", window=str(window), **labels)


def asked(service: Service) -> dict[str, Any]:
    """What the pod says to the operator."""
    with client(service.probes_url) as http:
        answer = http.get("/drift")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def scores(service: Service) -> dict[str, float]:
    return {
        sample.labels["statistic"]: sample.value
        for family in text_string_to_metric_families(service.metrics())
        for sample in family.samples
        if sample.name == "dandelion_drift_score" and sample.labels["window"] == str(WINDOW)
    }


ALL = (pictures.RED, pictures.GREEN, pictures.BLUE)
GREY = (128, 128, 128)


def test_before_any_window_is_full_there_are_thresholds_and_no_score(running: Service) -> None:
    assert told(running, "threshold", statistic="confidence") == 2.0
    assert told(running, "threshold", window=50, statistic="confidence") == 1.5
    assert metric(running, "dandelion_drift_false_alarm_rate", version="3") == 0.01
    assert told(running, "windows_total") == told(running, "alarms_total") == 0
    assert told(running, "window_answers") == told(running, "window_answers", window=50) == 0
    send(running, *ALL, *ALL[:2])
    assert told(running, "window_answers") == told(running, "window_answers", window=50) == 5
    assert scores(running) == {}
    nothing = {"compared": 0, "exceeded": 0, "last": []}
    assert asked(running) == {
        "model": {"name": "lawn", "version": "3"},
        "falseAlarmRate": 0.01,
        "windows": [{"answers": WINDOW, **nothing}, {"answers": 50, **nothing}],
    }


def test_answers_like_the_holdouts_are_no_alarm(watched: Watched) -> None:
    watched.send(*ALL, *ALL, pictures.RED)
    assert watched.compared(windows=1) == 0
    assert told(watched.service, "window_answers") == 1
    found = scores(watched.service)
    assert found["probabilities"] < 0.1
    assert found["confidence"] == pytest.approx(0)
    assert found["features"] < 0.05


@pytest.mark.parametrize(
    ("colours", "statistic"),
    [
        pytest.param([pictures.RED] * WINDOW, "probabilities", id="another class mix"),
        pytest.param([GREY] * WINDOW, "confidence", id="nothing that it knows"),
        pytest.param([PINK, *ALL, PINK, PINK], "logDensity", id="other light"),
        pytest.param([pictures.RED, *ALL, *ALL[:2]], "features", id="another mean colour"),
    ],
)
def test_a_window_that_differs_is_one_alarm_whatever_differs(
    watched: Watched, colours: list[tuple[int, int, int]], statistic: str
) -> None:
    watched.send(*colours)
    assert watched.compared(windows=1) == 1
    threshold = told(watched.service, "threshold", statistic=statistic)
    assert scores(watched.service)[statistic] > threshold


def test_windows_follow_one_another_without_overlap(watched: Watched) -> None:
    watched.send(*[GREY] * WINDOW)
    watched.send(*ALL, *ALL)
    assert watched.compared(windows=2) == 1
    assert scores(watched.service)["confidence"] == pytest.approx(0)


def test_whoever_asks_is_told_how_far_the_last_windows_were(watched: Watched) -> None:
    for _ in range(5):
        watched.send(*ALL, *ALL)
    watched.send(*[GREY] * WINDOW)
    watched.compared(windows=6)
    small = asked(watched.service)["windows"][0]
    assert small["compared"] == told(watched.service, "windows_total")
    assert small["exceeded"] == told(watched.service, "alarms_total")
    newest, *others = small["last"]
    assert [window["exceeded"] for window in small["last"]] == [True, *[False] * 4]
    assert newest["ratio"] > 1 > max(window["ratio"] for window in others)
    assert sorted((window["time"] for window in small["last"]), reverse=True) == [
        window["time"] for window in small["last"]
    ]
    statistics = newest["statistics"]
    assert statistics.keys() == {"probabilities", "confidence", "logDensity", "features"}
    for found in statistics.values():
        assert found["ratio"] == pytest.approx(found["score"] / found["threshold"])
    assert newest["ratio"] == statistics[newest["statistic"]]["ratio"]
    assert newest["ratio"] == max(found["ratio"] for found in statistics.values())


@pytest.mark.parametrize(
    ("reviewed", "drawn"),
    [
        pytest.param({"DANDELION_REVIEW_SHARE": "0"}, True, id="people review"),
        pytest.param({}, False, id="nobody does"),
    ],
)
def test_a_share_of_the_answers_during_drift_is_marked_for_people_to_look_at(
    s3: FakeS3, tmp_path: Path, reviewed: dict[str, str], drawn: bool
) -> None:
    wanted = logging_environment(s3, tmp_path, artifact=stored()) | reviewed
    with started(wanted) as service:
        service.wait_ready()
        send(service, *[GREY] * WINDOW)
        eventually(lambda: told(service, "windows_total") == 1)
        send(service, *[GREY] * (WINDOW - 1))
        service.terminate()
        assert service.wait() == 0
    logged = rows(s3, "predictions")
    before, during = logged[:WINDOW], logged[WINDOW:]
    assert [row["driftSample"] for row in before if "driftSample" in row] == []
    marks = [row.get("driftSample") for row in during]
    expected = [sampled_during_drift(row["id"], row["index"]) if drawn else None for row in during]
    assert marks == expected
    assert len(during) == WINDOW - 1


def test_refused_images_are_no_answers(watched: Watched) -> None:
    assert watched.service.post("/predict", content=b"no image").status_code == 400
    files = [*uploads.form(pictures.plain(pictures.RED)), *uploads.form(b"no image")]
    assert watched.service.post("/predict", files=files).status_code == 200
    assert told(watched.service, "window_answers") == 1


def test_answers_of_every_protocol_count(watched: Watched) -> None:
    tensor = artifacts.tensor("red", "green")
    given = {"name": "image", "shape": list(tensor.shape), "datatype": "FP32"}
    body: dict[str, Any] = {"inputs": [given | {"data": tensor.ravel().tolist()}]}
    assert watched.service.post("/v2/models/lawn/infer", json=body).status_code == 200
    assert told(watched.service, "window_answers") == 2


def test_a_model_without_thresholds_answers_and_says_so(running_service: Service) -> None:
    assert "dandelion_drift_score{" not in running_service.metrics()
    assert "dandelion_drift_threshold{" not in running_service.metrics()
    assert asked(running_service)["windows"] == []
    assert running_service.post("/predict", content=pictures.plain(pictures.RED)).is_success
    [line] = [line for line in running_service.log if "drift is not told" in line]
    assert json.loads(line)["level"] == "info"
    assert events(running_service, "ready")
