"""What the status tells of the dataset version that a run made, and of what it rejected."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.seen.observed import Observed
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


ID = digests.ingest("uid-1", "now")
READ = replace(MADE, version="sha256:read", images=100, since="sha256:images", warnings=())
BEFORE_IT, AFTER_IT = "2025-12-31T23:00:00Z", "2026-01-01T00:30:00Z"


def with_ingest(known: dict[str, object] | None, **about: object) -> Observed:
    """`known`: what is remembered of it; None where it has just been read."""
    ingest = {"value": "now", "startedAt": given.NOW, **(known or {"state": "Running"})}
    before = given.status(
        ingest=ingest, dataset={"version": "sha256:before", "warnings": ["of the run"]}
    )
    return seen(**({"previous": before} | about))


DONE = {"state": "Succeeded", "datasetVersion": "sha256:read"}
JUST_READ = {
    "ingests": (given.ingest_job(RunState.SUCCEEDED),),
    "ingest_progress": Progress(f"ingests/{ID}", "succeeded", dataset=READ),
}


@pytest.mark.parametrize(
    ("observed", "version"),
    [
        pytest.param(with_ingest(None, **JUST_READ), "sha256:read", id="just read"),
        pytest.param(seen(**JUST_READ), "sha256:read", id="the first of all"),
        pytest.param(
            with_ingest(
                None,
                **JUST_READ,
                jobs=(job(created=BEFORE_IT),),
                progress=Progress("run1", dataset=MADE),
            ),
            "sha256:read",
            id="beside a run that read before it",
        ),
        pytest.param(
            with_ingest(
                DONE, jobs=(job(created=BEFORE_IT),), progress=Progress("run1", dataset=MADE)
            ),
            "sha256:before",
            id="and remembered while that run goes on",
        ),
        pytest.param(
            with_ingest(
                DONE, jobs=(job(created=AFTER_IT),), progress=Progress("run1", dataset=MADE)
            ),
            "sha256:images",
            id="until a run reads after it",
        ),
        pytest.param(
            with_ingest(
                {"state": "Failed"},
                jobs=(job(created=BEFORE_IT),),
                progress=Progress("run1", dataset=MADE),
            ),
            "sha256:images",
            id="one that failed has read nothing",
        ),
    ],
)
def test_the_newest_of_runs_and_ingests_is_told(observed: Observed, version: str) -> None:
    found = told(observed, given.resource(ingest="now")).dataset
    assert found is not None
    assert found.version == version


def test_what_a_run_said_of_a_version_stays_where_the_images_are_the_same() -> None:
    same = replace(READ, version="sha256:before", warnings=("grass: only 8",))
    again = JUST_READ | {"ingest_progress": Progress(f"ingests/{ID}", "succeeded", dataset=same)}
    found = told(with_ingest(None, **again), given.resource(ingest="now")).dataset
    assert found is not None
    assert found.warnings == ("of the run", "grass: only 8")
    other = told(with_ingest(None, **JUST_READ), given.resource(ingest="now")).dataset
    assert other is not None
    assert other.warnings == ()
