"""ICC profiles for colours that a file names by number instead of bringing a profile.

The numbers are those of ITU-T H.273, in AVIF, HEIC and PNG. A profile of three primaries and one
curve says the same to the colour management that reads all others (ICC.1:2022, 8.3.2).
"""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Chromaticities = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
Curve = tuple[int, tuple[float, ...]]  # the function's number and its parameters (ICC.1, 10.18)

BT709: Chromaticities = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
PRIMARIES: dict[int, Chromaticities] = {
    1: BT709,
    5: ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
UNSPECIFIED, SRGB_PRIMARIES = 2, 1
SRGB_CURVE: Curve = (3, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
# Viewers show what is marked as television (1, 6, 14, 15) as sRGB too. Perceptual quantiser and
# hybrid log-gamma (16, 18) would have to be mapped to fewer tones: they are shown as they are.
LIKE_SRGB = frozenset({1, 2, 6, 13, 14, 15})
CURVES: dict[int, Curve] = {4: (0, (2.2,)), 5: (0, (2.8,)), 8: (0, (1.0,))}

D65 = np.array([0.95047, 1.0, 1.08883])
D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([
    [0.8951, 0.2664, -0.1614],
    [-0.7502, 1.7135, 0.0367],
    [0.0389, -0.0685, 1.0296],
])  # fmt: skip


@cache
def profile_of(primaries: int, transfer: int) -> bytes | None:
    """A profile for two numbers of H.273, or nothing where they mean sRGB or nothing known."""
    chromaticities = PRIMARIES.get(SRGB_PRIMARIES if primaries == UNSPECIFIED else primaries)
    curve = SRGB_CURVE if transfer in LIKE_SRGB else CURVES.get(transfer)
    if chromaticities is None or curve is None:
        return None
    if chromaticities is BT709 and curve is SRGB_CURVE:
        return None
    return _profile(chromaticities, curve)


def _profile(chromaticities: Chromaticities, curve: Curve) -> bytes:
    colorants = _colorants(chromaticities)
    function, parameters = curve
    numbers = b"".join(_fixed(value) for value in parameters)
    shape = b"para" + bytes(4) + struct.pack(">HH", function, 0) + numbers
    parts = {
        tag: b"XYZ " + bytes(4) + b"".join(_fixed(value) for value in colorants[:, column])
        for column, tag in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))
    }
    parts |= {b"wtpt": b"XYZ " + bytes(4) + b"".join(_fixed(value) for value in D50)}
    parts |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), shape)
    place = 128 + 4 + 12 * len(parts)
    table, body = struct.pack(">I", len(parts)), b""
    for tag, part in parts.items():
        table += tag + struct.pack(">II", place + len(body), len(part))
        body += part + bytes(-len(part) % 4)
    white = b"".join(_fixed(value) for value in D50)
    header = struct.pack(
        ">I4xI4s4s4s12x4s4x4x4x4x8xI12s48x",
        *(place + len(body), 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp", 0, white),
    )
    return header + table + body


def _colorants(chromaticities: Chromaticities) -> Matrix:
    """XYZ of the primaries in columns, adapted from D65 to the D50 of profiles (ICC.1, annex E)."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in chromaticities]).T
    scaled = columns * np.linalg.solve(columns, D65)
    gain = np.diag((BRADFORD @ D50) / (BRADFORD @ D65))
    adapted: Matrix = np.linalg.inv(BRADFORD) @ gain @ BRADFORD @ scaled
    return adapted


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


ADOBE_RGB = _profile(((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), (0, (563 / 256,)))
