"""What a user of KServe's client writes. Run by `test_kserve_client.py`, in an environment that has
that client; prints what it was answered as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

MODEL = "lawn"


def image(size: int, binary: bool) -> InferInput:
    """One blue picture as the network takes it."""
    values = np.zeros((1, 3, size, size), dtype=np.float32)
    values[:, 2] = 1
    given = InferInput("image", list(values.shape), "FP32")
    given.set_data_from_numpy(values, binary_data=binary)
    return given


def files(*contents: bytes) -> InferInput:
    given = InferInput("file", [len(contents)], "BYTES")
    given.set_data_from_numpy(np.array(contents, dtype=np.object_), binary_data=True)
    return given


async def ask(url: str, size: int, picture: bytes) -> dict[str, Any]:
    said: dict[str, Any] = {}
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        said["live"] = await client.is_server_live(url)
        said["ready"] = await client.is_server_ready(url)
        said["model ready"] = await client.is_model_ready(url, MODEL)
        said["another model ready"] = await client.is_model_ready(url, "meadow")
        for name, given in {
            "JSON tensor": image(size, binary=False),
            "binary tensor": image(size, binary=True),
            "files": files(picture, picture),
        }.items():
            for binary in (False, True):
                outputs = [
                    RequestedOutput(output, {"binary_data": binary})
                    for output in ("labels", "probabilities")
                ]
                request = InferRequest(MODEL, [given], request_outputs=outputs)
                answer = await client.infer(url, request, model_name=MODEL)
                labels = [
                    label.decode() if isinstance(label, bytes) else label
                    for label in answer.get_output_by_name("labels").as_numpy().tolist()
                ]
                probabilities = answer.get_output_by_name("probabilities").as_numpy()
                said[f"{name}, {'binary' if binary else 'JSON'} answer"] = {
                    "labels": labels,
                    "shape": list(probabilities.shape),
                }
        hinted = InferRequest(MODEL, [files(picture)], parameters={"priority": 1, "timeout": 10})
        answer = await client.infer(url, hinted, model_name=MODEL)
        said["the answer has a name"] = bool(answer.parameters["answer_id"])
        try:
            await client.infer(url, InferRequest("meadow", [files(picture)]), model_name="meadow")
        except httpx.HTTPStatusError as error:
            said["another model"] = error.response.status_code
    return said


if __name__ == "__main__":
    _, address, side, path = sys.argv
    picture = Path(path).read_bytes()
    print(json.dumps(asyncio.run(ask(address, int(side), picture))))
