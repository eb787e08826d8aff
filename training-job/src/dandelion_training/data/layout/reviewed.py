"""Images that people reviewed, or that callers agree on, beside those that were listed: pure.

Each is named by the answer that it was corrected or confirmed for, and lies beside the dataset's
versions under its SHA-256. `run/reviewed` reads decisions and agreements, `dataset` joins the
images to the layout of what was listed and fetched.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from dandelion_training.data.layout.assignments import Assignment, Layout, Rejected, Split
from dandelion_training.data.layout.fetched import FetchedImage
from dandelion_training.data.wording import number, quoted

SCHEME = "answer://"


def key_of(answer: str, index: int) -> str:
    """How a dataset version names an image by an answer that was given to it."""
    return f"{SCHEME}{answer}/{index}"


def is_reviewed(key: str) -> bool:
    """Whether a version's key is an answer, and no key below its storageUri."""
    return key.startswith(SCHEME)


@dataclass(frozen=True)
class Reviewed:
    """Images by key, in order, with their labels; and what is lost of them. `reviewers` says who
    decided, and `callers` how many agree, by key: each image has one of the two.
    """

    images: Sequence[FetchedImage] = ()
    rejected: Sequence[Rejected] = ()
    reviewers: Mapping[str, str] = field(default_factory=dict)
    callers: Mapping[str, int] = field(default_factory=dict)

    @property
    def origins(self) -> dict[str, str]:
        """Who says what each image shows."""
        return {key: f"review by {name}" for key, name in self.reviewers.items()} | {
            key: f"agreement of {count} callers" for key, count in self.callers.items()
        }

    def joined(self, found: Layout) -> "Layout":
        """The layout with these images in it.

        They are added to classes and make none: what has another label is left out. Where people
        held out images of a class, these are learnt from. What callers agree on is learnt from in
        any case, and gives way to the same file elsewhere: callers decide neither what a model is
        measured on nor about images that people labelled.
        """
        if not self.images and not self.rejected:
            return found
        held_out = {item.label for item in found.assignments if item.split is Split.HOLDOUT}
        classes = frozenset(found.classes)
        assignments = [
            Assignment(
                image.key,
                image.label,
                Split.TRAIN if image.label in held_out or image.key in self.callers else None,
            )
            for image in self.images
            if image.label in classes
        ]
        strange = [image for image in self.images if image.label not in classes]
        left_out = [
            Rejected(
                image.key,
                f"it was {self._verb(image)} as {quoted(image.label)}, which is no class of the"
                " dataset",
                image.label,
            )
            for image in strange
        ]
        return replace(
            found,
            reading=f"{found.reading} With {self._counted(assignments)}.",
            assignments=tuple(sorted([*found.assignments, *assignments], key=attrgetter("key"))),
            rejected=(*found.rejected, *self.rejected, *left_out),
            warnings=(*found.warnings, *_warnings(strange)),
            origins=self.origins,
            yielding=frozenset(self.callers),
        )

    def _counted(self, assignments: Sequence[Assignment]) -> str:
        agreed = sum(assignment.key in self.callers for assignment in assignments)
        reviewed = number(len(assignments) - agreed, "reviewed image")
        if not agreed:
            return reviewed
        return f"{reviewed} and {number(agreed, 'image')} that callers agree on"

    def _verb(self, image: FetchedImage) -> str:
        return "agreed on" if image.key in self.callers else "reviewed"


def _warnings(strange: Sequence[FetchedImage]) -> list[str]:
    return [
        f"{number(count, 'image')} reviewed as {quoted(label)} left out: the dataset has no such"
        " class. Add at least five images of it."
        for label, count in sorted(Counter(image.label for image in strange).items())
    ]


NOTHING_REVIEWED = Reviewed()
