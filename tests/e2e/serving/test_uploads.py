"""Bad uploads to the served model: a 4xx that names the cause, then a good one is answered."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from PIL import Image
from tritonclient.http import InferenceServerClient, InferInput

from tests.e2e.world import COLOURS, World, colours, picture

NAME = "uploads"
MEBIBYTE = 1 << 20


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _huge() -> bytes:
    """A PNG of a few bytes whose header declares 20,000 × 10,000 pixels."""
    header = struct.pack(">IIBBBBB", 20_000, 10_000, 8, 2, 0, 0, 0)
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + body + _chunk(b"IEND", b"")


def _hundred_megabytes() -> Iterator[bytes]:
    """A body that declares no length: only counting while it streams can stop it."""
    for _ in range(100):
        yield b"\xff" * MEBIBYTE


UPLOADS: dict[str, tuple[Callable[[], bytes | Iterator[bytes]], int, str]] = {
    "not an image": (lambda: b"hello, I am a text file" * 10, 400, "not an image"),
    "nothing at all": (lambda: b"", 400, "empty"),
    "truncated": (lambda: picture(COLOURS["red"], 1)[:-60], 400, "truncated"),
    "200 megapixels": (_huge, 422, "memory limit"),
    "100 MB": (_hundred_megabytes, 413, "bytes"),
    "a PDF": (lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", 415, "JPEG"),
}


@pytest.fixture(scope="module")
def served(world: World) -> World:
    """One served model."""
    world.train(NAME, world.upload("colours", colours()))
    world.until_served(NAME, "1")
    return world


@pytest.mark.parametrize("upload", list(UPLOADS))
def test_a_bad_upload_is_refused_with_its_cause(served: World, upload: str) -> None:
    body, code, says = UPLOADS[upload]
    (pod,) = served.get(
        "pods",
        selector=f"dandelion.dev/modeldeployment={NAME},app.kubernetes.io/component=inference",
    )
    try:
        answer = httpx.post(f"{served.url(NAME)}/predict", content=body(), timeout=60)
    except httpx.WriteError:
        # The server may hang up on a body that is too large before all of it is sent.
        assert code == 413
    else:
        assert answer.status_code == code, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == code
        assert says.lower() in problem["detail"].lower()
    assert served.predict(NAME, picture(COLOURS["red"], 5)).status_code == 200
    (after,) = served.get(
        "pods",
        selector=f"dandelion.dev/modeldeployment={NAME},app.kubernetes.io/component=inference",
    )
    assert after["metadata"]["uid"] == pod["metadata"]["uid"]
    assert after["status"]["containerStatuses"][0]["restartCount"] == 0


def test_what_a_newcomer_opens_is_there(served: World) -> None:
    url = served.url(NAME)
    docs = httpx.get(f"{url}/docs", timeout=30)
    assert docs.status_code == 200
    assert "http://" not in docs.text
    assert "https://" not in docs.text
    assert httpx.get(f"{url}/openapi.json", timeout=30).json()["paths"]["/predict"]
    assert httpx.get(f"{url}/v2/health/live", timeout=30).status_code == 200
    assert httpx.get(f"{url}/readyz", timeout=30).json()["model"]["version"] == "1"
    assert httpx.get(f"{url}/metrics", timeout=30).status_code == 404
    page = httpx.get(f"{url}/", timeout=30)
    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_an_explanation_is_a_picture_of_the_named_class(served: World) -> None:
    image = picture(COLOURS["red"], 5)
    answer = httpx.post(f"{served.url(NAME)}/explain?label=red", content=image, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["dandelion-label"] == "red"
    with Image.open(io.BytesIO(answer.content)) as shown:
        assert min(shown.size) >= 32


def test_the_open_inference_protocol_gives_the_same_answer(served: World) -> None:
    image = picture(COLOURS["red"], 5)
    client = InferenceServerClient(urlsplit(served.url(NAME)).netloc)
    assert client.is_model_ready(NAME, "1")
    upload = InferInput("file", [1], "BYTES")
    upload.set_data_from_numpy(np.array([image], dtype=np.object_))
    labels = client.infer(NAME, [upload], "1").as_numpy("labels")
    assert labels is not None
    answer = served.predict(NAME, image).json()
    assert [label.decode() for label in labels] == [answer["predictions"][0]["label"]]


def test_what_computes_is_what_the_status_says(served: World) -> None:
    precision = served.status(NAME)["champion"]["precision"]
    assert precision in ("int8", "bf16", "fp32")
    [info] = [
        line
        for line in served.metrics(NAME).splitlines()
        if line.startswith("dandelion_model_info{")
    ]
    assert f'precision="{precision}"' in info
