"""The files that image libraries test themselves with, sent to the real process.

They come as Go modules, whose sums are checked, because those bring their test files along.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path

import pytest
from fakes import s3 as fake_s3
from running.attack import failures, outcome
from running.logging_service import logging_environment
from running.service import Service, client, started

SUMS = {
    "golang.org/x/image@v0.48.0": "h1:1AvuPcuoOTJpA7s4VZ5umrb90T3So0rkB/bSGmxkxik=",
    "github.com/anthonynsimon/bild@v0.14.0": "h1:IFRkmKdNdqmexXHfEU7rPlAmdUZ8BDZEGtGHDnGWync=",
    "github.com/bep/imagemeta@v1.0.1": "h1:p8W9TcQraMbCbP3ubUPyVVEremktUV7LJm0O2t4jC9o=",
    "github.com/chai2010/webp@v1.4.0": "h1:6DA2pkkRUPnbOHvvsmGI3He1hBKf/bkRlniAiSGuEko=",
    "github.com/davidbyttow/govips/v2@v2.16.0": "h1:1nH/Rbx8qZP1hd+oYL9fYQjAnm1+KorX9s07ZGseQmo=",
    "github.com/disintegration/imaging@v1.6.2": "h1:w1LecBlG2Lnp8B3jk5zSuNqd7b4DXhcjwek1ei82L+c=",
    "github.com/gen2brain/heic@v0.4.5": "h1:Cq3hPu6wwlTJNv2t48ro3oWje54h82Q5pALeCBNgaSk=",
    "github.com/h2non/bimg@v1.1.9": "h1:WH20Nxko9l/HFm4kZCA3Phbgu2cbHvYzxwxn9YROEGg=",
    "github.com/kovidgoyal/imaging@v1.9.0": "h1:TxHvhClPANvDW7eLm7PYDTZU1KE15xbqlFv95DA6DmY=",
    "github.com/rwcarlsen/goexif@v0.0.0-20190401172101-9e8deecbddbd": (
        "h1:CmH9+J6ZSsIjUK3dcGsnCnO41eRBOnY12zwkn5qVwgc="
    ),
}
READ = frozenset(
    {".apng", ".avif", ".avifs", ".bmp", ".gif", ".heic", ".heif", ".hif", ".jfif", ".jpe"}
    | {".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"}
    | {".cr2", ".dng", ".nef"}  # TIFFs with a whole image
)
OTHERS = frozenset({".jp2", ".jxl", ".pam", ".pbm", ".pgm", ".ppm", ".psd", ".svg"})

# What is no whole image, and what takes more memory than a pod of 1 GiB has for it.
REFUSED = {
    "*/corrupt/huge_tag_exif.jpg": "TruncatedImage",
    "*/corrupt/max_uint32_exif.jpg": "TruncatedImage",
    "*/goexif*/*-sep-*.jpg": "TruncatedImage",  # metadata, with the pixels cut off
    "*/imagemeta*/largeexif.png": "NotAnImage",  # fuzzed
    "*/imagemeta*/multi-xmp.heic": "BrokenImage",  # metadata alone
    "*/image@*/tiff/testdata/[01]x[01].tiff": "TruncatedImage",  # without pixels
    "*/imagemeta*/sony.heif": "TooManyPixels",  # 25 megapixels of 10 bits
    "*/bimg*/vertical.webp": "TooManyPixels",  # 24 megapixels
}
CLIENTS = 4


@pytest.fixture(scope="module")
def files() -> list[Path]:
    with ThreadPoolExecutor() as pool:
        folders = list(pool.map(_downloaded, SUMS))
    found = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return [path for path in found if path.suffix.lower() in READ | OTHERS]


def _downloaded(module: str) -> Path:
    said = subprocess.run(
        ["go", "mod", "download", "-json", module], check=True, capture_output=True, text=True
    )
    about = json.loads(said.stdout)
    assert about["Sum"] == SUMS[module]
    return Path(about["Dir"])


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with fake_s3.running() as store, started(logging_environment(store, tmp_path)) as running:
        running.wait_ready()
        yield running


def _expected(path: Path) -> set[str]:
    refused = {code for pattern, code in REFUSED.items() if fnmatch(str(path), pattern)}
    if refused:
        return refused
    return {"200"} if path.suffix.lower() in READ else {"UnsupportedFormat"}


@pytest.mark.timeout(900)
def test_every_ordinary_file_of_other_projects_is_answered(
    files: list[Path], service: Service
) -> None:
    def answered(path: Path) -> tuple[str, str]:
        with client(service.url) as http:
            return outcome(http.post("/predict", content=path.read_bytes()))

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = dict(zip(files, pool.map(answered, files), strict=True))
    print(len(files), Counter(code for code, _ in answers.values()))
    unexpected = {
        str(path): (code, wrong)
        for path, (code, wrong) in answers.items()
        if wrong or code not in _expected(path)
    }
    assert unexpected == {}, "\n".join(unexpected)
    assert len(files) > 900
    assert failures(service) == []
