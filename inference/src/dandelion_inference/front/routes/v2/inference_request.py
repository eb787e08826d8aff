"""Requests of the Open Inference Protocol, version 2: what tensors are given, and what is wanted.

A body is a JSON object; with the binary tensor data extension the tensors follow it as bytes, and a
header says where the object ends. Images come either as the network takes them, `image`, or as
files, `file`, which are then read as uploads are. Called by `routes/v2`; the numbers in the JSON
are left to `json_arrays.py`, the answer to `inference_response.py`.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.front.routes.v2.json_arrays import JsonArray, loads
from dandelion_inference.intake.documents.bounded import NotReadableError
from dandelion_inference.model.contract import Contract

# Where the JSON object ends, in requests and answers.
HEADER_LENGTH = "Inference-Header-Content-Length"

FILE = "file"
PROBABILITIES = "probabilities"
LABELS = "labels"
# Of models whose contract says when an image may be none of the classes.
UNKNOWN = "unknown"
UNKNOWN_SCORE = "unknown_score"
OUTPUTS = (PROBABILITIES, LABELS, UNKNOWN, UNKNOWN_SCORE)

# The parameter of an output that is wanted as the classes with the highest values.
CLASSIFICATION = "classification"
# The parameters of an input or output that lies in memory which a server and its client share.
SHARED_MEMORY = "shared_memory_"
# The word for encoded bytes that MLServer's clients send as the content_type of an input.
BASE64 = "base64"

Name = Annotated[str, Field(max_length=1024)]


def _nothing_for_null(value: object) -> object:
    return {} if value is None else value


# What is no parameter here is nobody's: the protocol names none that a server must know, and its
# clients send hints such as priority, timeout and sequence_id to every server.
Parameters = Annotated[dict[str, Any], BeforeValidator(_nothing_for_null)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Input(_Part):
    name: Name
    datatype: Name
    shape: list[Annotated[int, Field(ge=0)]] = Field(max_length=8)
    parameters: Parameters = {}
    # A position among the arrays of numbers, or a list of something else.
    data: int | list[Any] | None = None


class _Output(_Part):
    name: Name
    parameters: Parameters = {}


class _Request(_Part):
    id: Name | None = None
    parameters: Parameters = {}
    inputs: list[_Input]
    outputs: list[_Output] | None = None


@dataclass(frozen=True)
class Wanted:
    """An output that the client asks for."""

    name: str
    binary: bool
    top: int | None = None
    """So many classes, the most probable first, in place of the tensor."""


@dataclass(frozen=True)
class Inference:
    """What a client asks: images of one of the two kinds, and how to answer."""

    id: str | None
    tensors: list[NDArray[np.float32]]
    files: list[bytes]
    outputs: tuple[Wanted, ...]


def json_bytes(body: bytes | bytearray, header_length: str | None) -> int:
    """How much of the body is JSON; raises RefusedError."""
    if header_length is None:
        return len(body)
    if not (header_length.isascii() and header_length.isdecimal() and len(header_length) < 20):
        raise refused(
            f"The header {HEADER_LENGTH} is {_printable(header_length)}, not a number of bytes"
        )
    length = int(header_length)
    if length > len(body):
        raise refused(
            f"The header {HEADER_LENGTH} says that the JSON has {length} bytes, but the body has "
            f"{len(body)}"
        )
    return length


def outputs_of(contract: Contract) -> tuple[str, ...]:
    """What can be asked of the model, and is answered where nothing is asked for."""
    tells_unknown = contract.calibration.unknown_threshold is not None
    return OUTPUTS if tells_unknown else (PROBABILITIES, LABELS)


def read(
    body: bytes | bytearray, header_length: str | None, contract: Contract, max_images: int
) -> Inference:
    """Raises RefusedError."""
    end = json_bytes(body, header_length)
    binary = memoryview(body)[end:]
    try:
        document, arrays = loads(body if end == len(body) else body[:end])
        request = _Request.model_validate(document)
    except NotReadableError as error:
        raise RefusedError(
            Code.MALFORMED_REQUEST, f"The body's JSON cannot be read: {error}."
        ) from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise refused(f"The JSON is not a request: {_printable(place)}: {first['msg']}") from error
    if len(request.inputs) != 1:
        raise refused(f"The request has {len(request.inputs)} inputs; send one: {_takes(contract)}")
    [given] = request.inputs
    outputs = _outputs(request, outputs_of(contract))
    if given.name == contract.input.name:
        images = _images(given, arrays, binary, contract, max_images)
        return Inference(request.id, images, [], outputs)
    if given.name == FILE:
        return Inference(request.id, [], _files(given, binary, max_images), outputs)
    raise refused(f"There is no input {_printable(given.name)}; send {_takes(contract)}")


def _outputs(request: _Request, names: Sequence[str]) -> tuple[Wanted, ...]:
    binary = _flag(request.parameters, "binary_data_output", False)
    if not request.outputs:
        return tuple(Wanted(name, binary) for name in names)
    wanted = tuple(_wanted(output, names, binary) for output in request.outputs)
    if len({output.name for output in wanted}) != len(wanted):
        raise refused("An output is asked for twice")
    return wanted


def _wanted(output: _Output, names: Sequence[str], binary: bool) -> Wanted:
    if output.name not in names:
        raise refused(f"There is no output {_printable(output.name)}; ask for {' or '.join(names)}")
    _not_shared(output.parameters, f"output {output.name}")
    return Wanted(output.name, _flag(output.parameters, "binary_data", binary), _top(output))


def _top(output: _Output) -> int | None:
    """How many classes are asked for; 0 is no classification, as for Triton."""
    top = output.parameters.get(CLASSIFICATION, 0)
    if isinstance(top, bool) or not isinstance(top, int) or top < 0:
        raise refused(
            f"The parameter {CLASSIFICATION} of output {output.name} is {_printable(top)}, not a "
            f"number of classes"
        )
    if top and output.name != PROBABILITIES:
        raise refused(
            f"Only numbers have a highest: ask for {CLASSIFICATION} of output {PROBABILITIES}"
        )
    return top or None


def _images(
    given: _Input, arrays: list[JsonArray], binary: memoryview, contract: Contract, max_images: int
) -> list[NDArray[np.float32]]:
    height, width = contract.input.shape[2:]
    _check(given, "FP32", [3, height, width], max_images)
    count = math.prod(given.shape)
    raw = _binary(given, binary)
    if raw is not None:
        if len(raw) != 4 * count:
            raise refused(
                f"Input {given.name} has {len(raw)} bytes, but FP32 {given.shape} takes {4 * count}"
            )
        return list(np.frombuffer(raw, dtype="<f4").reshape(given.shape))
    if not isinstance(given.data, int) or not 0 <= given.data < len(arrays):
        raise refused(f"The data of input {given.name} is not an array of numbers")
    try:
        return list(arrays[given.data].read(given.shape))
    except NotReadableError as error:
        raise refused(f"The data of input {given.name}: {error}") from error


def _files(given: _Input, binary: memoryview, max_images: int) -> list[bytes]:
    _check(given, "BYTES", [], max_images)
    [count] = given.shape
    raw = _binary(given, binary)
    if raw is None:
        files = _decoded(given)
    elif given.parameters.get("content_type") == BASE64:
        files = [_from_base64(text, place) for place, text in enumerate(_elements(raw, count))]
    else:
        files = _elements(raw, count)
    if len(files) != count:
        raise refused(f"Input {FILE} has {len(files)} elements, but its shape says {count}")
    return files


def _elements(raw: memoryview, count: int) -> list[bytes]:
    """What each of the elements holds: four bytes say how long it is."""
    files: list[bytes] = []
    while raw and len(files) < count:
        size = int.from_bytes(raw[:4], "little")
        if len(raw) < 4 + size:
            raise refused(f"Element {len(files)} of input {FILE} is longer than what was sent")
        files.append(bytes(raw[4 : 4 + size]))
        raw = raw[4 + size :]
    if raw:
        raise refused(f"Input {FILE} has {len(raw)} bytes more than its {count} elements take")
    return files


def _decoded(given: _Input) -> list[bytes]:
    if not isinstance(given.data, list):
        raise refused(f"The data of input {FILE} is not a list of files, each in Base64")
    return [_from_base64(element, position) for position, element in enumerate(given.data)]


def _from_base64(element: object, position: int) -> bytes:
    try:
        if not isinstance(element, str | bytes):
            raise TypeError("not a text")
        return base64.b64decode(element, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise refused(
            f"Element {position} of input {FILE} is not Base64, the form of files in JSON"
        ) from error


def _check(given: _Input, datatype: str, rest: list[int | None], most: int) -> None:
    if given.datatype != datatype:
        raise refused(
            f"Input {given.name} has datatype {_printable(given.datatype)}; send {datatype}"
        )
    if len(given.shape) != 1 + len(rest) or given.shape[1:] != rest:
        wanted = ", ".join(str(size) for size in ["N", *rest])
        raise refused(f"Input {given.name} has shape {given.shape}; send [{wanted}]")
    if not 1 <= given.shape[0] <= most:
        raise refused(
            f"Input {given.name} has {given.shape[0]} images; send 1 to {most} in one request"
        )
    _not_shared(given.parameters, f"input {given.name}")


def _binary(given: _Input, binary: memoryview) -> memoryview | None:
    """The bytes of the only input, or nothing where its data are in the JSON."""
    size = given.parameters.get("binary_data_size")
    if size is None:
        if binary:
            raise refused(
                f"{len(binary)} bytes follow the JSON, but input {given.name} has no "
                f"binary_data_size"
            )
        return None
    if given.data is not None:
        raise refused(f"Input {given.name} has both data and binary_data_size")
    if isinstance(size, bool) or size != len(binary):
        raise refused(
            f"The binary_data_size of input {given.name} is {_printable(size)}, but {len(binary)} "
            f"bytes follow the JSON; the header {HEADER_LENGTH} says where it ends"
        )
    return binary


def _not_shared(parameters: Parameters, whose: str) -> None:
    """Ignored, it would be data that nobody reads, or an answer where nobody looks."""
    for name in parameters:
        if name.startswith(SHARED_MEMORY):
            raise refused(
                f"The parameter {_printable(name)} of {whose} is not supported: there is no shared "
                f"memory here; send and ask for data in the body"
            )


def _flag(parameters: Parameters, name: str, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise refused(f"The parameter {name} is neither true nor false")
    return value


def _takes(contract: Contract) -> str:
    _, _, height, width = contract.input.shape
    return (
        f"{contract.input.name}, FP32 [N, 3, {height}, {width}], scaled and normalised as for "
        f"training, or {FILE}, BYTES [N], encoded images"
    )


def _printable(value: object) -> str:
    """What a client wrote, short and without what a terminal or a log would act on."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def refused(why: str) -> RefusedError:
    return RefusedError(Code.INVALID_TENSOR, f"{why}.")
