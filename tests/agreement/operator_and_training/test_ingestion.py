"""What training tells of the images of a dataset version is what operator and alerts go by."""

from __future__ import annotations

import json
import re
from pathlib import Path

from dandelion_local import places
from dandelion_operator.ports.s3.documents.progress import read_progress
from dandelion_operator.seen.training import AddressesSeen
from dandelion_training.data.images.pixels import PixelFile
from dandelion_training.data.layout.assignments import RejectionKind, Split
from dandelion_training.data.layout.fetched import Addresses
from dandelion_training.data.layout.reviewed import key_of
from dandelion_training.data.load import Dataset
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.data.version.report import ClassShare, VersionReport
from dandelion_training.publish.report import dataset_facts

RULES = places.REPOSITORY / "charts" / "dandelion" / "files" / "rules.yaml"
KEYS = ("grass/1.png", "dandelion/2.png", "https://example.org/3.png", key_of("answer-4", 0))
REJECTED = {RejectionKind.DUPLICATE.value: 3, RejectionKind.NOT_FETCHED.value: 2}


def dataset(folder: Path) -> Dataset:
    """Of four images, one of them from an address and one from a review."""
    entries = tuple(
        Entry(key, f"{place:064}", "grass", Split.TRAIN) for place, key in enumerate(KEYS)
    )
    report = VersionReport(
        reading="One folder a class.",
        classes={"grass": ClassShare(4, 0)},
        rejected=REJECTED,
        rejected_files=(),
        ignored=(),
        suspects=(),
        suspect_pairs=0,
        near_duplicates=0,
        warnings=(),
        former="",
        objects_read=4,
        bytes_read=400,
        addresses=Addresses("urls.csv", 4, fetched=1, known=1, lost={"answered 404": 2}),
    )
    version = DatasetVersion("s3://datasets/lawn", ("grass",), 0.2, entries)
    with PixelFile(folder / "pixels") as file:
        return Dataset(version, report, file.close())


def test_the_operator_reads_where_images_came_from_and_what_was_left_out(tmp_path: Path) -> None:
    made = dataset(tmp_path)
    document = json.dumps(dataset_facts(made.version, made.report)).encode()
    found = read_progress("run1", document).dataset
    assert found is not None
    assert (found.images, found.from_addresses, found.from_reviews) == (4, 1, 1)
    assert found.addresses == AddressesSeen(fetched=1, known=1, failed=2)
    assert found.rejected == REJECTED


def test_alerts_leave_out_reasons_that_training_gives() -> None:
    found = re.findall(r'dandelion_dataset_rejected_files\{reason!~"([^"]+)"\}', RULES.read_text())
    named = {reason for reasons in found for reason in reasons.split("|")}
    assert named
    assert named <= {kind.value for kind in RejectionKind}
