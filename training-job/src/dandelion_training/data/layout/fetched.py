"""Images that were fetched from addresses, beside those that were listed: pure.

Each is named by its address, and lies beside the dataset's versions under its SHA-256. `data/urls`
fetches them, `dataset` joins them to the layout of what was listed.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import NamedTuple

from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout.assignments import (
    MINIMUM_CLASSES,
    Assignment,
    Layout,
    Rejected,
    Split,
)
from dandelion_training.data.layout.class_names import class_names
from dandelion_training.data.wording import number, quoted

# Of all images: links die, and a table with some that are dead is still what was meant.
MAXIMUM_LOST = 0.5
SHOWN = 3  # reasons that a sentence names


def is_fetched(key: str) -> bool:
    """Whether a version's key is an address, and no key below its storageUri."""
    return key.startswith(("http://", "https://"))


class FetchedImage(NamedTuple):
    """`key` is its address, for people; `size` in bytes."""

    key: str
    label: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Addresses:
    """What became of the addresses of a table, in numbers."""

    table: str
    named: int
    fetched: int  # in this run
    known: int  # in a run before
    lost: Mapping[str, int]  # by reason

    @property
    def words(self) -> str:
        lost = sum(self.lost.values())
        parts = [f"{self.fetched:,} fetched now", f"{self.known:,} before"]
        if lost:
            parts.append(f"{lost:,} left out")
        named = number(self.named, "address", "addresses")
        return f"{self.table} names {named}: {', '.join(parts)}."


@dataclass(frozen=True)
class Fetched:
    """Images by key, in order; what was left out of the table; and both in numbers. `lines` are
    digests of all that the table says.
    """

    images: Sequence[FetchedImage] = ()
    rejected: Sequence[Rejected] = ()
    addresses: Addresses | None = None
    lines: Set[bytes] = frozenset()

    @property
    def labels(self) -> frozenset[str]:
        return frozenset(image.label for image in self.images)

    def joined(self, found: Layout) -> Layout:
        """The layout with these images in it.

        Where people held out images of a class, the fetched ones are learnt from. Raises
        DatasetError where two classes look alike, or there is only one.
        """
        if self.addresses is None:
            return found
        called = class_names([*found.classes, *(image.label for image in self.images)])
        if len(called.classes) < MINIMUM_CLASSES:
            raise DatasetError(
                Refusal.TOO_FEW_CLASSES,
                f"{found.reading} {self.addresses.table} has only the class"
                f" {quoted(called.classes[0])}; a classifier needs at least {MINIMUM_CLASSES}"
                " classes. Add images of another class.",
            )
        held_out = {item.label for item in found.assignments if item.split is Split.HOLDOUT}
        assignments = [
            Assignment(image.key, label, Split.TRAIN if label in held_out else None)
            for image in self.images
            for label in [called.of[image.label]]
        ]
        return replace(
            found,
            reading=f"{found.reading} {self.addresses.words}",
            classes=called.classes,
            assignments=tuple(sorted([*found.assignments, *assignments], key=attrgetter("key"))),
            rejected=(*found.rejected, *self.rejected),
            warnings=(*found.warnings, *called.warnings, *self._warnings()),
        )

    def check(self, listed: int) -> None:
        """Raises DatasetError where so many were lost that the dataset is another one than was
        meant; `listed` images come from elsewhere.
        """
        lost = len(self.rejected)
        everything = listed + len(self.images) + lost
        if lost > MAXIMUM_LOST * everything:
            assert self.addresses is not None
            raise DatasetError(
                Refusal.URLS_UNREACHABLE,
                f"{lost:,} of the {number(self.addresses.named, 'address', 'addresses')} that"
                f" {self.addresses.table} names could not be fetched, which is more than half of"
                f" the dataset: {self._reasons()}. Correct the table, let the training pods reach"
                " these hosts, or name hosts with private addresses in"
                " spec.dataset.urls.allowedHosts; then train again.",
            )

    def _warnings(self) -> list[str]:
        if not self.rejected or self.addresses is None:
            return []
        count = number(len(self.rejected), "address", "addresses")
        return [f"{count} of {self.addresses.table} could not be fetched: {self._reasons()}."]

    def _reasons(self) -> str:
        """The most frequent reasons with their counts, each with an example."""
        assert self.addresses is not None
        in_order = sorted(self.addresses.lost.items(), key=lambda item: (-item[1], item[0]))
        words = [
            f"{reason} ({count:,}, for example {self._example(reason)})"
            for reason, count in in_order[:SHOWN]
        ]
        if rest := sum(count for _, count in in_order[SHOWN:]):
            words.append(f"other reasons ({rest:,})")
        return "; ".join(words)

    def _example(self, reason: str) -> str:
        found = next((r for r in self.rejected if reason in r.reason), None)
        if found is None:
            return "none"
        return f"{found.reason.partition(':')[0]}, {found.key[:200]}"


NOTHING_FETCHED = Fetched()
