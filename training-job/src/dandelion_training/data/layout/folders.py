"""Labels from folders: one folder per class, or the folders of a split with one folder per class in
each.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout import splits
from dandelion_training.data.layout.assignments import (
    MINIMUM_CLASSES,
    Assignment,
    Layout,
    Rejected,
    RejectionKind,
    Split,
)
from dandelion_training.data.layout.class_names import class_names
from dandelion_training.data.layout.listing import OTHER, OUTSIDE, Head, Listing, Tops, sifted
from dandelion_training.data.layout.split_folders import (
    SplitFolders,
    slashed,
    split_folders,
    unclear,
)
from dandelion_training.data.wording import listed, number, quoted

BESIDE = "lies beside the class folders; put it into the folder of its class"


class _Place(NamedTuple):
    """What a folder says of the images in it and below it."""

    label: str  # as it is written, then as the class is called
    split: Split | None


def from_folders(uri: str, names: Iterable[str], elsewhere: Collection[str] = ()) -> Layout:
    """The layout of the objects below `uri`; `names` are their keys relative to it, in any order.
    Images that do not lie there have the classes `elsewhere`: then none need lie there.

    Raises DatasetError with what to do where the folders do not say the class of each image.
    """
    listing = sifted(uri, names)
    if not listing.images:
        if elsewhere:
            return Layout(f"No image lies under {uri}/.", (), (), ignored=listing.ignored)
        raise _nothing(listing)
    tops = listing.tops()
    given = split_folders(uri, tops)
    written = _places(listing.heads, given)
    called = class_names(place.label for place in written.values())
    if len(called.classes) < MINIMUM_CLASSES and not elsewhere:
        raise _too_few_classes(listing, tops, called.classes, given)
    named = {head: _Place(called.of[label], split) for head, (label, split) in written.items()}
    follows = splits.given(named.values())
    if follows.unlearnable:
        raise unclear(
            uri,
            f"{slashed(given.holdouts)} holds classes that {given.train} does not:"
            f" {listed(follows.unlearnable, 10)}. Add images of them to {given.train}, or remove"
            " them",
        )
    places = {
        head: _Place(label, None if label in follows.unmeasured else split)
        for head, (label, split) in named.items()
    }
    assignments: list[Assignment] = []
    rejected: list[Rejected] = []
    for head, images in listing.by_head():
        if place := places.get(head):
            assignments.extend(Assignment(name, *place) for name in images)
        else:
            misplaced = RejectionKind.MISPLACED
            rejected.extend(Rejected(name, BESIDE, kind=misplaced) for name in images)
    return Layout(
        reading=given.reading,
        classes=called.classes,
        assignments=tuple(assignments),
        rejected=tuple(rejected),
        ignored=listing.ignored,
        warnings=(
            *called.warnings,
            *follows.warnings(slashed(given.holdouts) or "val/ or test/"),
            *_without_images(listing, written, given),
            *_splits_inside(tops, given),
        ),
    )


def _places(heads: Iterable[Head], given: SplitFolders) -> Mapping[Head, _Place]:
    """What the folders say; nothing is said by those beside the class folders."""
    places: dict[Head, _Place] = {}
    for head in heads:
        if head.top in given.kinds:
            if head.inner:
                places[head] = _Place(head.inner, splits.split_named(head.top))
        elif head != OUTSIDE and not given:
            places[head] = _Place(head.top, None)
    return places


def _nothing(listing: Listing) -> DatasetError:
    uri, found = listing.uri, listing.ignored.words()
    way_out = "Put one folder per class there, with the images of the class in it."
    if not found:
        return DatasetError(Refusal.DATASET_EMPTY, f"Nothing lies under {uri}/. {way_out}")
    return DatasetError(
        Refusal.NO_READABLE_IMAGES,
        f"There is no image under {uri}/. {' '.join(found)}{listing.hint()} {way_out}",
    )


def _too_few_classes(
    listing: Listing, tops: Tops, classes: tuple[str, ...], given: SplitFolders
) -> DatasetError:
    uri = listing.uri
    if classes:
        found = f"only the class folder {quoted(classes[0])}"
    else:
        found = f"{number(len(listing.images), 'file')} and no folder"
    way_out = "Put one folder per class there."
    if len(tops) == 1 and not given and "" not in tops[min(tops)]:
        way_out += f" If the dataset is what lies in it, write storageUri: {uri}/{min(tops)}."
    return DatasetError(
        Refusal.TOO_FEW_CLASSES,
        f"There is {found} under {uri}/; a classifier needs at least {MINIMUM_CLASSES} classes."
        f"{listing.hint()} {way_out}",
    )


def _without_images(
    listing: Listing, places: Mapping[Head, _Place], given: SplitFolders
) -> tuple[str, ...]:
    written = {place.label for place in places.values()}
    empty = {place.label for place in _places(listing.documents, given).values()} - written
    return (f"Folders without an image are no classes: {listed(empty, 10)}.",) if empty else ()


def _splits_inside(tops: Tops, given: SplitFolders) -> tuple[str, ...]:
    """A split below the class folders is not read as one, though somebody may have meant it."""
    for top, below in sorted(tops.items()):
        kinds = {kind for name in below if (kind := splits.canonical(name))}
        if not given and "train" in kinds and len(kinds) > 1:
            return (
                f"The folders {listed(below - {'', OTHER})} in {top}/ are not read as a split. For"
                " one, put train/ and val/ at the top and the class folders into them.",
            )
    return ()
