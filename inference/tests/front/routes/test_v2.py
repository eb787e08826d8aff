"""The Open Inference Protocol: what its clients send is answered, and what is wrong is named."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from given.artifacts import SIZE, tensor
from given.inferences import GREEN, INFER, binary, described, file, image, in_base64
from running.service import Service

TAKEN = {
    "a flat array": image(),
    "a nested array": image(data=tensor("green").tolist()),
    "whole numbers": image(data=[0] * SIZE**2 + [1] * SIZE**2 + [0] * SIZE**2),
    "MLServer's word for a tensor": image(parameters={"content_type": "np"}),
    "an input with a parameter that nobody knows": image(parameters={"hint": {"a": [1]}}),
    "an input whose parameters are null": image(parameters=None),
    "a file in Base64": file(GREEN),
    "MLServer's word for Base64": file(GREEN, parameters={"content_type": "base64"}),
    "a file that says what it is": file(GREEN, parameters={"content_type": "image/png"}),
}


@pytest.mark.parametrize("case", TAKEN)
@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_classified(client: httpx.Client, case: str, indent: int | None) -> None:
    body = json.dumps({"model_name": "lawn", "inputs": [TAKEN[case]]}, indent=indent)
    answer = client.post(INFER, content=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert document["model_name"] == "lawn"
    assert "id" not in document
    [probabilities, labels] = document["outputs"]
    assert labels == {"name": "labels", "datatype": "BYTES", "shape": [1], "data": ["green"]}
    assert probabilities["shape"] == [1, 3]
    assert sum(probabilities["data"]) == pytest.approx(1)


def test_a_text_that_looks_like_a_tensor_comes_back_as_it_was(client: httpx.Client) -> None:
    text = '"data": [1, 2, 3], "data": [] \\ "'
    answer = client.post(INFER, json={"id": text, "inputs": [file(GREEN)]})
    assert answer.json()["id"] == text


def test_predictions_are_counted_whoever_asks(client: httpx.Client, probes: httpx.Client) -> None:
    def counted() -> float:
        lines = probes.get("/metrics").text.splitlines()
        line = 'dandelion_predictions_total{label="green",version="3"}'
        return sum(float(found.split()[-1]) for found in lines if found.startswith(line))

    before = counted()
    client.post(INFER, json={"inputs": [image()]})
    assert counted() == before + 1


NUMBERS = 3 * SIZE * SIZE
REFUSED = {
    "no JSON": (b"\xff\xd8\xff", "The body's JSON cannot be read"),
    "nothing at all": (b"", "Expecting value"),
    "JSON that ends early": (b'{"inputs": [', "The body's JSON cannot be read"),
    "a list": ([], "The JSON is not a request: 'the whole': Input should be a valid dict"),
    "no inputs": ({"inputs": []}, "send one: image, FP32 [N, 3, 32, 32]"),
    "two inputs": ({"inputs": [image(), image()]}, "send one: image"),
    "an unknown input": ({"inputs": [image(name="x")]}, "There is no input 'x'; send image"),
    "another datatype": ({"inputs": [image(datatype="FP64")]}, "datatype 'FP64'; send FP32"),
    "another shape": (
        {"inputs": [image(shape=[1, 3, 4, 4])]},
        "shape [1, 3, 4, 4]; send [N, 3, 32, 32]",
    ),
    "no batch": ({"inputs": [image(shape=[3, SIZE, SIZE])]}, "send [N, 3, 32, 32]"),
    "an empty batch": ({"inputs": [image(shape=[0, 3, SIZE, SIZE])]}, "send 1 to 4"),
    "too many images": ({"inputs": [image(shape=[5, 3, SIZE, SIZE])]}, "send 1 to 4"),
    "too many files": ({"inputs": [file(*[GREEN] * 5)]}, "send 1 to 4"),
    "a negative size": (
        {"inputs": [image(shape=[-1, 3, 32, 32])]},
        "'inputs.0.shape.0': Input should be greater",
    ),
    "too few numbers": ({"inputs": [image(data=[1.0, 2.0])]}, "it holds 2 numbers"),
    "no numbers": ({"inputs": [image(data=[])]}, "it holds 1 numbers, but"),
    "words": ({"inputs": [image(data=["a"] * NUMBERS)]}, "is not an array of numbers"),
    "a word among numbers": ({"inputs": [image(data=[*[0] * 9, "a"])]}, "not an array of numbers"),
    "truth values": ({"inputs": [image(data=[True] * NUMBERS)]}, "not a finite number"),
    "a missing value": ({"inputs": [image(data=[None] * NUMBERS)]}, "not a finite number"),
    "NaN": ({"inputs": [image(data=[float("nan")] * NUMBERS)]}, "not a finite number"),
    "a number beyond 32 bits": (
        {"inputs": [image(data=[1e300] * NUMBERS)]},
        "Image 0 holds NaN or infinite numbers",
    ),
    "numbers that overflow in the network": (
        {"inputs": [image(data=[3e38] * NUMBERS)]},
        "the network's answer is not finite",
    ),
    "wrongly nested numbers": (
        {"inputs": [image(data=[[0] * NUMBERS])]},
        "neither flat nor nested as its shape says",
    ),
    "no data": ({"inputs": [{k: v for k, v in image().items() if k != "data"}]}, "not an array"),
    "data that is a number": ({"inputs": [image(data=0)]}, "not an array of numbers"),
    "an unknown output": ({"inputs": [image()], "outputs": [{"name": "x"}]}, "no output 'x'"),
    "an output twice": (
        {"inputs": [image()], "outputs": [{"name": "labels"}] * 2},
        "asked for twice",
    ),
    "shared memory for an input": (
        {"inputs": [image(parameters={"shared_memory_region": "x"})]},
        "The parameter 'shared_memory_region' of input image is not supported",
    ),
    "shared memory for an output": (
        {
            "inputs": [image()],
            "outputs": [{"name": "labels", "parameters": {"shared_memory_region": "x"}}],
        },
        "The parameter 'shared_memory_region' of output labels is not supported",
    ),
    "the classes of highest values among words": (
        {
            "inputs": [image()],
            "outputs": [{"name": "labels", "parameters": {"classification": 2}}],
        },
        "ask for classification of output probabilities",
    ),
    "as many classes as no number says": (
        {
            "inputs": [image()],
            "outputs": [{"name": "probabilities", "parameters": {"classification": "all"}}],
        },
        "The parameter classification of output probabilities is 'all', not a number",
    ),
    "a flag that is none": (
        {"inputs": [image()], "parameters": {"binary_data_output": "yes"}},
        "neither true nor false",
    ),
    "binary data that are not there": (
        {"inputs": [{**image(parameters={"binary_data_size": 4}), "data": None}]},
        "binary_data_size of input image is 4, but 0 bytes follow",
    ),
    "a file that is not Base64": ({"inputs": [file("?")]}, "Element 0 of input file is not Base64"),
    "a file that is a number": ({"inputs": [file("", 1)]}, "Element 1 of input file is not"),
    "a broken file": ({"inputs": [file(in_base64(b"x"))]}, "The content of the file is not"),
    "a broken file among others": (
        {"inputs": [file(GREEN, in_base64(b"x"))]},
        "File 2: The content of the file is not an image",
    ),
    "fewer files than the shape says": ({"inputs": [file(GREEN, shape=[2])]}, "has 1 elements"),
    "deep nesting": (b'{"inputs": ' + b"[" * 3000, "nested too deeply"),
    "very much structure": (b'{"inputs": [' + b"{}," * 100_000, "more than 4096 lists"),
    "very many tensors": (b'{"data": [1], ' * 100, "more than 16 tensors"),
    "a number without end": (
        json.dumps({"inputs": [image(data=0)]}).replace("0}", "[" + "1" * 300_000 + "]}").encode(),
        "it holds 1 numbers",
    ),
}


def check_refused(answer: httpx.Response, why: str) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["error"] == problem["detail"]
    assert why in problem["detail"]
    assert len(problem["detail"]) < 500


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_request_is_told_what_is_wrong(client: httpx.Client, case: str) -> None:
    body, why = REFUSED[case]
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    check_refused(client.post(INFER, content=content), why)


RAW = tensor("red").tobytes()
NAN = np.full((1, 3, SIZE, SIZE), np.nan, dtype=np.float32).tobytes()
LISTED = struct.pack("<I", 4) + b"abcd"
BYTES = {"name": "file", "datatype": "BYTES"}
BINARY_REFUSED = {
    "a header that is no number": (binary(described(RAW), RAW, "x"), "not a number of bytes"),
    "a negative header": (binary(described(RAW), RAW, "-1"), "not a number of bytes"),
    "a header beyond the body": (binary(described(RAW), RAW, "9999999"), "but the body has"),
    "a header within the JSON": (binary(described(RAW), RAW, "9"), "JSON cannot be read"),
    "a tensor that is cut off": (binary(described(RAW), RAW[:-1]), "but 12287 bytes follow"),
    "a tensor of another size": (binary(described(RAW[:-4]), RAW[:-4]), "takes 12288"),
    "bytes that nobody described": (binary(image(), RAW), "has no binary_data_size"),
    "data in both places": (binary(described(RAW, data=[1]), RAW), "both data and"),
    "NaN": (binary(described(NAN), NAN), "Image 0 holds NaN or infinite numbers"),
    "an element beyond the end": (
        binary(described(LISTED[:-1], **BYTES, shape=[1]), LISTED[:-1]),
        "Element 0 of input file is longer than what was sent",
    ),
    "elements that nobody described": (
        binary(described(LISTED * 2, **BYTES, shape=[1]), LISTED * 2),
        "8 bytes more than its 1 elements take",
    ),
    "fewer elements than described": (
        binary(described(LISTED, **BYTES, shape=[2]), LISTED),
        "has 1 elements, but its shape says 2",
    ),
    "an element that is no image": (
        binary(described(LISTED, **BYTES, shape=[1]), LISTED),
        "The content of the file is not an image",
    ),
}


@pytest.mark.parametrize("case", BINARY_REFUSED)
def test_wrong_binary_data_are_told_what_is_wrong(client: httpx.Client, case: str) -> None:
    (body, length), why = BINARY_REFUSED[case]
    headers = {"Inference-Header-Content-Length": length}
    check_refused(client.post(INFER, content=body, headers=headers), why)


@pytest.mark.parametrize(
    "path", ["models/meadow", "models/lawn/versions/4", "models/lawn/versions/4/ready"]
)
def test_another_model_or_version_is_not_found(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/v2/{path}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "UnknownModel"
    assert answer.json()["error"].startswith("Only the model lawn in version 3 is served here")


def test_a_body_over_the_limit_is_refused_while_it_arrives(client: httpx.Client) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 1024 * 1024

    answer = client.post(INFER, content=body())
    assert answer.status_code == 413
    assert answer.json()["error"]


def test_a_body_full_of_numbers_takes_bounded_memory(
    running_service: Service, client: httpx.Client
) -> None:
    numbers = b"0," * 500_000 + b"0"
    client.post(INFER, content=b'{"inputs": [{"data": [0]}]}')
    for text in (
        b'{"inputs": [{"name": "image", "datatype": "FP32", "shape": [3], "data": [%b]}]}',
        b'{"inputs": [{"data": [%b]}], "other": [1, 2]}',
        b'{"inputs": [%b]}',
    ):
        running_service.forget_peak()
        before = running_service.resident_bytes()
        assert client.post(INFER, content=text % numbers).status_code == 400
        assert running_service.resident_bytes("VmHWM") - before < 16 * 1024 * 1024
