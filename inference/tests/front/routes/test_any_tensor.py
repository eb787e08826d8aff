"""Whatever a client of the Open Inference Protocol sends, it is read as it is or refused."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import numpy as np
import pytest
from dandelion_inference.errors import RefusedError
from dandelion_inference.front.routes.shown import wanted_classes
from dandelion_inference.front.routes.v2 import inference_request
from dandelion_inference.front.routes.v2.json_arrays import JsonArray, loads
from dandelion_inference.intake.documents.bounded import NotReadableError
from dandelion_inference.model.contract import Contract
from given import artifacts, bodies
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

CONTRACT = Contract.model_validate(artifacts.contract(b""))
TENSORS = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=1, max_dims=4, max_side=4),
    elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
)
SMALL = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
PARAMETERS = st.dictionaries(
    st.sampled_from(["binary_data_size", "binary_data", "classification", "content_type", "x"]),
    SMALL,
    max_size=3,
)
INPUT = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["image", "file", "other"]) | SMALL,
        "datatype": st.sampled_from(["FP32", "BYTES"]) | SMALL,
        "shape": st.lists(st.sampled_from([1, 3, 32]) | st.integers(), max_size=5) | SMALL,
        "parameters": PARAMETERS | SMALL,
        "data": st.lists(SMALL | st.lists(SMALL, max_size=3), max_size=4) | SMALL,
    },
)
REQUEST = st.fixed_dictionaries(
    {},
    optional={
        "id": SMALL,
        "parameters": PARAMETERS | SMALL,
        "inputs": st.lists(INPUT, max_size=2) | SMALL,
        "outputs": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["probabilities", "labels"]) | SMALL},
                optional={"parameters": PARAMETERS},
            ),
            max_size=3,
        )
        | SMALL,
    },
)
LENGTHS = st.none() | st.integers(-1, 400).map(str) | st.text(max_size=6)


def read(body: bytes, length: str | None) -> inference_request.Inference | None:
    try:
        return inference_request.read(body, length, CONTRACT, 4)
    except RefusedError:
        return None


@given(body=st.binary(max_size=200), length=LENGTHS)
def test_any_bytes_are_read_or_refused(body: bytes, length: str | None) -> None:
    read(body, length)


@given(document=REQUEST, binary=st.binary(max_size=80), says=st.booleans())
def test_any_request_is_read_or_refused(document: Any, binary: bytes, says: bool) -> None:
    text = json.dumps(document).encode()
    found = read(text + binary, str(len(text)) if says else None)
    if found is not None:
        assert 1 <= len(found.files) + len(found.tensors) <= 4


@given(files=st.lists(st.binary(max_size=60), min_size=1, max_size=4), binary=st.booleans())
def test_files_are_those_that_were_put_in(files: list[bytes], binary: bool) -> None:
    given_input: dict[str, Any] = {"name": "file", "datatype": "BYTES", "shape": [len(files)]}
    raw = b"".join(struct.pack("<I", len(file)) + file for file in files)
    if binary:
        given_input["parameters"] = {"binary_data_size": len(raw)}
    else:
        given_input["data"] = [base64.b64encode(file).decode() for file in files]
        raw = b""
    text = json.dumps({"inputs": [given_input]}).encode()
    found = read(text + raw, str(len(text)) if binary else None)
    assert found is not None
    assert found.files == files


@given(tensor=TENSORS, nested=st.booleans(), indent=st.none() | st.integers(0, 2))
def test_an_array_of_numbers_is_the_one_that_was_put_in(
    tensor: np.ndarray[Any, Any], nested: bool, indent: int | None
) -> None:
    values = tensor.tolist() if nested else tensor.ravel().tolist()
    text = json.dumps({"data": values, "after": [1]}, indent=indent).encode()
    document, [array] = loads(text)
    assert document == {"data": 0, "after": [1]}
    assert np.array_equal(array.read(tensor.shape), tensor)


@given(text=st.binary(max_size=40) | st.text("[]0,-.eE \n", max_size=40).map(str.encode))
def test_any_text_of_an_array_is_read_or_refused(text: bytes) -> None:
    for shape in ([1], [2], [2, 1], [0]):
        try:
            found = JsonArray(text).read(shape)
        except NotReadableError:
            continue
        assert list(found.shape) == shape


@given(text=st.binary(max_size=60) | st.text('{}[]":,data1 ', max_size=60).map(str.encode))
def test_any_text_with_arrays_is_read_or_refused(text: bytes) -> None:
    try:
        _, found = loads(text)
    except NotReadableError:
        return
    assert all(array.text in text for array in found)


@given(query=st.binary(max_size=30) | st.text("top=&0123%9.x", max_size=30).map(str.encode))
def test_any_query_asks_for_some_classes_or_for_all_or_is_refused(query: bytes) -> None:
    request = bodies.request([], "image/png", query)
    try:
        wanted = wanted_classes(request)
    except RefusedError:
        return
    assert wanted is None or wanted >= 1


@pytest.mark.parametrize("number", [1, 9, 10, 2000, 999_999_999])
def test_a_number_of_classes_is_that_number(number: int) -> None:
    assert wanted_classes(bodies.request([], "image/png", f"top={number}".encode())) == number
