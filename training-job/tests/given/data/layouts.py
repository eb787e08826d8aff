"""Short ways to list the folders of a dataset, and to say how they are read."""

from collections.abc import Mapping

from dandelion_training.data.layout.assignments import Layout, Split
from dandelion_training.data.layout.folders import from_folders

URI = "s3://datasets/lawn"


def files(*names: str) -> list[str]:
    """`ants*3` is three images in `ants`; any other name is itself."""
    found = []
    for name in names:
        folder, star, count = name.partition("*")
        found += [f"{folder}/{n}.jpg" for n in range(int(count))] if star else [name]
    return found


def layout(*names: str) -> Layout:
    return from_folders(URI, files(*names))


def read(found: Layout) -> Mapping[str, tuple[str, Split | None]]:
    return {a.key: (a.label, a.split) for a in found.assignments}
