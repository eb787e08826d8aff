"""Images that may be none of the classes, told by more than the probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pictures
import pytest
from dandelion_inference.answer.certainty import Certainty, certainty
from dandelion_inference.errors import LoadError
from dandelion_inference.front.routes.predict import PredictResponse
from dandelion_inference.front.routes.v2.document import InferResponse
from dandelion_inference.model.contract import Calibration
from fakes import s3 as fake_s3
from fakes.s3 import FakeS3
from given import artifacts, uploads
from running.loading import load
from running.logging_service import metric
from running.service import Service, environment, started

BY_LOG_DENSITY = {
    "temperature": 1.0,
    "unknownScore": "maxProbabilityPlusLogDensity",
    "unknownThreshold": 0.25,
}
BY_PROBABILITY = {"temperature": 1.0, "unknownThreshold": 0.25}
PINK = (255, 180, 180)
"""The network is as sure of red as can be, and has learnt from nothing so light."""


@pytest.mark.parametrize(
    ("calibration", "probability", "log_density", "told"),
    [
        pytest.param(BY_PROBABILITY, 0.3, None, Certainty(0.3, False), id="sure enough"),
        pytest.param(BY_PROBABILITY, 0.25, None, Certainty(0.25, False), id="at the threshold"),
        pytest.param(BY_PROBABILITY, 0.2, None, Certainty(0.2, True), id="in doubt"),
        pytest.param(BY_PROBABILITY, 0.9, -9.0, Certainty(0.9, False), id="another score"),
        pytest.param(BY_LOG_DENSITY, 1.0, -0.5, Certainty(0.5, False), id="sure, of the usual"),
        pytest.param(BY_LOG_DENSITY, 0.5, -0.5, Certainty(0.0, True), id="in doubt, of the usual"),
        pytest.param(BY_LOG_DENSITY, 1.0, -4.0, Certainty(-3.0, True), id="sure, of the unusual"),
        pytest.param({"temperature": 1.0}, 0.1, None, None, id="no threshold"),
    ],
)
def test_what_is_below_the_threshold_is_unknown(
    calibration: dict[str, Any],
    probability: float,
    log_density: float | None,
    told: Certainty | None,
) -> None:
    assert certainty(Calibration.model_validate(calibration), probability, log_density) == told


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    artifact = artifacts.stored(
        artifacts.colour_graph_with_log_density(),
        calibration=BY_LOG_DENSITY,
        logDensity=artifacts.LOG_DENSITY,
    )
    with fake_s3.running() as store:
        store.objects.update(artifact.objects())
        home = tmp_path_factory.mktemp("service")
        with started(environment(artifact, store.url, home)) as running:
            running.wait_ready()
            yield running


def test_an_image_unlike_those_that_were_learnt_from_is_unknown_however_sure_the_network_is(
    service: Service,
) -> None:
    before = metric(service, "dandelion_unknown_total", version="3")
    files = uploads.form(pictures.plain(pictures.RED), pictures.plain(PINK))
    answer = service.post("/predict", files=files)
    PredictResponse.model_validate_json(answer.content, strict=True)
    red, pink = answer.json()["predictions"]
    assert (red["label"], red["unknown"]) == (pink["label"], False)
    assert pink["unknown"] is True
    assert red["unknownScore"] >= BY_LOG_DENSITY["unknownThreshold"] > pink["unknownScore"]
    assert pink["unknownScore"] < 0 < 0.9 < pink["probability"]
    assert metric(service, "dandelion_unknown_total", version="3") == before + 1


def request(**more: Any) -> dict[str, Any]:
    """Of a red image and a pink one, as the protocol has it."""
    pink = np.broadcast_to(np.array(PINK, "f4")[:, None, None] / 255, (1, 3, 32, 32))
    shown = np.concatenate([artifacts.tensor("red"), pink])
    tensor = {"name": "image", "shape": list(shown.shape), "datatype": "FP32"}
    return {"inputs": [tensor | {"data": shown.ravel().tolist()}], **more}


def test_the_open_inference_protocol_tells_it_in_outputs_of_its_own(service: Service) -> None:
    answer = service.post("/v2/models/lawn/infer", json=request())
    InferResponse.model_validate_json(answer.content, strict=True)
    found = {output["name"]: output for output in answer.json()["outputs"]}
    assert list(found) == ["probabilities", "labels", "unknown", "unknown_score"]
    told, score = found["unknown"], found["unknown_score"]
    assert (told["datatype"], told["shape"], told["data"]) == ("BOOL", [2], [False, True])
    assert (score["datatype"], score["shape"]) == ("FP32", [2])
    assert score["data"][0] > 0.25 > 0 > score["data"][1]
    described = service.get("/v2/models/lawn").json()["outputs"]
    assert [(output["name"], output["datatype"]) for output in described[2:]] == [
        ("unknown", "BOOL"),
        ("unknown_score", "FP32"),
    ]


def test_they_come_as_binary_tensors_too(service: Service) -> None:
    wanted = [{"name": name} for name in ("unknown", "unknown_score")]
    body = request(outputs=wanted, parameters={"binary_data_output": True})
    answer = service.post("/v2/models/lawn/infer", json=body)
    length = int(answer.headers["Inference-Header-Content-Length"])
    assert answer.content[length : length + 2] == b"\0\1"
    red, pink = np.frombuffer(answer.content[length + 2 :], "<f4")
    assert red > 0.25 > 0 > pink


def test_a_model_that_cannot_tell_has_no_such_outputs(running_service: Service) -> None:
    described = running_service.get("/v2/models/lawn").json()["outputs"]
    assert [output["name"] for output in described] == ["probabilities", "labels"]
    body = request(outputs=[{"name": "unknown"}])
    answer = running_service.post("/v2/models/lawn/infer", json=body)
    assert answer.status_code == 400
    assert "ask for probabilities or labels" in answer.json()["detail"]


def test_what_is_explained_is_the_label_and_not_the_second_output(
    s3: FakeS3, tmp_path: Path
) -> None:
    graph = artifacts.colour_graph_with_log_density()
    with_it = artifacts.stored(graph, logDensity=artifacts.LOG_DENSITY)
    maps = []
    for artifact in (with_it, artifacts.stored()):
        maps.append(load(artifact, s3, tmp_path).activation_map(artifacts.tensor("red")))
    assert np.array_equal(*maps)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param(
            {"calibration": BY_LOG_DENSITY | {"unknownScore": "energy"}},
            "by 'energy', and this image knows maxProbability and maxProbabilityPlusLogDensity: "
            "serve it with an inference image of the release that trained it",
            id="a score of a later release",
        ),
        pytest.param(
            {"calibration": BY_LOG_DENSITY, "logDensity": None},
            "maxProbabilityPlusLogDensity needs logDensity, which is missing",
            id="no output for it",
        ),
        pytest.param(
            {"calibration": BY_LOG_DENSITY, "logDensity": {"name": "energy", "shape": [None]}},
            "model.onnx has no second output 'energy'",
            id="an output that the graph has not",
        ),
        pytest.param(
            {"calibration": BY_PROBABILITY, "logDensity": None},
            "1 inputs and 2 outputs, not 1 and 1",
            id="an output that nobody named",
        ),
    ],
)
def test_what_cannot_be_told_as_it_was_measured_is_not_served(
    changes: dict[str, Any], says: str, s3: FakeS3, tmp_path: Path
) -> None:
    graph = artifacts.colour_graph_with_log_density()
    with pytest.raises(LoadError, match=says):
        load(artifacts.stored(graph, **changes), s3, tmp_path)
