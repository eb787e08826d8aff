"""One name for each class: what is written differently and means the same is one class, and what
could be taken for another class is refused.

Letters of different scripts that look alike (Latin a, Cyrillic а) are not told: Unicode's table of
confusables would also refuse names that people mean.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.wording import listed, quoted

MAXIMUM_CHARACTERS = 200
# Control characters, lone surrogates, and separators of lines and paragraphs.
_UNUSABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They turn the direction of the text round them, in whatever page or log shows the name.
_BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class ClassNames:
    of: Mapping[str, str]  # class by written name
    warnings: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.of.values())))


def class_names(written: Iterable[str]) -> ClassNames:
    """The class that each written name stands for: its NFC form without white space at the ends.

    Raises DatasetError where a name cannot be used, or two classes could be taken for one.
    """
    of = {name: _usable(name) for name in sorted(set(written))}
    spellings: dict[str, list[str]] = defaultdict(list)
    for name, label in of.items():
        spellings[label].append(name)
    look_alikes: dict[str, list[str]] = defaultdict(list)
    for label in spellings:
        look_alikes[_skeleton(label)].append(label)
    for labels in look_alikes.values():
        if len(labels) > 1:
            raise _taken_for_one(labels)
    return ClassNames(
        of,
        tuple(
            f"{listed(names)} are one class, {quoted(label)}:"
            " they differ only in how Unicode writes them or in white space at the ends."
            for label, names in sorted(spellings.items())
            if len(names) > 1
        ),
    )


def _usable(name: str) -> str:
    label = unicodedata.normalize("NFC", name).strip()
    if not _skeleton(label):
        raise _refused(f"The class name {quoted(name)} is empty. Give the class a name.")
    if any(unicodedata.category(c) in _UNUSABLE or c in _BIDIRECTIONAL for c in label):
        raise _refused(
            f"The class name {quoted(name)} contains a control character. Rename the class."
        )
    if len(label) > MAXIMUM_CHARACTERS:
        raise _refused(
            f"The class name {quoted(label[:40])}… has {len(label):,} characters; at most"
            f" {MAXIMUM_CHARACTERS} are allowed. Give the class a shorter name."
        )
    return label


def _skeleton(label: str) -> str:
    """What is left of a name for a reader who sees neither case nor width nor what is invisible."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold())
    visible = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    return " ".join(visible.split())


def _taken_for_one(labels: list[str]) -> DatasetError:
    only_case = len({label.casefold() for label in labels}) == 1
    how = "differ only in case" if only_case else "look alike"
    return _refused(
        f"The class names {listed(labels)} {how}. If they are one class, give it one name; if they"
        " are several, give them names that nobody takes for each other."
    )


def _refused(message: str) -> DatasetError:
    return DatasetError(Refusal.CLASS_NAMES_INVALID, message)
