"""What a file is by its first bytes, never by its name or by what a client says.

`reader` asks which format to read; "This is a PDF document; convert it" helps where "not an image"
does not.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Format(StrEnum):
    """What is read. HEIF is the container of AVIF and HEIC, which only its items tell apart."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    HEIF = "HEIF"
    TIFF = "TIFF"
    GIF = "GIF"
    BMP = "BMP"


ACCEPTED = "JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF or BMP"

SIGNATURES = (
    (b"\xff\xd8\xff", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"BM", Format.BMP),
    (b"II*\x00", Format.TIFF),
    (b"MM\x00*", Format.TIFF),
    (b"II\x00*", Format.TIFF),  # the order of the bytes is right in the first two alone
    (b"MM*\x00", Format.TIFF),
    (b"II+\x00", Format.TIFF),  # BigTIFF
    (b"MM\x00+", Format.TIFF),
)
CLAIMED = (
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"II+\x00", "a TIFF image"),
    (b"MM\x00+", "a TIFF image"),
)
OTHER = (
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"8BPS", "a Photoshop document"),
    (b"\x00\x00\x01\x00", "a Windows icon"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"qoif", "a QOI image"),
    (b"DDS ", "a DirectDraw texture"),
    (b"\x76\x2f\x31\x01", "an OpenEXR image"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM video"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "an MP3 recording"),
    (b"fLaC", "a FLAC recording"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
)
# Netpbm's formats: `P`, a digit, and white space (pbm(5) and its relatives).
NETPBM = re.compile(rb"P([1-7])\s")
NETPBM_NAMES = ("PBM", "PGM", "PPM", "PBM", "PGM", "PPM", "PAM")
# Brands of the box that such a file begins with (ISO/IEC 23008-12 and the AVIF specification).
AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
STILL_BRANDS = frozenset({b"mif1", b"mif2", b"msf1", b"heif"}) | AVIF_BRANDS | HEIC_BRANDS
LONGEST_BRANDS = 256  # bytes of that box that are looked at


def format_of(data: bytes) -> Format | None:
    """The format that a file is to be read as, or nothing."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Format.WEBP
    if data[4:8] == b"ftyp" and not brands(data).isdisjoint(STILL_BRANDS):
        return Format.HEIF
    for signature, found in SIGNATURES:
        if data.startswith(signature):
            return found
    return None


def brands(data: bytes) -> frozenset[bytes]:
    """What a file of the ISO base media format says that it can be read as; ``mif1`` alone says
    nothing about how its pictures are coded."""
    end = min(int.from_bytes(data[:4], "big"), LONGEST_BRANDS, len(data))
    listed = {data[at : at + 4] for at in range(16, end - 3, 4)}
    return frozenset({data[8:12]} | listed)


def other_format(data: bytes) -> str | None:
    """What else this is, with its article, or nothing."""
    if data[4:8] == b"ftyp":
        is_raw = data[8:12] == b"crx "
        return "a Canon raw image" if is_raw else "an MP4 or QuickTime video"
    if data[:4] == b"RIFF" and data[8:12] in (b"WAVE", b"AVI "):
        return "a sound or video file"
    for signature, name in OTHER:
        if data.startswith(signature):
            return name
    if netpbm := NETPBM.match(data):
        return f"a {NETPBM_NAMES[int(netpbm[1]) - 1]} image"
    text = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text):
        return "an SVG drawing"
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return None


def claimed_format(data: bytes) -> str | None:
    """The supported format whose first bytes these are, with its article, or nothing."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "a WebP image"
    if data[4:8] == b"ftyp":
        if data[8:12] in AVIF_BRANDS:
            return "an AVIF image"
        if data[8:12] in HEIC_BRANDS:
            return "a HEIC image"
        return None if brands(data).isdisjoint(STILL_BRANDS) else "a HEIF image"
    for signature, name in CLAIMED:
        if data.startswith(signature):
            return name
    return None
