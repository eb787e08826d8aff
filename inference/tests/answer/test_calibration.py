"""Probabilities that say how often they are right, and images that may be none of the classes."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp
from pathlib import Path
from typing import Any

import pictures
import pytest
from dandelion_inference.errors import LoadError
from dandelion_inference.front.routes.predict import PredictResponse
from fakes import s3 as fake_s3
from fakes.s3 import FakeS3
from given import artifacts, uploads
from running.loading import load
from running.logging_service import metric
from running.service import Service, environment, started

CALIBRATION = {"temperature": 4.0, "unknownThreshold": 0.6}
GREY = (128, 128, 128)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    artifact = artifacts.stored(calibration=CALIBRATION)
    with fake_s3.running() as store:
        store.objects.update(artifact.objects())
        home = tmp_path_factory.mktemp("service")
        with started(environment(artifact, store.url, home)) as running:
            running.wait_ready()
            yield running


def predicted(service: Service, *colours: tuple[int, int, int]) -> list[dict[str, Any]]:
    files = uploads.form(*(pictures.plain(colour) for colour in colours))
    answer = service.post("/predict", files=files)
    PredictResponse.model_validate_json(answer.content, strict=True)
    found: list[dict[str, Any]] = answer.json()["predictions"]
    return found


def test_an_image_that_no_class_is_sure_of_is_called_unknown(service: Service) -> None:
    red, grey = predicted(service, pictures.RED, GREY)
    assert (red["label"], red["unknown"]) == ("red", False)
    assert grey["unknown"] is True
    assert grey["probability"] == grey["unknownScore"] == pytest.approx(1 / 3)


def test_unknown_images_are_counted(service: Service) -> None:
    before = metric(service, "dandelion_unknown_total", version="3")
    predicted(service, GREY, pictures.RED, GREY)
    assert metric(service, "dandelion_unknown_total", version="3") == before + 2


def test_the_open_inference_protocol_gives_the_same_probabilities(service: Service) -> None:
    [red] = predicted(service, pictures.RED)
    shown = artifacts.tensor("red")
    tensor = {"name": "image", "shape": list(shown.shape), "datatype": "FP32"}
    body = {"inputs": [tensor | {"data": shown.ravel().tolist()}]}
    answer = service.post("/v2/models/lawn/infer", json=body).json()
    probabilities = {output["name"]: output["data"] for output in answer["outputs"]}
    assert probabilities["probabilities"] == pytest.approx(list(red["scores"].values()))


def test_a_temperature_brings_the_logits_closer(s3: FakeS3, tmp_path: Path) -> None:
    model = load(artifacts.stored(calibration={"temperature": 2.0}), s3, tmp_path)
    red, green, blue = model.probabilities(artifacts.tensor("red"), alone=True)
    # The logits are ten times the channels' means, from 0 to 1.
    assert red / green == pytest.approx(exp(10 * (250 - 10) / 255 / 2), rel=1e-4)
    assert green == pytest.approx(blue)


def test_without_a_threshold_nothing_is_said_of_unknown(running_service: Service) -> None:
    [grey] = predicted(running_service, GREY)
    assert set(grey) == {"label", "probability", "scores"}
    assert "dandelion_unknown_total{" not in running_service.metrics()


@pytest.mark.parametrize(
    ("calibration", "place"),
    [
        ({"temperature": 0}, "calibration.temperature"),
        ({"unknownThreshold": 0.5}, "calibration.temperature"),
        ({"temperature": 1, "unknownThreshold": 1.5}, "calibration.unknownThreshold"),
    ],
)
def test_a_calibration_that_makes_no_sense_is_refused(
    calibration: dict[str, float], place: str, s3: FakeS3, tmp_path: Path
) -> None:
    with pytest.raises(LoadError, match=place):
        load(artifacts.stored(calibration=calibration), s3, tmp_path)
