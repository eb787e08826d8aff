"""What a client sees of POST /explain, and what the heat maps of known networks show."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import numpy as np
import openvino
import pictures
import pytest
from dandelion_inference.answer.decoding.decoders import Decoders
from dandelion_inference.answer.decoding.images import Images
from dandelion_inference.answer.explain.explainer import Explainer, Method
from dandelion_inference.answer.progress import Kind, Workload
from dandelion_inference.model.activation import NoActivationMapError
from dandelion_inference.model.network import Model
from dandelion_pictures import Reader
from given import artifacts, uploads
from numpy.typing import NDArray
from openvino import opset13 as opset
from PIL import Image
from running.loading import compiled


def halves(
    left: tuple[int, int, int] = pictures.RED, right: tuple[int, int, int] = pictures.BLUE
) -> bytes:
    picture = Image.new("RGB", (64, 64), left)
    picture.paste(right, (32, 0, 64, 64))
    return pictures.encoded(picture)


def brightness(png: bytes) -> tuple[float, float]:
    """Of the left and the right half."""
    shown = np.asarray(Image.open(io.BytesIO(png)).convert("L"), dtype=np.float64)
    middle = shown.shape[1] // 2
    return float(shown[:, :middle].mean()), float(shown[:, middle:].mean())


def explained(model: Model, image: bytes, label: str | None = None) -> tuple[Method, bytes]:
    images = Images(Reader(), reserve=0)
    explainer = Explainer(images, Decoders(lambda: 2**30, places=1, seconds=30))
    with Workload(dict.fromkeys(Kind, 1.0)).images(1, Kind.EXPLANATION) as [progress]:
        explanation = asyncio.run(explainer.explain(model, image, label, progress))
    explainer.close()
    return explanation.method, explanation.png


def colour_ir(folder: Path, build: Any) -> Path:
    """A graph built by `build` from its input, in OpenVINO's own format."""
    image = opset.parameter([1, 3, artifacts.SIZE, artifacts.SIZE], np.float32, name="image")
    path = folder / "model.xml"
    openvino.save_model(openvino.Model([build(image)], [image]), path, compress_to_fp16=False)
    return path


def constant(*values: float) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


GAIN = 10 * np.eye(3, dtype=np.float32)


def quantised(image: Any) -> Any:
    """As NNCF leaves a graph: activations are rounded on both sides of the average, to ranges
    that were fitted to what was seen there. Averages were never above a half."""
    features = opset.fake_quantize(image, *(map(constant, (0, 1, 0, 1))), 256)
    pooled = opset.reduce_mean(features, np.array([2, 3]), keep_dims=True)
    rounded = opset.fake_quantize(pooled, *(map(constant, (0, 0.5, 0, 0.5))), 256)
    flat = opset.reshape(rounded, np.array([1, -1]), special_zero=False)
    return opset.matmul(flat, GAIN, transpose_a=False, transpose_b=False)


def without_average(image: Any) -> Any:
    flat = opset.reshape(image, np.array([1, -1]), special_zero=False)
    weights = np.repeat(GAIN, artifacts.SIZE**2, axis=0) / artifacts.SIZE**2
    return opset.matmul(flat, weights, transpose_a=False, transpose_b=False)


def ending_in_one_position(image: Any) -> Any:
    """As a ResNet of 32 pixels: all places are one before they are averaged."""
    size = artifacts.SIZE
    shrunk = opset.avg_pool(image, [size, size], [0, 0], [0, 0], [size, size], exclude_pad=False)
    pooled = opset.reduce_mean(shrunk, np.array([2, 3]), keep_dims=False)
    return opset.matmul(pooled, GAIN, transpose_a=False, transpose_b=False)


GRAPHS = {
    "a quantised graph shows its activations": (quantised, Method.ACTIVATION),
    "a graph without an average is told by hiding parts": (without_average, Method.OCCLUSION),
    "a graph with a single position too": (ending_in_one_position, Method.OCCLUSION),
}


@pytest.mark.parametrize("case", GRAPHS)
def test_every_graph_shows_where_red_was(tmp_path: Path, case: str) -> None:
    build, expected = GRAPHS[case]
    small = compiled(colour_ir(tmp_path, build))
    method, png = explained(small, halves(pictures.RED, pictures.BLUE), "red")
    assert method is expected
    left, right = brightness(png)
    assert left > right + 40
    _, png = explained(small, halves(pictures.BLUE, pictures.RED), "red")
    left, right = brightness(png)
    assert right > left + 40


def test_a_network_of_one_position_says_why_it_has_no_map(tmp_path: Path) -> None:
    small = compiled(colour_ir(tmp_path, ending_in_one_position))
    with pytest.raises(NoActivationMapError, match="only 1 x 1"):
        small.activation_map(artifacts.tensor("red"))


def test_the_most_probable_class_is_explained(client: httpx.Client) -> None:
    answer = client.post("/explain", content=halves(pictures.RED, pictures.RED))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Dandelion-Label"] == "red"
    assert answer.headers["Dandelion-Model-Version"] == "3"
    assert answer.headers["Dandelion-Method"] == "activation"


@pytest.mark.parametrize(("label", "bright"), [("red", "left"), ("blue", "right")])
def test_the_class_that_is_asked_for_is_bright_where_it_is(
    client: httpx.Client, label: str, bright: str
) -> None:
    answer = client.post("/explain", params={"label": label}, content=halves())
    assert unquote(answer.headers["Dandelion-Label"]) == label
    left, right = brightness(answer.content)
    assert (left > right + 40) if bright == "left" else (right > left + 40)


def test_what_speaks_for_no_class_is_dark(client: httpx.Client) -> None:
    white = halves(pictures.RED, (255, 255, 255))
    left, right = brightness(client.post("/explain?label=red", content=white).content)
    # White is as much red as anything, and speaks for blue and green alike.
    assert left > right


def test_the_map_is_large_enough_to_look_at(client: httpx.Client) -> None:
    answer = client.post("/explain", files=uploads.form(halves()))
    assert Image.open(io.BytesIO(answer.content)).size == (448, 448)


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "an unknown class": ({"params": {"label": "rose"}, "content": halves()}, 422, "UnknownLabel"),
    "two images": ({"files": uploads.form(halves(), halves())}, 422, "TooManyFiles"),
    "no image": ({"content": b"hello, this is text"}, 400, "NotAnImage"),
    "nothing": ({"content": b""}, 400, "EmptyUpload"),
    "too many bytes": ({"content": bytes(1024 * 1024 + 1)}, 413, "UploadTooLarge"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_request_is_refused(client: httpx.Client, case: str) -> None:
    request, status, code = REFUSED[case]
    answer = client.post("/explain", **request)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_unknown_class_is_told_which_there_are(client: httpx.Client) -> None:
    detail = client.post("/explain?label=rose", content=halves()).json()["detail"]
    assert detail == "'rose' is not one of this model's classes: 'red', 'green', 'blue'."


def test_explanations_asked_for_at_once_are_all_given(client: httpx.Client) -> None:
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor(6) as people:
        answers = list(
            people.map(lambda _: client.post("/explain", content=halves()).status_code, range(12))
        )
    assert answers == [200] * 12


def test_explaining_counts_as_no_prediction(client: httpx.Client, probes: httpx.Client) -> None:
    def predictions() -> str:
        text = probes.get("/metrics").text
        return "\n".join(x for x in text.splitlines() if x.startswith("dandelion_predictions"))

    before = predictions()
    assert client.post("/explain", content=halves()).status_code == 200
    assert predictions() == before
