"""The names that people give to splits, and what follows from a split that they gave.

Folders and tables of labels ask the same questions here.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.wording import listed

# What datasets on the Hugging Face Hub call them:
# https://huggingface.co/docs/hub/datasets-file-names-and-splits
# Each stands for one of three; what is not learnt from is held out.
NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
    "holdout": "test",
}
ACCEPTED = "train, val, test or holdout"


@lru_cache(maxsize=256)  # a table asks once a row
def canonical(name: str) -> str | None:
    """`train`, `validation` or `test`; None where the name is not one of a split."""
    return NAMES.get(name.strip().casefold())


def split_named(name: str) -> Split | None:
    """The split of that name in any case; None where it is not the name of one."""
    found = canonical(name)
    if found is None:
        return None
    return Split.TRAIN if found == "train" else Split.HOLDOUT


@dataclass(frozen=True)
class Given:
    """What a split that people gave leaves to do."""

    unlearnable: frozenset[str]  # classes without an image to learn from
    unmeasured: frozenset[str]  # classes without an image to measure: Dandelion draws their holdout
    classes: int

    def warnings(self, holdout: str) -> tuple[str, ...]:
        """`holdout` says where held-out images would be: `val/`, or the word for it in a table."""
        if not self.unmeasured:
            return ()
        if len(self.unmeasured) == self.classes:
            return (
                f"No image is in {holdout}: spec.dataset.holdoutFraction of the images of each"
                " class is held out.",
            )
        return (
            f"Classes without an image in {holdout}: {listed(self.unmeasured, 10)}."
            " spec.dataset.holdoutFraction of their images is held out, so that they are measured.",
        )


def given(found: Iterable[tuple[str, Split | None]]) -> Given:
    """What follows from the pairs of class and split that occur."""
    splits: dict[str, set[Split | None]] = defaultdict(set)
    for label, split in found:
        splits[label].add(split)
    return Given(
        frozenset(label for label, own in splits.items() if own == {Split.HOLDOUT}),
        frozenset(label for label, own in splits.items() if own == {Split.TRAIN}),
        len(splits),
    )
