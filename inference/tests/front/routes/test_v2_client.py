"""The Open Inference Protocol as Triton's own client speaks it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import numpy as np
import pictures
import pytest
import tritonclient.http as triton
from given import uploads
from given.artifacts import CLASSES, SIZE, tensor
from numpy.typing import NDArray
from running.service import Service
from tritonclient.utils import InferenceServerException


@pytest.fixture
def peer(running_service: Service) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(running_service.url.removeprefix("http://")) as client:
        yield client


def image_input(images: NDArray[np.float32], binary: bool) -> triton.InferInput:
    given = triton.InferInput("image", list(images.shape), "FP32")
    return given.set_data_from_numpy(images, binary_data=binary)


def test_its_clients_see_a_live_and_ready_server(peer: triton.InferenceServerClient) -> None:
    assert peer.is_server_live()
    assert peer.is_server_ready()
    assert peer.is_model_ready("lawn")
    assert peer.is_model_ready("lawn", "3")
    assert not peer.is_model_ready("lawn", "4")
    assert not peer.is_model_ready("meadow")


def test_its_clients_learn_what_the_model_takes_and_gives(
    peer: triton.InferenceServerClient,
) -> None:
    assert "binary_tensor_data" in peer.get_server_metadata()["extensions"]
    expected = {
        "name": "lawn",
        "versions": ["3"],
        "platform": "openvino",
        "inputs": [{"name": "image", "datatype": "FP32", "shape": [-1, 3, SIZE, SIZE]}],
        "outputs": [
            {
                "name": "probabilities",
                "datatype": "FP32",
                "shape": [-1, len(CLASSES)],
                "classes": list(CLASSES),
            },
            {"name": "labels", "datatype": "BYTES", "shape": [-1]},
        ],
    }
    assert peer.get_model_metadata("lawn") == expected
    assert peer.get_model_metadata("lawn", "3") == expected


@pytest.mark.parametrize("version", ["", "3"])
@pytest.mark.parametrize("binary_output", [True, False])
@pytest.mark.parametrize("binary_input", [True, False])
def test_tensors_are_classified(
    peer: triton.InferenceServerClient, binary_input: bool, binary_output: bool, version: str
) -> None:
    outputs = [
        triton.InferRequestedOutput(name, binary_data=binary_output)
        for name in ("labels", "probabilities")
    ]
    answer = peer.infer(
        "lawn",
        [image_input(tensor("red", "blue"), binary_input)],
        model_version=version,
        outputs=outputs,
        request_id="mine",
    )
    assert [output["name"] for output in answer.get_response()["outputs"]] == [
        "labels",
        "probabilities",
    ]
    assert answer.get_response()["id"] == "mine"
    assert answer.get_response()["model_version"] == "3"
    labels = [
        str(label, "utf-8") if binary_output else label for label in answer.as_numpy("labels")
    ]
    assert labels == ["red", "blue"]
    probabilities = answer.as_numpy("probabilities")
    assert probabilities.dtype == np.float32
    assert probabilities.argmax(axis=1).tolist() == [0, 2]
    assert probabilities.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_files_are_classified_as_uploads_are(
    peer: triton.InferenceServerClient, client: httpx.Client, file_format: str
) -> None:
    files = [pictures.encoded(pictures.noise(seed=seed), file_format) for seed in range(3)]
    given = triton.InferInput("file", [3], "BYTES")
    given.set_data_from_numpy(np.array(files, dtype=np.object_))
    answer = peer.infer("lawn", [given])
    uploaded = client.post("/predict", files=uploads.form(*files)).json()["predictions"]
    assert [str(label, "utf-8") for label in answer.as_numpy("labels")] == [
        prediction["label"] for prediction in uploaded
    ]
    assert answer.as_numpy("probabilities") == pytest.approx(
        np.array([list(prediction["scores"].values()) for prediction in uploaded])
    )


def test_a_refusal_reaches_its_clients_in_words(peer: triton.InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match="Only the model lawn in version 3") as error:
        peer.infer("meadow", [image_input(tensor("red"), True)])
    assert error.value.status() == "404"


@pytest.mark.parametrize("binary", [True, False])
def test_its_clients_get_the_most_probable_classes(
    peer: triton.InferenceServerClient, binary: bool
) -> None:
    assert "classification" in peer.get_server_metadata()["extensions"]
    outputs = [triton.InferRequestedOutput("probabilities", binary_data=binary, class_count=2)]
    answer = peer.infer("lawn", [image_input(tensor("red", "blue"), True)], outputs=outputs)
    found = answer.as_numpy("probabilities")
    assert found.shape == (2, 2)
    texts = [text.decode() if binary else text for text in found[:, 0]]
    assert [text.split(":", 1)[1] for text in texts] == ["0:red", "2:blue"]


def test_its_clients_may_hint_and_learn_the_name_of_the_answer(
    peer: triton.InferenceServerClient,
) -> None:
    answer = peer.infer(
        "lawn",
        [image_input(tensor("red"), True)],
        priority=1,
        timeout=1_000_000,
        sequence_id=7,
        sequence_start=True,
        parameters={"mine": "1"},
    )
    assert answer.get_response()["parameters"]["answer_id"]
