"""How many prefix codes a lossless WebP brings: a decoder makes tables of all before any pixel.

A square of four pixels by four may have codes of its own, of two or three bytes in the file and of
12 KB in memory. Their number stands behind smaller pictures (transforms, and the one that says
which square has which codes), so these are read as a decoder does, without keeping a pixel (RFC
9649, 3).
"""

from __future__ import annotations

from collections.abc import Callable

from dandelion_pictures.preprocessing import Size

SIGNATURE_BITS = 8 + 14 + 14 + 1 + 3
PREDICTOR, COLOUR, SUBTRACT_GREEN, INDEXING = range(4)
LITERALS, LENGTHS, DISTANCES = 256, 24, 40
LENGTH_ORDER = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
LONGEST_CODE = 15
REPEATS = {16: (3, 2), 17: (3, 3), 18: (11, 7)}
MAX_GROUPS = 1 << 16
# Each of its five codes takes at least four bits.
LEAST_GROUP_BITS = 20
# Of symbols in the smaller pictures: encoders write some ten thousand for a photo of 12 megapixels.
MAX_SYMBOLS = 60_000

Symbol = Callable[[], int]


def code_groups(data: bytes | memoryview, size: Size, header: bool = True) -> int:
    """Groups of five prefix codes in a stream of this size, with its header or without; at most as
    many as there could be, where it is broken or too long to tell."""
    bits = _Bits(data, SIGNATURE_BITS if header else 0)
    try:
        return _groups(bits, *size)
    except ValueError:
        return _most(bits, *size)


def _most(bits: _Bits, width: int, height: int) -> int:
    return max(1, min(MAX_GROUPS, -(-width // 4) * -(-height // 4), bits.left // LEAST_GROUP_BITS))


def _groups(bits: _Bits, width: int, height: int) -> int:
    while bits.take(1):
        kind = bits.take(2)
        if kind in (PREDICTOR, COLOUR):
            side = bits.take(3) + 2
            _picture(bits, _squares(width, side) * _squares(height, side))
        elif kind == INDEXING:
            colours = bits.take(8) + 1
            _picture(bits, colours)
            width = _squares(width, 3 if colours <= 2 else 2 if colours <= 4 else colours <= 16)
    if bits.take(1):
        bits.take(4)
    if not bits.take(1):
        return 1
    side = bits.take(3) + 2
    squares = _squares(width, side) * _squares(height, side)
    return min(_picture(bits, squares) + 1, squares)


def _squares(length: int, bits: int) -> int:
    return (length + (1 << bits) - 1) >> bits


def _picture(bits: _Bits, pixels: int) -> int:
    """Goes over a smaller picture; the largest of its numbers of two bytes, red and green."""
    cached = 1 << bits.take(4) if bits.take(1) else 0
    green, red, blue, alpha, distance = (
        _code(bits, symbols)
        for symbols in (LITERALS + LENGTHS + cached, LITERALS, LITERALS, LITERALS, DISTANCES)
    )
    largest = 0
    while pixels > 0:
        bits.count_symbol()
        symbol = green()
        pixels -= 1
        if symbol < LITERALS:
            largest = max(largest, red() << 8 | symbol)
            blue()
            alpha()
        elif symbol < LITERALS + LENGTHS:
            pixels -= _number(bits, symbol - LITERALS) - 1
            _number(bits, distance())
    return largest


def _number(bits: _Bits, prefix: int) -> int:
    if prefix < 4:
        return prefix + 1
    extra = (prefix - 2) >> 1
    return ((2 + (prefix & 1)) << extra) + bits.take(extra) + 1


def _code(bits: _Bits, symbols: int) -> Symbol:
    if bits.take(1):
        second = bits.take(1)
        first = bits.take(8 if bits.take(1) else 1)
        lengths = {first: 1}
        if second:
            lengths[bits.take(8)] = 1
        return _reader(bits, lengths)
    return _reader(bits, _lengths(bits, symbols))


def _lengths(bits: _Bits, symbols: int) -> dict[int, int]:
    count = 4 + bits.take(4)
    widths = {LENGTH_ORDER[index]: bits.take(3) for index in range(count)}
    length_of = _reader(bits, {symbol: width for symbol, width in widths.items() if width})
    left = 2 + bits.take(2 + 2 * bits.take(3)) if bits.take(1) else symbols
    lengths: dict[int, int] = {}
    symbol, former = 0, 8
    while symbol < symbols and left > 0:
        left -= 1
        length = length_of()
        if length <= LONGEST_CODE:
            if length:
                lengths[symbol] = former = length
            symbol += 1
            continue
        repeated = former if length == 16 else 0
        least, extra = REPEATS[length]
        run = least + bits.take(extra)
        if repeated:
            lengths.update(dict.fromkeys(range(symbol, symbol + run), repeated))
        symbol += run
    if symbol > symbols:
        raise ValueError("there are too many lengths of codes")
    return lengths


def _reader(bits: _Bits, lengths: dict[int, int]) -> Symbol:
    """Reads a symbol of the canonical code of these lengths; of a single one, from no bits."""
    if not lengths:
        raise ValueError("a code has no symbols")
    if len(lengths) == 1:
        (only,) = lengths
        return lambda: only
    longest = max(lengths.values())
    table: list[tuple[int, int]] = [(0, 0)] * (1 << longest)
    code = length = filled = 0
    for symbol, width in sorted(lengths.items(), key=lambda item: (item[1], item[0])):
        code <<= width - length
        length = width
        start = int(f"{code:0{width}b}"[::-1], 2)  # the first bit is the lowest in the stream
        if start >= 1 << width:
            raise ValueError("a code has more symbols than fit")
        for place in range(start, 1 << longest, 1 << width):
            table[place] = symbol, width
            filled += 1
        code += 1
    if filled != 1 << longest:
        raise ValueError("a code has symbols to spare")
    return lambda: bits.symbol(table, longest)


class _Bits:
    """Reads bits, the least significant first."""

    def __init__(self, data: bytes | memoryview, at: int) -> None:
        self._data = data
        self._at = at
        self._end = 8 * len(data)
        self._symbols = MAX_SYMBOLS

    @property
    def left(self) -> int:
        return max(0, self._end - self._at)

    def take(self, width: int) -> int:
        value = self._window() & ((1 << width) - 1)
        self._move(width)
        return value

    def symbol(self, table: list[tuple[int, int]], longest: int) -> int:
        symbol, width = table[self._window() & ((1 << longest) - 1)]
        self._move(width)
        return symbol

    def count_symbol(self) -> None:
        self._symbols -= 1
        if self._symbols < 0:
            raise ValueError("the smaller pictures are too large to look at")

    def _window(self) -> int:
        start = self._at >> 3
        return int.from_bytes(self._data[start : start + 4], "little") >> (self._at & 7)

    def _move(self, width: int) -> None:
        self._at += width
        if self._at > self._end:
            raise ValueError("a stream ends too early")
