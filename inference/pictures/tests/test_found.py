"""What the fuzzer has found, each as it was mended. Read in a process of its own: a decoder that
crashes takes its process with it."""

from __future__ import annotations

import subprocess
import sys

import containers
import pytest

READ = """
import sys
from opening import READER, SMALL
from dandelion_pictures import Unreadable
try:
    print(READER.tensor(sys.stdin.buffer.read(), SMALL).shape)
except Unreadable as error:
    print(error.words)
"""
HEIC = containers.still(containers.heic(), exif=b"II*\0" + bytes(20))
INFE = HEIC.index(b"Exif") - 8
PICTURE = "(1, 3, 32, 32)"

FOUND = {
    # pi-heif 1.4.0 makes strings of the kinds of metadata, and crashed at one that is not UTF-8.
    "a HEIC with metadata of a kind that is no text": (
        HEIC.replace(b"Exif", b"\x85xif"),
        PICTURE,
    ),
    "a HEIC with metadata of a media type that is no text": (
        HEIC.replace(b"Exif\0", b"mime\xff"),
        PICTURE,
    ),
    "a HEIC with metadata of no kind, as in older files": (
        HEIC[:INFE] + b"\0" + HEIC[INFE + 1 :],
        "The image cannot be decoded (ValueError). Save it anew from a viewer.",
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_a_picture_or_words(name: str) -> None:
    data, said = FOUND[name]
    done = subprocess.run(
        [sys.executable, "-c", READ],
        env={"PYTHONPATH": ":".join(sys.path)},
        input=data,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.decode().strip() == said
