"""What became of a dataset's images from one version to another.

An image is known by its content first: labels are folders, so an image that got another label has
another key as well, and would otherwise look like one lost and one found. Where a key has other
content than before, and neither content is found elsewhere, the image was changed in place. The
command `dataset diff` tells it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dandelion_training.data.version.manifest import DatasetVersion, Entry

Change = tuple[Entry, Entry]  # before and after


@dataclass(frozen=True)
class Difference:
    """Images in the order of their keys. An image may change its label and its split at once; it
    then stands in both.
    """

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    changed: tuple[Change, ...]  # another content under the same key
    relabelled: tuple[Change, ...]
    renamed: tuple[Change, ...]  # another key, the same label
    moved: tuple[Change, ...]  # to the other split
    gained: tuple[str, ...]  # classes
    lost: tuple[str, ...]


def difference(before: DatasetVersion, after: DatasetVersion) -> Difference:
    """What leads from one version to the other."""
    known = {entry.sha256: entry for entry in before.entries}
    kept = [(known[e.sha256], e) for e in after.entries if e.sha256 in known]
    contents = {entry.sha256 for entry in after.entries}
    gone = {entry.key: entry for entry in before.entries if entry.sha256 not in contents}
    new = {entry.key: entry for entry in after.entries if entry.sha256 not in known}
    return Difference(
        added=_sorted(entry for key, entry in new.items() if key not in gone),
        removed=_sorted(entry for key, entry in gone.items() if key not in new),
        changed=tuple((gone[key], new[key]) for key in sorted(gone.keys() & new.keys())),
        relabelled=tuple((old, now) for old, now in kept if old.label != now.label),
        renamed=tuple(
            (old, now) for old, now in kept if old.key != now.key and old.label == now.label
        ),
        moved=tuple((old, now) for old, now in kept if old.split is not now.split),
        gained=tuple(sorted(set(after.classes) - set(before.classes))),
        lost=tuple(sorted(set(before.classes) - set(after.classes))),
    )


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.key))
