"""JPEG of every kind: what lies behind the first picture (a video, a second view) is left alone.

The decoder is given the segments that say what the pixels are and no other: metadata is read here,
where it cannot keep a picture from being shown. Scans are counted in what the decoder will see.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from functools import partial
from math import ceil

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from dandelion_pictures.colour.primaries import ADOBE_RGB
from dandelion_pictures.cost import MAX_PROFILE_BYTES, SCAN_WORK, Cost
from dandelion_pictures.errors import Kind, Unreadable
from dandelion_pictures.formats import tags
from dandelion_pictures.formats.source import Source
from dandelion_pictures.preprocessing import Size

SOI, EOI, SOS, TEM = 0xD8, 0xD9, 0xDA, 0x01
APP0, APP1, APP2, APP14, APP15, COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
RESTARTS = range(0xD0, 0xD8)
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15 (T.81, table B.1)
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})

# Among the entropy-coded bytes: FF that neither stands for itself (FF 00), nor fills, nor restarts.
MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")

MAX_SEGMENTS = 10_000
COEFFICIENT_BYTES = 2
DECODED_BYTES = 4  # a pixel of RGB, as Pillow holds it
SCALES = (8, 4, 2, 1)
WORK = 12  # a pixel whose cosine transform is undone
BYTE_WORK = 6  # Huffman codes
BYTES_A_ROW = 64  # per pixel of its width: rows of blocks of all components on their way


@dataclass
class Frame:
    """What the first picture of a file is made of."""

    size: Size = (0, 0)
    samples: int = 0
    """Samples of all components before they are brought to one size: 1.5 a pixel for 4:2:0."""
    components: int = 0
    progressive: bool = False
    lossless: bool = False
    scans: int = 0
    in_first_scan: int = 0
    exif: bytes = b""
    profile: dict[int, bytes] = field(default_factory=dict)
    profile_parts: int = 0
    kept: list[bytes | memoryview] = field(default_factory=list)
    segments: int = 0
    length: int = 0
    """Bytes that the decoder is given."""

    @property
    def buffered(self) -> bool:
        """Whether the decoder holds all coefficients until the last scan has been read."""
        return self.progressive or self.scans > 1 or self.in_first_scan < self.components


def look(data: bytes) -> Source:
    """Raises Unreadable."""
    frame = _first_picture(data)
    stream = b"".join(frame.kept)
    frame.kept.clear()
    frame.length = len(stream)
    image = JpegImageFile(io.BytesIO(stream))
    if image.size != frame.size:
        raise SyntaxError("there are several sizes in the header")
    exif = tags.exif_directory(frame.exif)
    profile = _joined(frame)
    if profile is None and tags.is_adobe_rgb(exif):
        profile = ADOBE_RGB
    return Source(
        format="JPEG",
        size=frame.size,
        mode=image.mode,
        held=frame.length,
        cost=partial(_cost, frame),
        decode=partial(_decode, image),
        scales=(1,) if frame.lossless else SCALES,
        orientation=tags.orientation(exif),
        profile=profile,
    )


def _first_picture(data: bytes) -> Frame:
    frame = Frame(kept=[data[:2]])
    at = 2
    while at < len(data):
        at, ended = _segment(data, at, frame)
        if ended:
            break
        frame.segments += 1
        if frame.segments > MAX_SEGMENTS:
            raise Unreadable(
                Kind.BROKEN, f"The JPEG has more than {MAX_SEGMENTS} segments. Save it anew."
            )
    return frame


def _segment(data: bytes, at: int, frame: Frame) -> tuple[int, bool]:
    """Where the next segment is looked for, and whether the picture ends with this one."""
    start = data.find(b"\xff", at)
    while 0 <= start < len(data) - 1 and data[start + 1] == 0xFF:
        start += 1
    if start < 0 or start + 1 >= len(data):
        frame.kept.append(data[at:])
        return len(data), True
    marker = data[start + 1]
    if marker == EOI:
        frame.kept.append(data[start : start + 2])
        return start + 2, True
    if marker in (0x00, SOI, TEM) or marker in RESTARTS:
        return start + 2, False
    # A decoder reads the two bytes of the length whatever they say: it must not take the next
    # segment for this one's length, and what lies in that one for the next scans.
    end = max(start + 4, start + 2 + int.from_bytes(data[start + 2 : start + 4], "big"))
    content = data[start + 4 : end]
    if marker == SOS:
        return _scan(data, start, end, content, frame)
    if marker in FRAMES:
        _read_frame(marker, content, frame)
    elif marker == APP1 and content.startswith(b"Exif\0\0") and not frame.exif:
        frame.exif = content
    elif marker == APP2 and content.startswith(b"ICC_PROFILE\0") and len(content) > 14:
        frame.profile[content[12]] = content[14:]
        frame.profile_parts = content[13]
    # JFIF and Adobe say which colours the components are.
    if marker in (APP0, APP14) or not (APP0 <= marker <= APP15 or marker == COMMENT):
        frame.kept.append(data[start:end])
    return end, False


def _scan(data: bytes, start: int, end: int, content: bytes, frame: Frame) -> tuple[int, bool]:
    frame.scans += 1
    if frame.scans == 1:
        frame.in_first_scan = content[0] if content else 0
    found = MARKER.search(data, end)
    if found is None:
        frame.kept.append(memoryview(data)[start:])
        return len(data), True
    frame.kept.append(memoryview(data)[start : found.start()])
    return found.start(), False


def _read_frame(marker: int, content: bytes, frame: Frame) -> None:
    """ISO/IEC 10918-1, B.2.2: precision, height, width, then each component's sampling."""
    if frame.components:
        raise Unreadable(Kind.BROKEN, "The JPEG has two pictures in one. Save it anew.")
    if len(content) < 6:
        return
    bits, components = content[0], content[5]
    if bits != 8:
        raise Unreadable(
            Kind.UNSUPPORTED, f"This is a JPEG of {bits} bits a sample; save it with 8 bits."
        )
    height, width = (int.from_bytes(content[at : at + 2], "big") for at in (1, 3))
    sampling = [(byte >> 4, byte & 15) for byte in content[7 : 6 + 3 * components : 3]]
    most = max((across * down for across, down in sampling), default=1) or 1
    frame.size = width, height
    frame.components = components
    frame.samples = sum(ceil(width * height * across * down / most) for across, down in sampling)
    frame.progressive = marker in PROGRESSIVE
    frame.lossless = marker in LOSSLESS


def _joined(frame: Frame) -> bytes | None:
    """The profile, if all of its parts are there (ICC.1, annex B.4)."""
    parts = frame.profile
    if not parts or sorted(parts) != list(range(1, frame.profile_parts + 1)):
        return None
    joined = b"".join(parts[number] for number in sorted(parts))
    return joined if len(joined) <= MAX_PROFILE_BYTES else None


def _cost(frame: Frame, scale: int) -> Cost:
    width, height = frame.size
    decoded = ceil(width / scale) * ceil(height / scale)
    memory = frame.length + decoded * DECODED_BYTES + width * BYTES_A_ROW
    if frame.buffered:
        memory += frame.samples * COEFFICIENT_BYTES
    scans = max(1, frame.scans)
    # Each scan may go over the largest component as over one whose samples are the pixels.
    work = max(frame.samples, width * height) * scans * SCAN_WORK
    work += decoded * WORK + frame.length * BYTE_WORK
    return Cost(memory, work, f"{scans} scans" if scans > 1 else "")


def _decode(image: JpegImageFile, scale: int) -> Image.Image:
    width, height = image.size
    image.draft(None, (max(1, width // scale), max(1, height // scale)))
    image.load()
    return image
