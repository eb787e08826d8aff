"""What changed from one dataset version to another."""

import hashlib

import pytest
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.version.difference import Difference, difference
from dandelion_training.data.version.manifest import DatasetVersion, Entry

Row = tuple[str, str, str]  # key, content, split
BEFORE: tuple[Row, ...] = (
    ("grass/1.jpg", "one", "train"),
    ("grass/2.jpg", "two", "holdout"),
    ("moss/3.jpg", "three", "train"),
)


def version(*rows: Row) -> DatasetVersion:
    entries = tuple(
        Entry(key, hashlib.sha256(content.encode()).hexdigest(), key.split("/")[0], Split(split))
        for key, content, split in sorted(rows)
    )
    return DatasetVersion(
        "s3://datasets/lawn", tuple(sorted({e.label for e in entries})), 0.2, entries
    )


def told(found: Difference) -> dict[str, list[str]]:
    """The kinds of change that occurred, with the keys afterwards."""
    kinds = {
        "added": [entry.key for entry in found.added],
        "removed": [entry.key for entry in found.removed],
        "changed": [now.key for _, now in found.changed],
        "relabelled": [now.key for _, now in found.relabelled],
        "renamed": [now.key for _, now in found.renamed],
        "moved": [now.key for _, now in found.moved],
        "gained": list(found.gained),
        "lost": list(found.lost),
    }
    return {kind: keys for kind, keys in kinds.items() if keys}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(BEFORE, {}, id="the same version differs in nothing"),
        pytest.param(
            (*BEFORE, ("grass/4.jpg", "four", "train")), {"added": ["grass/4.jpg"]}, id="added"
        ),
        pytest.param(BEFORE[1:], {"removed": ["grass/1.jpg"]}, id="removed"),
        pytest.param(
            (("grass/1.jpg", "uno", "train"), *BEFORE[1:]),
            {"changed": ["grass/1.jpg"]},
            id="another content under the same key is changed",
        ),
        pytest.param(
            (("moss/1.jpg", "one", "train"), *BEFORE[1:]),
            {"relabelled": ["moss/1.jpg"]},
            id="the same content in another folder is relabelled, not removed and added",
        ),
        pytest.param(
            (("grass/first.jpg", "one", "train"), *BEFORE[1:]),
            {"renamed": ["grass/first.jpg"]},
            id="the same content under another name is renamed",
        ),
        pytest.param(
            (("grass/1.jpg", "one", "holdout"), *BEFORE[1:]),
            {"moved": ["grass/1.jpg"]},
            id="moved to the other split",
        ),
        pytest.param(
            (("moss/1.jpg", "one", "holdout"), *BEFORE[1:]),
            {"relabelled": ["moss/1.jpg"], "moved": ["moss/1.jpg"]},
            id="relabelled and moved at once",
        ),
        pytest.param(
            (("grass/1.jpg", "two", "holdout"), ("grass/2.jpg", "one", "train"), BEFORE[2]),
            {"renamed": ["grass/1.jpg", "grass/2.jpg"]},
            id="two images that swapped their names are renamed",
        ),
        pytest.param(
            (*BEFORE[:2], ("fern/3.jpg", "three", "train")),
            {"relabelled": ["fern/3.jpg"], "gained": ["fern"], "lost": ["moss"]},
            id="a renamed class is one gained and one lost",
        ),
    ],
)
def test_difference_tells_what_became_of_images(
    after: tuple[Row, ...], expected: dict[str, list[str]]
) -> None:
    assert told(difference(version(*BEFORE), version(*after))) == expected
