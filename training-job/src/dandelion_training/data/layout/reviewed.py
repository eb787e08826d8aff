"""Images that people reviewed, beside those that were listed: pure.

Each is named by the answer that it was reviewed for, and lies beside the dataset's versions under
its SHA-256. `run/reviewed` reads the decisions, `dataset` joins the images to the layout of what
was listed and fetched.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from dandelion_training.data.layout.assignments import Assignment, Layout, Rejected, Split
from dandelion_training.data.layout.fetched import FetchedImage
from dandelion_training.data.wording import number, quoted

SCHEME = "answer://"


def key_of(answer: str, index: int) -> str:
    """How a dataset version names an image that was reviewed for an answer."""
    return f"{SCHEME}{answer}/{index}"


def is_reviewed(key: str) -> bool:
    """Whether a version's key is an answer, and no key below its storageUri."""
    return key.startswith(SCHEME)


@dataclass(frozen=True)
class Reviewed:
    """Images by key, in order, with the labels that were decided; and what is lost of them."""

    images: Sequence[FetchedImage] = ()
    rejected: Sequence[Rejected] = ()

    def joined(self, found: Layout) -> "Layout":
        """The layout with these images in it.

        A review adds images to classes and makes none: what has another label is left out. Where
        people held out images of a class, the reviewed ones are learnt from.
        """
        if not self.images and not self.rejected:
            return found
        held_out = {item.label for item in found.assignments if item.split is Split.HOLDOUT}
        classes = frozenset(found.classes)
        assignments = [
            Assignment(image.key, image.label, Split.TRAIN if image.label in held_out else None)
            for image in self.images
            if image.label in classes
        ]
        strange = [image for image in self.images if image.label not in classes]
        left_out = [
            Rejected(
                image.key,
                f"it was reviewed as {quoted(image.label)}, which is no class of the dataset",
                image.label,
            )
            for image in strange
        ]
        count = number(len(assignments), "reviewed image")
        return replace(
            found,
            reading=f"{found.reading} With {count}.",
            assignments=tuple(sorted([*found.assignments, *assignments], key=attrgetter("key"))),
            rejected=(*found.rejected, *self.rejected, *left_out),
            warnings=(*found.warnings, *_warnings(strange)),
        )


def _warnings(strange: Sequence[FetchedImage]) -> list[str]:
    return [
        f"{number(count, 'image')} reviewed as {quoted(label)} left out: the dataset has no such"
        " class. Add at least five images of it."
        for label, count in sorted(Counter(image.label for image in strange).items())
    ]


NOTHING_REVIEWED = Reviewed()
