"""What the status tells of the dataset version that a run made, and of what it rejected."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api.resource import Resource
from dandelion_operator.seen.training import AddressesSeen, DatasetVersionSeen, Progress
from given import LATER, job, resource, seen, serving
from given.report.told import PLAIN, message, told

MADE = DatasetVersionSeen(
    "sha256:images",
    images=90,
    class_count=2,
    classes=("dandelion", "grass"),
    holdout=18,
    holdout_by_class={"dandelion": 10, "grass": 8},
    rejected={"Duplicate": 3, "Unreadable": 7},
    warnings=("grass: only 8 images are held out",),
    from_addresses=5,
    from_reviews=4,
    addresses=AddressesSeen(fetched=3, known=2, failed=1),
)
TRAINING = {"jobs": (job(),), "progress": Progress("run1", "running", dataset=MADE)}
REJECTED = "; 10% of its files (10 of 100) were rejected: Unreadable 7, Duplicate 3"


def test_the_status_shows_the_dataset_version_that_a_run_made() -> None:
    shown = told(seen(**TRAINING)).as_json()["dataset"]
    assert shown == {
        "version": "sha256:images",
        "images": 90,
        "classCount": 2,
        "classes": ["dandelion", "grass"],
        "holdout": 18,
        "holdoutByClass": {"dandelion": 10, "grass": 8},
        "share": 0.2,
        "rejected": {"Duplicate": 3, "Unreadable": 7},
        "fromAddresses": 5,
        "fromReviews": 4,
        "addresses": {"fetched": 3, "known": 2, "failed": 1},
        "warnings": ["grass: only 8 images are held out"],
    }


def test_what_a_run_found_is_remembered_after_it() -> None:
    first = told(seen(**TRAINING))
    same = replace(given.contract(), dataset_digest="sha256:images", images=90)
    later = told(serving(1, previous=first, artifacts={1: same}), now=LATER)
    assert later.dataset == first.dataset


def test_a_contract_alone_tells_what_it_knows_of_its_dataset() -> None:
    names = tuple(f"class {number}" for number in range(2000))
    known = replace(given.contract(), dataset_digest="sha256:other", images=1250, classes=names)
    found = told(serving(1, artifacts={1: known})).dataset
    assert found is not None
    assert (found.version, found.images, found.holdout, found.share) == (
        "sha256:other",
        1250,
        1000,
        0.8,
    )
    assert (found.class_count, found.classes) == (2000, ())


def test_a_contract_of_other_images_takes_the_place_of_what_was_told() -> None:
    other = replace(
        given.contract(),
        dataset_digest="sha256:other",
        images=1250,
        classes=("moss",),
        holdout=None,
    )
    first = told(seen(**TRAINING))
    found = told(serving(1, previous=first, artifacts={1: other}), now=LATER).dataset
    assert found is not None
    assert (found.version, found.classes) == ("sha256:other", ("moss",))
    assert (found.holdout, found.share) == (None, None)


@pytest.mark.parametrize(
    ("made", "wanted", "words"),
    [
        pytest.param(
            MADE,
            PLAIN,
            f"{REJECTED}; 1 warning in status.dataset.warnings",
            id="many and a warning",
        ),
        pytest.param(replace(MADE, warnings=()), PLAIN, REJECTED, id="many rejected"),
        pytest.param(
            replace(MADE, warnings=(), rejected={"Duplicate": 4}), PLAIN, "", id="few rejected"
        ),
        pytest.param(MADE, resource(training={"epochs": 3}), "", id="made for another spec"),
    ],
)
def test_accepted_tells_how_much_of_the_dataset_was_rejected(
    made: DatasetVersionSeen, wanted: Resource, words: str
) -> None:
    progress = Progress("run1", "running", dataset=made)
    found = told(seen(jobs=(job(),), progress=progress), wanted)
    assert message(found, "Accepted") == f"the dataset s3://datasets/lawn can be read{words}"
