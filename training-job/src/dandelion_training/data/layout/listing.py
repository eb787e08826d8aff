"""A listing without what is no image, and its folders.

Folders are few and files may be millions, so whatever can be asked of a folder is.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from dandelion_training.data.layout import splits
from dandelion_training.data.layout.ignored import Ignored, Sieve, is_archive
from dandelion_training.data.layout.table import is_table


class Head(NamedTuple):
    """The part of a folder's path that may say class and split.

    `inner` is the folder in the folder at the top, "" for the latter itself, and OTHER where
    neither is named like a split: a class may hold a folder per image.
    """

    top: str
    inner: str


OTHER = "*"
OUTSIDE = Head("", "")
Tops = Mapping[str, set[str]]  # what `inner` is, by folder at the top


@dataclass(frozen=True)
class Listing:
    """The objects below a place."""

    uri: str
    images: list[str]  # names of what may be an image, sorted
    heads: frozenset[Head]  # of images
    documents: frozenset[Head]
    beside: tuple[str, ...]  # documents and archives outside of any folder
    ignored: Ignored

    def by_head(self) -> Iterator[tuple[Head, Iterable[str]]]:
        """The images folder by folder, in order of name."""
        for folder, images in groupby(self.images, _folder):
            yield _head(folder), images

    def tops(self) -> Tops:
        tops: dict[str, set[str]] = defaultdict(set)
        for head in self.heads - {OUTSIDE}:
            tops[head.top].add(head.inner)
        return tops

    def hint(self) -> str:
        """What a table or an archive at the top may have been meant for, as a sentence."""
        for name in self.beside:
            if is_table(name):
                uri = f"{self.uri}/{name}"
                return f" If {name} names the class of each image, write storageUri: {uri}."
        for name in self.beside:
            if is_archive(name):
                return f" {name} is an archive: unpack it and upload the folders."
        return ""


def sifted(uri: str, names: Iterable[str]) -> Listing:
    sieve = Sieve()
    images: list[str] = []
    beside: list[str] = []
    heads: set[Head] = set()
    documents: set[Head] = set()
    for folder, files in groupby(sorted(names), _folder):
        head = _head(folder)
        for name in files:
            if name.endswith("/"):  # how consoles mark a folder
                continue
            kind = sieve.kind(name)
            if kind is None:
                images.append(name)
                heads.add(head)
            elif not kind.is_tool:
                documents.add(head)
                if head == OUTSIDE:
                    beside.append(name)
    return Listing(
        uri, images, frozenset(heads), frozenset(documents), tuple(beside), sieve.ignored()
    )


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _head(folder: str) -> Head:
    top, _, below = folder.partition("/")
    inner = below.partition("/")[0]
    if inner and not splits.canonical(top) and not splits.canonical(inner):
        inner = OTHER
    return Head(top, inner)
