"""What of a dataset is kept, or why there is none. Takes findings and knows no storage.

`dataset` calls `cleaned` once every file is read.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from dandelion_training.data.ingest import Rejected, Usable
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location

MINIMUM_IMAGES = 5


def cleaned(
    source: Location, classes: Iterable[str], usable: Sequence[Usable], unusable: Sequence[Rejected]
) -> tuple[list[Usable], list[Rejected]]:
    """What is kept and what is left out of the readable images, or the reason why there is no
    dataset.
    """
    if not usable:
        raise TrainingFailure(
            Reason.NO_READABLE_IMAGES,
            f"None of the {len(unusable)} files under {source}/ is a usable image,"
            f" for example {unusable[0].key}: {unusable[0].reason}.",
        )
    kept, rejected = _without_duplicates(usable)
    counts = Counter(image.label for image in kept)
    short = {label: counts[label] for label in sorted(classes) if counts[label] < MINIMUM_IMAGES}
    if short:
        left_out = [*unusable, *rejected]
        found = ", ".join(
            f"{label!r} has {count}{_why_no_more(label, left_out)}"
            for label, count in short.items()
        )
        raise TrainingFailure(
            Reason.TOO_FEW_IMAGES,
            f"Each class needs at least {MINIMUM_IMAGES} different readable images: {found}."
            f" Add images, or remove the folder, under {source}/.",
        )
    return kept, rejected


def _why_no_more(label: str, left_out: Iterable[Rejected]) -> str:
    """What became of the other files of a class, with one of them as an example."""
    of_class = [item for item in left_out if item.key.startswith(f"{label}/")]
    if not of_class:
        return ""
    return f" ({len(of_class)} left out, for example {of_class[0].key}: {of_class[0].reason})"


def _without_duplicates(usable: Sequence[Usable]) -> tuple[list[Usable], list[Rejected]]:
    """One image of each content. Content under two labels teaches nothing: all copies go."""
    copies: dict[str, list[Usable]] = defaultdict(list)
    for image in sorted(usable, key=lambda image: image.key):
        copies[image.sha256].append(image)
    kept: list[Usable] = []
    rejected: list[Rejected] = []
    for same in copies.values():
        labels = sorted({image.label for image in same})
        if len(labels) > 1:
            reason = "the same file lies in several classes: " + ", ".join(labels)
            rejected.extend(Rejected(image.key, reason) for image in same)
        else:
            kept.append(same[0])
            rejected.extend(
                Rejected(image.key, f"an exact duplicate of {same[0].key}") for image in same[1:]
            )
    return sorted(kept, key=lambda image: image.key), rejected
