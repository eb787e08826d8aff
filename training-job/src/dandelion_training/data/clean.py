"""What is kept of the images that could be read, and what is left out with a reason.

Pure: it takes what reading found, and knows no storage.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout.assignments import (
    MINIMUM_CLASSES,
    Rejected,
    RejectionKind,
    Split,
)
from dandelion_training.data.wording import listed, number, quoted

MINIMUM_IMAGES = 5
# Of the files: with more that storage does not hand out, the dataset is another one than was meant.
MAXIMUM_FAULTS = 0.05
REMARKABLE_SHARE = 0.05  # of the files left out, beyond which it is worth a warning
SHOWN = 5  # classes that a sentence names


class Image(Protocol):
    """A readable image of a class."""

    @property
    def key(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def split(self) -> Split | None: ...


Usable = TypeVar("Usable", bound=Image)


class OnSmallClass(StrEnum):
    """What becomes of a class with too few images."""

    REFUSE = "Refuse"
    DROP = "Drop"


@dataclass(frozen=True)
class Cleaned(Generic[Usable]):
    """The images of a dataset version, before Dandelion's split."""

    classes: tuple[str, ...]
    kept: tuple[Usable, ...]  # in order of key
    rejected: tuple[Rejected, ...]  # in order of key, all that was left out
    warnings: tuple[str, ...]


def clean(
    source: str,
    classes: Iterable[str],
    usable: Sequence[Usable],
    rejected: Sequence[Rejected],
    faults: Sequence[Rejected] = (),
    on_small_class: OnSmallClass = OnSmallClass.REFUSE,
    maximum_faults: float = MAXIMUM_FAULTS,
) -> Cleaned[Usable]:
    """The dataset that `usable` makes; `source` is the URI of the folder that holds the files.

    `rejected` are files that are no usable images, and `faults` objects that could not be read from
    storage, which says nothing of the image; a share of the files up to `maximum_faults` of them is
    bearable. Raises DatasetError where there is no dataset.
    """
    files = len(usable) + len(rejected) + len(faults)
    if len(faults) > maximum_faults * files:
        raise _too_many_faults(source, faults, files)
    unusable = sorted([*rejected, *faults], key=lambda item: item.key)
    if not usable:
        raise DatasetError(
            Refusal.NO_READABLE_IMAGES,
            f"None of the {len(unusable):,} files under {source}/ is a usable image,"
            f" for example {unusable[0].key}: {unusable[0].reason}.",
        )
    kept, copies, contradictions = _without_duplicates(usable)
    left_out = sorted([*unusable, *copies, *contradictions], key=lambda item: item.key)
    small = _small_classes(classes, kept)
    if small and on_small_class is OnSmallClass.REFUSE:
        raise _too_few_images(source, small, left_out)
    remaining = sorted(set(classes) - small.keys())
    if len(remaining) < MINIMUM_CLASSES:
        raise _too_few_classes(source, small, remaining)
    dropped = [
        Rejected(
            image.key,
            f"its class {quoted(image.label)} was dropped",
            image.label,
            RejectionKind.CLASS_DROPPED,
        )
        for image in kept
        if image.label in small
    ]
    warnings = [
        *_drop_warning(small),
        *_share_warning(files, rejected, faults, copies, contradictions),
        *_fault_warning(faults),
    ]
    return Cleaned(
        tuple(remaining),
        tuple(image for image in kept if image.label not in small),
        tuple(sorted([*left_out, *dropped], key=lambda item: item.key)),
        tuple(warnings),
    )


def _without_duplicates(
    usable: Sequence[Usable],
) -> tuple[list[Usable], list[Rejected], list[Rejected]]:
    """One image of each content, the copies of it, and content under several labels.

    The latter teaches nothing, so all copies go. Of a content that people put into both splits, the
    held-out copy stays: what is measured remains what they chose, and is not learnt from.
    """
    same: dict[str, list[Usable]] = defaultdict(list)
    for image in sorted(usable, key=lambda image: (image.split != Split.HOLDOUT, image.key)):
        same[image.sha256].append(image)
    kept: list[Usable] = []
    copies: list[Rejected] = []
    contradictions: list[Rejected] = []
    for first, *others in same.values():
        labels = sorted({image.label for image in (first, *others)})
        if len(labels) > 1:
            reason = f"the same file lies in several classes: {', '.join(labels)}"
            contradictions.extend(
                Rejected(image.key, reason, image.label, RejectionKind.CONTRADICTION)
                for image in (first, *others)
            )
            continue
        kept.append(first)
        for image in others:
            reason = f"an exact duplicate of {first.key}"
            if first.split != image.split and first.split is Split.HOLDOUT:
                reason += ", which is held out"
            copies.append(Rejected(image.key, reason, image.label, RejectionKind.DUPLICATE))
    return sorted(kept, key=lambda image: image.key), copies, contradictions


def _small_classes(classes: Iterable[str], kept: Iterable[Image]) -> Mapping[str, str]:
    """What a class lacks, in words, for each that lacks something."""
    splits: dict[str, Counter[Split | None]] = defaultdict(Counter)
    for image in kept:
        splits[image.label][image.split] += 1
    small: dict[str, str] = {}
    for label in sorted(classes):
        own = splits[label]
        if own.total() < MINIMUM_IMAGES:
            small[label] = f"has {own.total()}"
        elif own.keys() == {Split.HOLDOUT}:
            small[label] = "has none left to learn from"
        elif own.keys() == {Split.TRAIN}:
            small[label] = "has none left to hold out"
    return small


def _too_few_images(
    source: str, small: Mapping[str, str], left_out: Sequence[Rejected]
) -> DatasetError:
    found = ", ".join(
        f"{quoted(label)} {lack}{_why_no_more(label, left_out)}"
        for label, lack in list(small.items())[:SHOWN]
    )
    more = f" and {len(small) - SHOWN:,} more" if len(small) > SHOWN else ""
    return DatasetError(
        Refusal.TOO_FEW_IMAGES,
        f"Each class needs at least {MINIMUM_IMAGES} different readable images: {found}{more}."
        f" Under {source}/, add images or remove the class; or write"
        " spec.dataset.onSmallClass: Drop.",
    )


def _why_no_more(label: str, left_out: Iterable[Rejected]) -> str:
    """What became of the other files of a class, with one of them as an example."""
    of_class = [item for item in left_out if item.label == label]
    if not of_class:
        return ""
    return f" ({len(of_class):,} left out, for example {of_class[0].key}: {of_class[0].reason})"


def _too_few_classes(source: str, small: Mapping[str, str], remaining: list[str]) -> DatasetError:
    left = f"only {quoted(remaining[0])} is left" if remaining else "none is left"
    return DatasetError(
        Refusal.TOO_FEW_CLASSES,
        f"Without the classes that have too few images ({listed(small.keys(), SHOWN)}), {left}"
        f" under {source}/; a classifier needs at least {MINIMUM_CLASSES} classes with at least"
        f" {MINIMUM_IMAGES} different readable images each. Add images.",
    )


def _too_many_faults(source: str, faults: Sequence[Rejected], files: int) -> DatasetError:
    return DatasetError(
        Refusal.OBJECTS_UNREADABLE,
        f"{len(faults):,} of {files:,} objects under {source}/ could not be read: {_kinds(faults)}."
        " Give the training key access to them, restore or remove them, and train again.",
    )


def _kinds(items: Sequence[Rejected]) -> str:
    """The most frequent reasons with their counts, each with an example."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for item in items:
        by_reason[item.reason].append(item.key)
    in_order = sorted(by_reason.items(), key=lambda found: (-len(found[1]), found[0]))
    words = [f"{reason} ({len(keys):,}, for example {min(keys)})" for reason, keys in in_order[:3]]
    if rest := sum(len(keys) for _, keys in in_order[3:]):
        words.append(f"other reasons ({rest:,})")
    return "; ".join(words)


def _drop_warning(small: Mapping[str, str]) -> list[str]:
    if not small:
        return []
    shown = ", ".join(f"{quoted(label)} {lack}" for label, lack in list(small.items())[:SHOWN])
    more = f" and {len(small) - SHOWN:,} more" if len(small) > SHOWN else ""
    return [
        f"{number(len(small), 'class', 'classes')} with fewer than {MINIMUM_IMAGES} different"
        f" readable images {'was' if len(small) == 1 else 'were'} dropped: {shown}{more}."
    ]


def _share_warning(
    files: int,
    rejected: Sequence[Rejected],
    faults: Sequence[Rejected],
    copies: Sequence[Rejected],
    contradictions: Sequence[Rejected],
) -> list[str]:
    """Says what became of the files, where many of them teach nothing."""
    counts = {
        "not usable": len(rejected),
        "in several classes": len(contradictions),
        "copies of others": len(copies),
        "not read": len(faults),
    }
    count = sum(counts.values())
    if count <= REMARKABLE_SHARE * files:
        return []
    parts = ", ".join(f"{found:,} {what}" for what, found in counts.items() if found)
    example = min([*rejected, *contradictions, *copies, *faults], key=lambda item: item.key)
    return [
        f"{count:,} of {files:,} files ({count / files:.0%}) were left out: {parts};"
        f" for example {example.key}: {example.reason}."
    ]


def _fault_warning(faults: Sequence[Rejected]) -> list[str]:
    if not faults:
        return []
    return [f"{number(len(faults), 'object')} could not be read: {_kinds(faults)}."]
