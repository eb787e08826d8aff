"""A table of addresses: which image of which class each of its lines names.

A table that cannot be read is refused with the line. An address that can never be fetched is left
out with its line, and the others are not.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout.assignments import Rejected, RejectionKind
from dandelion_training.data.layout.table import ADDRESSES, MAXIMUM_BYTES, Row, invalid, rows
from dandelion_training.data.version.objects import line_digests
from dandelion_training.data.wording import quoted
from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.ports.web.address import Address
from dandelion_training.ports.web.errors import Fault

LONGEST_SHOWN = 500  # characters of an address that is none


class Named(NamedTuple):
    """An image that the table names; `line` counts from 1."""

    address: Address
    label: str
    line: int

    @property
    def name(self) -> str:
        """Under which it is remembered that the address was fetched."""
        return hashlib.sha256(str(self.address).encode()).hexdigest()


class Unfit(NamedTuple):
    """A line that was left out, and why, as a reason that others share."""

    rejected: Rejected
    reason: str


@dataclass(frozen=True)
class UrlTable:
    """A table of addresses, each of them once; `lines` are the digests of all its lines."""

    name: str
    named: tuple[Named, ...]
    unfit: tuple[Unfit, ...]
    lines: frozenset[bytes]


def left_out(key: str, name: str, line: int, label: str, fault: Fault) -> Unfit:
    where = f"line {line:,} of {name}: {fault}"
    kind = RejectionKind.NOT_FETCHED
    return Unfit(Rejected(key, where, label or None, kind), fault.reason)


def read_table(store: ObjectStore, place: Location) -> tuple[str, bytes]:
    """Name and content of a table in storage; raises DatasetError."""
    folder, _, name = place.key.rpartition("/")
    found = list(store.list(Location(place.bucket, folder), name))
    size = next((item.size for item in found if item.name == name), 0)
    if size > MAXIMUM_BYTES:
        raise invalid(name, f"is larger than {MAXIMUM_BYTES // 1024**2} MiB. Split the table")
    content = store.read(place)
    if content is None:
        raise DatasetError(
            Refusal.LABELS_INVALID,
            f"There is no table of addresses at {place}. Upload it, or correct"
            " spec.dataset.urls.storageUri.",
        )
    return name, content


def url_table(name: str, content: bytes) -> UrlTable:
    """Raises DatasetError where it cannot be read, contradicts itself, or names no address."""
    found = list(rows(name, content, ADDRESSES))
    if not found:
        raise invalid(name, f"names no address. {ADDRESSES.words}")
    named: dict[str, Named] = {}
    unfit: list[Unfit] = []
    for row in found:
        if row.split is not None:
            raise invalid(
                name,
                "gives a split. Leave the column out: spec.dataset.holdoutFraction of the images"
                " is held out",
                row.line,
            )
        try:
            address = Address.parse(row.key.strip())
            if not row.label:
                raise Fault("has no label")
        except Fault as fault:
            unfit.append(left_out(_shown(row), name, row.line, row.label, fault))
            continue
        first = named.setdefault(str(address), Named(address, row.label, row.line))
        if first.label != row.label:
            raise _contradicting(name, first, row)
    return UrlTable(name, tuple(named.values()), tuple(unfit), line_digests(content))


def by_turns(named: Iterable[Named]) -> list[Named]:
    """In an order in which the hosts take turns, so that a slow one does not keep the others."""
    places: dict[str, int] = {}
    in_order = []
    for item in named:
        place = places[item.address.host] = places.get(item.address.host, -1) + 1
        in_order.append((place, item))
    return [item for _, item in sorted(in_order, key=lambda found: found[0])]


def _shown(row: Row) -> str:
    """Without what may be a password or a key."""
    written = row.key.strip()
    scheme, separator, rest = written.partition("://")
    if separator:
        authority, slash, path = rest.partition("/")
        rest = authority.rpartition("@")[2] + slash + path
    return f"{scheme}{separator}{rest}".partition("?")[0][:LONGEST_SHOWN]


def _contradicting(name: str, first: Named, row: Row) -> DatasetError:
    return invalid(
        name,
        f"contradicts itself: {quoted(first.address.shown)} has the label {quoted(first.label)} in"
        f" line {first.line:,} and {quoted(row.label)} in line {row.line:,}. Keep one line an"
        " address",
    )
