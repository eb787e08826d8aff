"""Files as phones, cameras, scanners and editors write them are read."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Sequence

import containers
import crafted
import numpy as np
import pictures
import pytest
from containers import QUARTERS
from dandelion_pictures import Kind, Preprocessing, Reader, Unreadable
from numpy.typing import NDArray
from PIL import AvifImagePlugin, Image

WHOLE = Preprocessing(64, 64, 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
READER = Reader(max_pixels=50_000_000)


def shown(data: bytes) -> NDArray[np.int64]:
    return np.asarray(READER.open(data, WHOLE).resized()).astype(int)


def corners(data: bytes) -> list[tuple[int, ...]]:
    """Colours at the corners, from the upper left to the lower right."""
    image = shown(data)
    return [tuple(image[y, x]) for y in (4, -5) for x in (4, -5)]


def near(
    found: Sequence[tuple[int, ...]], expected: Sequence[tuple[int, ...]], steps: int = 3
) -> bool:
    return bool((np.abs(np.array(found) - np.array(expected)) <= steps).all())


def refusal(data: bytes, reader: Reader = READER) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        reader.tensor(data, WHOLE)
    return refused.value


QUARTERED = pictures.encoded(containers.quarters())
UNPACKS_FAR = crafted.deflated_zeros(100_000_000)


# PNG

ANCILLARY = {
    "text that unpacks to 100 MB": (b"zTXt", b"Comment\0\0" + UNPACKS_FAR),
    "text in UTF-8 that does": (b"iTXt", b"a\0\1\0\0\0" + UNPACKS_FAR),
    "a profile that does": (b"iCCP", b"icc\0\0" + UNPACKS_FAR),
    "a profile packed in a way that there is not": (b"iCCP", b"icc\0\7" + zlib.compress(b"a")),
    "a profile that is none": (b"iCCP", b"icc\0\0" + zlib.compress(b"nothing")),
    "a profile of no bytes": (b"iCCP", b""),
    "a resolution that is cut off": (b"pHYs", b"\0"),
    "an animation of no frames": (b"acTL", bytes(8)),
    "a frame out of order": (b"fcTL", struct.pack(">IIIIIHHBB", 7, 9, 9, 0, 0, 0, 0, 0, 0)),
    "significant bits of no channel": (b"sBIT", b""),
    "numbers of colours that there are not": (b"cICP", b"\xff\xff\0\1"),
}


@pytest.mark.parametrize("case", ANCILLARY)
def test_what_a_png_says_beside_its_pixels_keeps_nobody_from_seeing_them(case: str) -> None:
    kind, content = ANCILLARY[case]
    assert np.array_equal(shown(with_chunk(QUARTERED, kind, content)), shown(QUARTERED))


def with_chunk(data: bytes, kind: bytes, content: bytes) -> bytes:
    return data[:33] + crafted.chunk(kind, content) + data[33:]


def test_a_damaged_transparency_is_ignored_as_viewers_do() -> None:
    chunk = bytearray(crafted.chunk(b"tRNS", struct.pack(">HHH", *QUARTERS[0])))
    clear = shown(QUARTERED[:33] + bytes(chunk) + QUARTERED[33:])
    assert tuple(clear[4, 4]) == (255, 255, 255)
    chunk[-1] ^= 1
    assert np.array_equal(shown(QUARTERED[:33] + bytes(chunk) + QUARTERED[33:]), shown(QUARTERED))


def test_orientation_counts_wherever_in_a_png_it_stands() -> None:
    end = QUARTERED.index(b"IEND") - 4
    turned = QUARTERED[:end] + crafted.chunk(b"eXIf", crafted.rotated_by(3)) + QUARTERED[end:]
    assert near(corners(turned), list(reversed(QUARTERS)))


def deep_png(values: NDArray[np.uint16], colour: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of 16 bits a sample; `values` are (height, width, channels)."""
    height, width = values.shape[:2]
    rows = values.astype(">u2").reshape(height, -1)
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    listed = [(b"IHDR", header), *chunks, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(crafted.chunk(*each) for each in listed)


def deep_grey(largest: int) -> NDArray[np.uint16]:
    """From black on the left to `largest` on the right."""
    row = np.linspace(0, largest, 128).astype(np.uint16)
    return np.tile(row, (64, 1))[:, :, np.newaxis]


DEEP = {
    "12 bits in 16, unscaled": ((), 0xFFF, 255),
    "12 bits in 16, and the file says so": (((b"sBIT", b"\x0c"),), 0xFFF, 255),
    "12 bits in 16, dark, and the file says so": (((b"sBIT", b"\x0c"),), 0x7FF, 127),
    "16 bits": ((), 0xFFFF, 255),
    "16 bits, dark, and the file says so": (((b"sBIT", b"\x10"),), 0xFFF, 15),
}


@pytest.mark.parametrize("case", DEEP)
def test_deep_grey_is_as_bright_as_it_was_taken(case: str) -> None:
    chunks, largest, white = DEEP[case]
    image = shown(deep_png(deep_grey(largest), 0, *chunks))
    assert image[:, 0].max() <= 1
    assert image[:, -1].min() >= white - 1


def test_a_tiff_of_12_bits_in_16_is_as_bright_as_it_was_taken() -> None:
    grey = Image.fromarray(deep_grey(0xFFF)[:, :, 0])
    assert shown(pictures.encoded(grey, "TIFF"))[:, -1].min() >= 254
    half = Image.fromarray(deep_grey(0x7FF)[:, :, 0])
    assert 126 <= shown(pictures.encoded(half, "TIFF", tiffinfo={281: 0xFFF}))[:, -1].min() <= 127


def test_a_tiff_that_counts_darkness_is_no_negative() -> None:
    data = pictures.encoded(Image.fromarray(deep_grey(0xFFFF)[:, :, 0]), "TIFF")
    changed = with_tag(data, 262, 0)
    assert shown(changed)[:, 0].min() == 255
    assert shown(changed)[:, -1].max() == 0


def with_tag(data: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF whose tag of one SHORT has another value."""
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    for place in range(at + 2, at + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, place) == (tag,):
            return data[: place + 8] + struct.pack("<I", value) + data[place + 12 :]
    raise AssertionError(f"there is no tag {tag}")


def test_deep_colours_are_read() -> None:
    deep = (np.asarray(containers.quarters()).astype(np.uint16) << 8).astype(np.uint16)
    assert near(corners(deep_png(deep, 2)), list(QUARTERS), steps=0)
    opaque = np.dstack([deep, np.full((64, 128), 0xFFFF, np.uint16)])
    assert near(corners(deep_png(opaque, 6)), list(QUARTERS), steps=0)
    clear = struct.pack(">HHH", *(int(value) << 8 for value in QUARTERS[1]))
    white: list[tuple[int, ...]] = [QUARTERS[0], (255, 255, 255), *QUARTERS[2:]]
    assert near(corners(deep_png(deep, 2, (b"tRNS", clear))), white, steps=0)


# JPEG

PHOTO = pictures.encoded(containers.quarters(), "JPEG", quality=95, subsampling=0)
OTHER = pictures.encoded(pictures.noise((128, 64)), "JPEG", quality=95)
BEHIND = {
    "a video, as phones put it there": struct.pack(">I", 24) + b"ftypmp42" + b"\xff\xda" * 5000,
    "another photo": OTHER,
    "many scans of another photo": crafted.many_scans(3000, 3000, 5000),
    "a second beginning": b"\xff\xd8\xff\xe1",
    "noise": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("case", BEHIND)
def test_what_lies_behind_a_photo_is_left_alone(case: str) -> None:
    pending = READER.open(PHOTO + BEHIND[case], WHOLE)
    assert pending.cost == READER.open(PHOTO, WHOLE).cost
    assert np.array_equal(shown(PHOTO + BEHIND[case]), shown(PHOTO))


def test_of_several_views_in_one_file_the_first_is_read() -> None:
    out = io.BytesIO()
    frames = [containers.quarters(), pictures.noise((128, 64))]
    frames[0].save(out, "MPO", save_all=True, append_images=frames[1:], quality=95)
    pending = READER.open(out.getvalue(), WHOLE)
    assert pending.format == "JPEG"
    assert near(corners(out.getvalue()), list(QUARTERS))


def test_a_large_photo_of_several_views_is_decoded_small_as_any_other() -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (1600, 1200), colour) for colour in ("red", "blue")]
    frames[0].save(out, "MPO", save_all=True, append_images=frames[1:])
    assert READER.open(out.getvalue(), WHOLE).cost.memory == 10 * 200 * 150


def test_a_broken_index_of_views_is_no_reason_to_refuse_a_photo() -> None:
    broken = PHOTO[:2] + segment(0xE2, b"MPF\0MM\0*\xff\xff\xff\xff") + PHOTO[2:]
    assert np.array_equal(shown(broken), shown(PHOTO))


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def directory(*entries: tuple[int, int, int, int], order: str = "<") -> bytes:
    """EXIF of entries of tag, type, count and what stands in the field."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    listed = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    return mark + struct.pack(order + "IH", 8, len(entries)) + listed + bytes(4)


UPSIDE_DOWN = (0x0112, 3, 1, 3)
ODD_EXIF = {
    "a resolution that is a text": directory(UPSIDE_DOWN, (0x011A, 2, 4, 0x41414141)),
    "a resolution that is divided by nothing": directory(UPSIDE_DOWN, (0x011A, 5, 1, 4)),
    "a resolution far beyond the end": directory(UPSIDE_DOWN, (0x011A, 5, 2**31, 2**32 - 1)),
    "types that there are not": directory((1, 99, 9, 9), UPSIDE_DOWN, (2, 0, 0, 0)),
    "a directory of directories without end": directory(UPSIDE_DOWN, (0x8769, 4, 1, 8)),
    "an orientation of four bytes": directory((0x0112, 4, 1, 3)),
    "an orientation of one byte": directory((0x0112, 1, 1, 3)),
    "more entries than there are": directory(UPSIDE_DOWN)[:-4].replace(
        b"\x08\0\0\0\x01\0", b"\x08\0\0\0\xff\xff"
    ),
}


@pytest.mark.parametrize("case", ODD_EXIF)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_turned_upright_whatever_else_its_exif_says(case: str, file_format: str) -> None:
    exif = ODD_EXIF[case]
    options = {"lossless": True} if file_format == "WEBP" else {}
    if file_format == "JPEG":
        data = PHOTO[:2] + segment(0xE1, b"Exif\0\0" + exif) + PHOTO[2:]
    elif file_format == "PNG":
        data = with_chunk(QUARTERED, b"eXIf", exif)
    else:
        data = pictures.encoded(containers.quarters(), "WEBP", exif=exif, **options)
    assert near(corners(data), list(reversed(QUARTERS)))


def test_the_order_of_bytes_in_exif_may_be_either() -> None:
    exif = directory((0x0112, 3, 1, 3 << 16), order=">")
    data = PHOTO[:2] + segment(0xE1, b"Exif\0\0" + exif) + PHOTO[2:]
    assert near(corners(data), list(reversed(QUARTERS)))


def test_a_photo_with_a_thumbnail_in_its_exif_is_the_photo() -> None:
    exif = b"Exif\0\0" + directory(UPSIDE_DOWN) + OTHER
    data = PHOTO[:2] + segment(0xE1, exif[:65_000]) + PHOTO[2:]
    pending = READER.open(data, WHOLE)
    assert pending.cost == READER.open(PHOTO, WHOLE).cost
    assert near(corners(data), list(reversed(QUARTERS)))


@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}, {"quality": 100}])
@pytest.mark.parametrize("restarts", [0, 1, 7])
def test_jpegs_of_every_make_are_read(options: dict[str, int], restarts: int) -> None:
    data = pictures.encoded(
        containers.quarters(), "JPEG", restart_marker_blocks=restarts, subsampling=0, **options
    )
    assert near(corners(data), list(QUARTERS), steps=6)


def test_a_jpeg_of_12_bits_is_refused_with_the_way_out() -> None:
    at = PHOTO.index(b"\xff\xc0") + 4
    refused = refusal(PHOTO[:at] + b"\x0c" + PHOTO[at + 1 :])
    assert refused.kind is Kind.UNSUPPORTED
    assert "12 bits" in refused.words


# AVIF and HEIC

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
        "    Reader(10**6).tensor(data, words)\n"
        "lazy = {'pi_heif', 'PIL._imagingcms'}\n"
        "assert lazy.isdisjoint(sys.modules), lazy & set(sys.modules)\n"
        "heic = containers.still(containers.heic(), containers.numbered_colours(12, 13))\n"
        "Reader(10**6).tensor(heic, words)\n"
        "assert lazy <= set(sys.modules)\n"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


# Others


def test_the_first_frame_of_an_animation_is_read() -> None:
    frames = [containers.quarters(), pictures.noise((128, 64))]
    for file_format, options in {
        "GIF": {},
        "PNG": {},
        "WEBP": {"lossless": True},
        "TIFF": {},
    }.items():
        out = io.BytesIO()
        frames[0].save(out, file_format, save_all=True, append_images=frames[1:], **options)
        assert near(corners(out.getvalue()), list(QUARTERS), steps=2), file_format


@pytest.mark.parametrize(
    "compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"]
)
@pytest.mark.parametrize("big", [False, True])
def test_tiffs_of_every_make_are_read(compression: str | None, big: bool) -> None:
    data = pictures.encoded(containers.quarters(), "TIFF", compression=compression, big_tiff=big)
    assert near(corners(data), list(QUARTERS), steps=6)


def test_metadata_of_a_tiff_that_makes_no_sense_is_no_reason_to_refuse_it() -> None:
    tags = {0x8769: 2**31, 34675: 7, 700: 9, 330: 2**31, 33723: 1, 282: 0, 283: 0}
    plain = crafted.tiff({}, bytes(range(192)) * 3)
    assert np.array_equal(shown(crafted.tiff(tags, bytes(range(192)) * 3)), shown(plain))


OTHERS = {
    b"": (Kind.EMPTY, "empty"),
    b"%PDF-1.7 and more": (Kind.UNSUPPORTED, "a PDF document"),
    b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom": (Kind.UNSUPPORTED, "an MP4 or QuickTime video"),
    b"\0\0\0\x18ftypcrx \0\0\0\0crx isom": (Kind.UNSUPPORTED, "a Canon raw image"),
    b"<svg xmlns='http://www.w3.org/2000/svg'/>": (Kind.UNSUPPORTED, "an SVG drawing"),
    b"anything else": (Kind.NOT_AN_IMAGE, "not an image"),
    PHOTO[:3]: (Kind.TRUNCATED, "a JPEG image"),
    QUARTERED[:20]: (Kind.TRUNCATED, "ends before"),
    PHOTO[:-40]: (Kind.TRUNCATED, "is truncated"),
    QUARTERED[:-60]: (Kind.TRUNCATED, "ends before all"),
    pictures.plain(file_format="ICO"): (Kind.UNSUPPORTED, "a Windows icon"),
    pictures.encoded(Image.new("F", (40, 40)), "TIFF"): (Kind.UNSUPPORTED, "floating-point"),
}


@pytest.mark.parametrize("data", OTHERS, ids=[words for _, words in OTHERS.values()])
def test_what_is_not_read_is_named_with_its_kind(data: bytes) -> None:
    kind, words = OTHERS[data]
    refused = refusal(data)
    assert refused.kind is kind
    assert words in refused.words
