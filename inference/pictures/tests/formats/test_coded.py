"""AVIF and HEIC: a coded picture in a container, turned, tiled or moving."""

from __future__ import annotations

import io
import subprocess
import sys

import containers
import crafted
import pictures
import pytest
from containers import QUARTERS
from dandelion_pictures import Kind
from PIL import AvifImagePlugin
from reading import PHOTO, READER, WHOLE, corners, near, refusal

CODED = {
    "HEIC": containers.heic(),
    "HEIC of 10 bits": containers.heic("quarters-10-bit.heic"),
    "AVIF": containers.avif(),
}


@pytest.fixture(params=CODED)
def coded(request: pytest.FixtureRequest) -> containers.Picture:
    return CODED[request.param]


@pytest.mark.parametrize("name", ["quarters.heic", "quarters-10-bit.heic"])
def test_a_file_as_an_encoder_wrote_it_is_read(name: str) -> None:
    data = (containers.FILES / name).read_bytes()
    assert READER.open(data, WHOLE).format == "HEIC"
    assert near(corners(data), list(QUARTERS))


def test_a_picture_in_a_container_is_read(coded: containers.Picture) -> None:
    pending = READER.open(containers.still(coded), WHOLE)
    assert pending.size == containers.SIZE
    assert pending.format == ("AVIF" if coded.kind == b"av01" else "HEIC")
    assert near(corners(containers.still(coded)), list(QUARTERS))


@pytest.mark.parametrize("brand", [b"mif1", b"msf1", b"heic", b"avif"])
def test_what_a_picture_is_tell_its_items_and_not_its_brand(
    coded: containers.Picture, brand: bytes
) -> None:
    assert near(corners(containers.still(coded, brand=brand)), list(QUARTERS))


UPPER_LEFT, UPPER_RIGHT, LOWER_LEFT, LOWER_RIGHT = QUARTERS
TURNS = {
    "a quarter to the left": (
        [containers.turned(1)],
        (64, 128),
        [UPPER_RIGHT, LOWER_RIGHT, UPPER_LEFT, LOWER_LEFT],
    ),
    "a half": (
        [containers.turned(2)],
        (128, 64),
        [LOWER_RIGHT, LOWER_LEFT, UPPER_RIGHT, UPPER_LEFT],
    ),
    "a quarter to the right, as a phone held upright": (
        [containers.turned(3)],
        (64, 128),
        [LOWER_LEFT, UPPER_LEFT, LOWER_RIGHT, UPPER_RIGHT],
    ),
    "above and below exchanged": (
        [containers.mirrored(0)],
        (128, 64),
        [LOWER_LEFT, LOWER_RIGHT, UPPER_LEFT, UPPER_RIGHT],
    ),
    "left and right exchanged, as a phone that looks at its owner": (
        [containers.mirrored(1)],
        (128, 64),
        [UPPER_RIGHT, UPPER_LEFT, LOWER_RIGHT, LOWER_LEFT],
    ),
    "turned and then exchanged": (
        [containers.turned(1), containers.mirrored(1)],
        (64, 128),
        [LOWER_RIGHT, UPPER_RIGHT, LOWER_LEFT, UPPER_LEFT],
    ),
}


@pytest.mark.parametrize("exif", [b"", crafted.rotated_by(6), b"II*\0" + b"\xff" * 40])
@pytest.mark.parametrize("case", TURNS)
def test_a_container_turns_its_picture_once_whatever_exif_repeats(
    coded: containers.Picture, case: str, exif: bytes
) -> None:
    properties, size, expected = TURNS[case]
    data = containers.still(coded, *properties, exif=exif)
    assert READER.open(data, WHOLE).size == size
    assert near(corners(data), expected)


def test_exif_alone_does_not_turn_a_picture_in_a_container(coded: containers.Picture) -> None:
    data = containers.still(coded, exif=crafted.rotated_by(6))
    assert near(corners(data), list(QUARTERS))


def test_a_picture_of_many_tiles_is_put_together(coded: containers.Picture) -> None:
    data = containers.tiled(coded, 3, 2)
    assert READER.open(data, WHOLE).size == (384, 128)
    assert near(corners(data), list(QUARTERS))
    # Phones cut what the last tiles have too much.
    cut = containers.tiled(coded, 3, 2, containers.turned(1), size=(300, 100))
    assert READER.open(cut, WHOLE).size == (100, 300)


def test_of_an_animation_the_first_picture_is_read() -> None:
    out = io.BytesIO()
    frames = [containers.quarters(), pictures.noise((128, 64))]
    frames[0].save(out, "AVIF", save_all=True, append_images=frames[1:], quality=95)
    assert out.getvalue()[8:12] == b"avis"
    assert near(corners(out.getvalue()), list(QUARTERS), steps=8)


def test_another_codec_in_the_container_is_named() -> None:
    data = containers.still(containers.Picture(b"jpeg", b"", PHOTO), brand=b"mif1")
    refused = refusal(data)
    assert refused.kind is Kind.UNSUPPORTED
    assert "jpeg" in refused.words


def test_an_installation_without_a_decoder_says_so(
    coded: containers.Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    monkeypatch.setattr(AvifImagePlugin, "SUPPORTED", False)
    refused = refusal(containers.still(coded))
    assert refused.kind is Kind.UNSUPPORTED
    assert "not decoded here; save it as JPEG" in refused.words


def test_heic_is_loaded_by_a_heic_and_colour_management_by_a_profile() -> None:
    script = (
        "import sys, containers, crafted\n"
        "from dandelion_pictures import Preprocessing, Reader\n"
        "words = Preprocessing(36, 32, 1 / 255, (0.5,) * 3, (0.5,) * 3)\n"
        "for data in crafted.good().values():\n"
        "    Reader().tensor(data, words)\n"
        "lazy = {'pi_heif', 'PIL._imagingcms'}\n"
        "assert lazy.isdisjoint(sys.modules), lazy & set(sys.modules)\n"
        "heic = containers.still(containers.heic(), containers.numbered_colours(12, 13))\n"
        "Reader().tensor(heic, words)\n"
        "assert lazy <= set(sys.modules)\n"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
