"""Pictures that browsers do not show, made into ones that they do, by a process that can do no harm
with what it reads.
"""

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from dandelion_training.commands.review.service import renderer
from dandelion_training.commands.review.service.renderer import Renderer
from dandelion_training.commands.review.service.reviews import RefusedError
from dandelion_training.review import rendering
from PIL import Image

PICTURES = Path(__file__).parents[5] / "inference" / "pictures" / "tests" / "files"
RED, BLUE = (200, 40, 40), (50, 60, 190)
HEIC = (PICTURES / "quarters.heic").read_bytes()


def halves(size: tuple[int, int] = (80, 40), mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    made = Image.new("RGB", size, RED)
    made.paste(BLUE, (size[0] // 2, 0, *size))
    return made.convert(mode)


def encoded(image: Image.Image, kind: str = "TIFF", orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    packed = {"compression": "tiff_lzw"} if kind == "TIFF" and image.mode == "RGB" else {}
    image.save(file, kind, exif=exif, **packed)
    return file.getvalue()


def patient() -> Renderer:
    """For what takes little, on a machine that has much else to do."""
    return Renderer(seconds=300)


def in_its_place(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Have a script run instead of the process that renders."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(renderer.sys, "executable", str(program))


def shown(content: bytes) -> Image.Image:
    found = Image.open(io.BytesIO(patient().jpeg("garden", content)))
    assert found.format == "JPEG"
    return found.convert("RGB")


def is_like(image: Image.Image, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    pixel = image.getpixel(place)
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 40 for one, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_a_tiff_is_shown(mode: str) -> None:
    found = shown(encoded(halves(mode=mode)))
    assert found.size == (80, 40)
    assert found.getpixel((10, 20)) != found.getpixel((70, 20))


@pytest.mark.parametrize("name", ["quarters.heic", "quarters-10-bit.heic"])
def test_a_heic_is_shown(name: str) -> None:
    found = shown((PICTURES / name).read_bytes())
    assert found.size == (128, 64)
    assert is_like(found, (32, 16), RED)
    assert is_like(found, (32, 48), BLUE)


def test_it_is_turned_as_the_model_sees_it() -> None:
    found = shown(encoded(halves(), orientation=6))
    assert found.size == (40, 80)
    assert is_like(found, (20, 10), RED)
    assert is_like(found, (20, 70), BLUE)


def test_grey_of_twelve_bits_is_not_black() -> None:
    deep = Image.new("I;16", (40, 40), 4095)
    deep.putpixel((0, 0), 0)
    assert is_like(shown(encoded(deep, "PNG")), (20, 20), (255, 255, 255))


@pytest.mark.parametrize(
    ("size", "most"), [((4000, 3000), (1365, 1024)), ((9000, 300), (2040, 68)), ((9000, 1), None)]
)
def test_it_is_no_larger_than_a_screen(size: tuple[int, int], most: tuple[int, int] | None) -> None:
    found = shown(encoded(halves(size)))
    assert max(found.size) <= 2048
    assert most is None or found.size == most


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (encoded(halves())[:200], "ends before"),
        (HEIC[:100], "truncated"),
        (b"II*\0" + b"\xff" * 200, "Send the whole file"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_what_cannot_be_read_is_refused_with_words(content: bytes, words: str) -> None:
    with pytest.raises(RefusedError, match=words) as refused:
        patient().jpeg("garden", content)
    assert "`review export`" in str(refused.value)


def test_one_that_takes_too_much_is_refused_before_it_is_decoded() -> None:
    file = io.BytesIO()
    Image.new("1", (60_000, 60_000)).save(file, "TIFF", compression="group4")
    begun = os.times().children_user
    with pytest.raises(RefusedError, match="too l"):
        patient().jpeg("garden", file.getvalue())
    assert os.times().children_user - begun < rendering.SECONDS / 2


def test_a_decoder_that_goes_on_and_on_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_its_place(monkeypatch, tmp_path, "exec sleep 600")
    with pytest.raises(RefusedError, match="takes too much"):
        Renderer(seconds=0.01).jpeg("garden", HEIC)


class AtOnce(threading.Timer):
    def start(self) -> None:
        (process,) = self.args
        self.function(process)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def test_one_that_has_ended_before_it_was_given_the_file_is_no_other_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threading, "Timer", AtOnce)
    with pytest.raises(RefusedError, match="takes too much"):
        Renderer().jpeg("garden", HEIC)


GIVEN_UP = """
import os, socket, sys
from dandelion_training.review import rendering
rendering._load()
rendering._give_up()
for name, attempt in {
    "file": lambda: open("/etc/passwd"),
    "connection": socket.socket,
    "memory": lambda: bytearray(2 << 30),
    "program": lambda: os.execv(sys.executable, [sys.executable, "-c", "print('could program')"]),
}.items():
    try:
        attempt()
        print("could", name)
    except (OSError, MemoryError):
        print("refused", name)
"""


def test_before_it_looks_at_a_file_it_has_given_up_what_it_could_do_harm_with() -> None:
    """The last, a program, cannot load its own libraries, or is not begun at all."""
    done = subprocess.run(
        [sys.executable, "-u", "-c", GIVEN_UP],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "could" not in done.stdout
    refused = ["refused file", "refused connection", "refused memory"]
    assert done.stdout.splitlines()[:3] == refused


def test_it_is_told_nothing_but_the_picture(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A program in its place writes down what it was given."""
    in_its_place(monkeypatch, tmp_path, "cat > /dev/null\nenv")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-a-test")
    told = Renderer().jpeg("garden", HEIC).decode()
    assert "PYTHONPATH=" in told
    assert "secret-of-a-test" not in told
    assert "AWS" not in told


def test_its_limits_are_those_of_a_picture_that_serving_takes() -> None:
    assert rendering.LIMITS.max_memory == 512 << 20
    assert rendering.LIMITS.max_work == 4_000_000_000
