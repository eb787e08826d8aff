"""The Open Inference Protocol's parameters: what a client may wish for, and what it is told."""

from __future__ import annotations

import json
import struct

import httpx
import pytest
from given.inferences import GREEN, INFER, binary, described, file, image


def test_hints_that_mean_nothing_here_are_taken_as_hints(client: httpx.Client) -> None:
    hints = {
        "priority": 1,
        "timeout": 1000,
        "sequence_id": "one",
        "sequence_start": True,
        "sequence_end": False,
        "binary_data_output": False,
        "headers": {"x": "y"},
        "content_type": None,
        "nobody's": 1.5,
    }
    output = {"name": "labels", "parameters": {"binary_data": False, "nobody's": 1}}
    answer = client.post(
        INFER, json={"parameters": hints, "inputs": [image()], "outputs": [output]}
    )
    assert answer.status_code == 200, answer.text
    [labels] = answer.json()["outputs"]
    assert labels["data"] == ["green"]
    for nothing in ({"outputs": None}, {"parameters": None}, {"id": None}):
        assert client.post(INFER, json={"inputs": [image()], **nothing}).status_code == 200


@pytest.mark.parametrize("in_binary", [False, True])
def test_an_answer_has_a_name_of_its_own_beside_the_requests(
    client: httpx.Client, in_binary: bool
) -> None:
    given = {"id": "mine", "inputs": [image()], "parameters": {"binary_data_output": in_binary}}
    answers = [client.post(INFER, json=given) for _ in range(2)]
    names = [answer.headers["Dandelion-Answer-Id"] for answer in answers]
    assert len(set(names)) == 2
    for answer, name in zip(answers, names, strict=True):
        length = int(answer.headers.get("Inference-Header-Content-Length", len(answer.content)))
        document = json.loads(answer.content[:length])
        assert document["id"] == "mine"
        assert document["parameters"] == {"answer_id": name}


@pytest.mark.parametrize(("asked", "given"), [(1, 1), (2, 2), (3, 3), (10**30, 3), (0, None)])
def test_the_most_probable_classes_come_as_text_where_they_are_asked_for(
    client: httpx.Client, asked: int, given: int | None
) -> None:
    wanted = [
        {"name": "probabilities", "parameters": {"classification": asked}},
        {"name": "labels"},
    ]
    answer = client.post(INFER, json={"inputs": [file(GREEN, GREEN)], "outputs": wanted})
    assert answer.status_code == 200, answer.text
    [classes, labels] = answer.json()["outputs"]
    assert labels["data"] == ["green", "green"]
    if given is None:
        assert classes["datatype"] == "FP32"
        return
    assert (classes["datatype"], classes["shape"]) == ("BYTES", [2, given])
    parts = [text.split(":") for text in classes["data"]]
    assert [parts[0][2], parts[given][2]] == ["green", "green"]
    assert [parts[0][1], parts[given][1]] == ["1", "1"]
    values = [float(value) for value, _, _ in parts[:given]]
    assert values == sorted(values, reverse=True)


def test_binary_elements_that_say_they_are_base64_are_read_as_such(client: httpx.Client) -> None:
    raw = struct.pack("<I", len(GREEN)) + GREEN.encode()
    given = described(raw, name="file", datatype="BYTES", shape=[1])
    given["parameters"]["content_type"] = "base64"
    body, length = binary(given, raw)
    headers = {"Inference-Header-Content-Length": length}
    answer = client.post(INFER, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["outputs"][1]["data"] == ["green"]
