"""From a listing, or a table of labels, to the class of each image: pure, nothing is read here."""

from collections.abc import Collection, Iterable

from dandelion_training.data.layout.assignments import Layout
from dandelion_training.data.layout.folders import from_folders
from dandelion_training.data.layout.labels import from_labels


def layout(
    uri: str,
    names: Iterable[str],
    table: bytes | None = None,
    elsewhere: Collection[str] = (),
) -> Layout:
    """The class of each image of the dataset at `uri`, and its split where people gave one.

    Where `table.is_table(uri)`, `table` is that object's content, and `names` are the keys of what
    lies below `table.folder_of(uri)`, relative to it; else they are those below `uri`. Images
    that do not lie there have the classes `elsewhere`. Raises DatasetError with what to do where
    there is no dataset.
    """
    if table is None:
        return from_folders(uri, names, elsewhere)
    return from_labels(uri, table, names, elsewhere)
