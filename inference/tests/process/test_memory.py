"""The memory of the process: large uploads and large pictures leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import containers
import httpx
import pictures
import pytest
from dandelion_inference.answer.decoding.images import SMALL_BYTES
from dandelion_inference.answer.decoding.shares import DECODER_BYTES
from dandelion_pictures import Limits, Preprocessing, Reader
from PIL import Image
from running.logging_service import eventually
from running.service import Service

MIB = 1024 * 1024
FORM = "multipart/form-data; boundary=xyz"
PART = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'


@pytest.mark.parametrize("as_form", [False, True], ids=["raw", "form"])
@pytest.mark.parametrize("declared", [False, True], ids=["undeclared", "declared"])
def test_100_megabytes_are_refused_and_hardly_touch_memory(
    running_service: Service, client: httpx.Client, as_form: bool, declared: bool
) -> None:
    size = 100 * MIB
    head = PART if as_form else b"\xff\xd8\xff"
    headers = {"Content-Type": FORM if as_form else "image/jpeg"}
    if declared:
        headers["Content-Length"] = str(len(head) + size)

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(100):
            yield bytes(MIB)

    running_service.forget_peak()
    before = running_service.resident_bytes()
    answer = client.post("/predict", content=body(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "UploadTooLarge")
    assert running_service.resident_bytes("VmHWM") - before < 8 * MIB
    # The same connection goes on working.
    assert client.post("/predict", content=pictures.plain()).status_code == 200


SIZE = (6000, 5000)
ANY = Preprocessing(36, 32, 1 / 255, (0, 0, 0), (1, 1, 1))
LARGE = {
    "a rotated JPEG": lambda: pictures.plain(
        file_format="JPEG", size=SIZE, exif=pictures.rotated(6)
    ),
    "a progressive JPEG": lambda: pictures.plain(
        file_format="JPEG", size=SIZE, progressive=True, subsampling=0
    ),
    "a PNG with alpha": lambda: pictures.encoded(Image.new("RGBA", SIZE), compress_level=1),
    "an AVIF": lambda: pictures.plain(file_format="AVIF", size=SIZE, speed=10),
    "a HEIC of 800 tiles": lambda: containers.tiled(containers.heic(), 20, 40),
}


@pytest.mark.parametrize("case", LARGE)
def test_a_large_picture_takes_what_was_counted_and_gives_it_back(
    running_service: Service, client: httpx.Client, case: str
) -> None:
    data = LARGE[case]()
    counted = Reader(Limits(max_memory=10**9)).open(data, ANY).cost
    running_service.forget_peak()
    before = running_service.resident_bytes()
    assert client.post("/predict", content=data).status_code == 200
    peak = running_service.resident_bytes("VmHWM")
    # In a decoder, or here where that is a small matter.
    assert peak - before < min(counted.memory, SMALL_BYTES) + 16 * MIB
    most = counted.memory + len(data) + DECODER_BYTES
    assert running_service.decoders_bytes("VmHWM") < most + 16 * MIB
    assert running_service.resident_bytes() - before < 32 * MIB
    # It gives back what it had after its answer.
    eventually(lambda: running_service.decoders_bytes() < DECODER_BYTES + 16 * MIB)
