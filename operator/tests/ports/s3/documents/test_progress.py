"""A run's progress over a real connection, and keys that are never shown."""

from __future__ import annotations

import asyncio
import json

import pytest
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.seen.training import (
    AddressesSeen,
    DatasetVersionSeen,
    Progress,
    SearchSeen,
)
from fakes.s3 import FakeS3
from given.storage.access import KEY, access


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(None, Progress(run="run1"), id="nothing yet"),
        pytest.param(b"{half", Progress(run="run1"), id="no JSON"),
        pytest.param(b"[]", Progress(run="run1"), id="not what it should be"),
        pytest.param(
            b'{"state":"running","x":[%s{}]}' % (b"{}," * 300_000),
            Progress(run="run1"),
            id="what would fill the memory",
        ),
        pytest.param(
            b'{"state":"running","x":%s%s}' % (b"[" * 100_000, b"]" * 100_000),
            Progress(run="run1"),
            id="what never comes to its end",
        ),
        pytest.param(
            json.dumps(
                {"state": "running", "stage": "epoch 3 of 10", "percent": 30, "version": 2}
            ).encode(),
            Progress("run1", "running", "epoch 3 of 10", 30, version="2"),
            id="a run under way",
        ),
        pytest.param(
            json.dumps({"state": 5, "percent": "half", "datasetDigest": None}).encode(),
            Progress("run1"),
            id="what is malformed is not known",
        ),
        pytest.param(
            json.dumps(
                {
                    "stage": "searching",
                    "search": {
                        "trials": 12,
                        "finished": 5,
                        "pruned": 2,
                        "failed": 1,
                        "best": 0.93,
                        "parameters": {"batchSize": 32},
                    },
                }
            ).encode(),
            Progress(
                "run1",
                stage="searching",
                search=SearchSeen(12, 5, 2, 1, 0.93, {"batchSize": "32"}),
            ),
            id="a search",
        ),
        pytest.param(
            json.dumps({"search": {"trials": 12, "best": "much", "parameters": []}}).encode(),
            Progress("run1", search=SearchSeen(12)),
            id="a search of which little can be read",
        ),
        pytest.param(
            json.dumps({"search": {"finished": 3}}).encode(),
            Progress("run1"),
            id="a search that says nothing of its trials",
        ),
        pytest.param(
            json.dumps(
                {
                    "state": "running",
                    "datasetDigest": "sha256:da",
                    "images": 90,
                    "classes": ["dandelion", "grass"],
                    "classCount": 2,
                    "holdout": 18,
                    "trainImages": 72,
                    "holdoutByClass": {"dandelion": 10, "grass": 8},
                    "rejected": {"Unreadable": 7, "Duplicate": 3},
                    "fromAddresses": 5,
                    "fromReviews": 4,
                    "addresses": {"fetched": 3, "known": 2, "failed": 1},
                    "warnings": ["grass: only 8 images are held out"],
                    "formerDataset": "sha256:ab",
                }
            ).encode(),
            Progress(
                "run1",
                "running",
                dataset=DatasetVersionSeen(
                    "sha256:da",
                    90,
                    2,
                    ("dandelion", "grass"),
                    18,
                    {"dandelion": 10, "grass": 8},
                    {"Unreadable": 7, "Duplicate": 3},
                    ("grass: only 8 images are held out",),
                    from_addresses=5,
                    from_reviews=4,
                    addresses=AddressesSeen(fetched=3, known=2, failed=1),
                ),
            ),
            id="what a run found in its dataset",
        ),
        pytest.param(
            json.dumps({"datasetDigest": "sha256:da", "addresses": {"fetched": 3}}).encode(),
            Progress("run1", dataset=DatasetVersionSeen("sha256:da", class_count=0)),
            id="a part of the addresses is not known",
        ),
    ],
)
def test_progress_is_a_courtesy(s3: FakeS3, content: bytes | None, expected: Progress) -> None:
    s3.buckets["models"] = {}
    if content is not None:
        s3.put("models", "default/lawn/run1/status.json", content)
    assert asyncio.run(Storage().progress(access(s3.endpoint), KEY, "run1")) == expected


def test_what_a_status_has_no_room_for_is_left_out(s3: FakeS3) -> None:
    names = [f"class {number}" for number in range(2000)]
    document = {
        "datasetDigest": "sha256:da",
        "images": 80_000,
        "classes": names[:200],
        "classCount": 2000,
        "holdout": 16_000,
        "holdoutByClass": dict.fromkeys(names, 8),
        "warnings": ["a warning of many words " * 100] * 50,
    }
    s3.put("models", "default/lawn/run1/status.json", json.dumps(document).encode())
    found = asyncio.run(Storage().progress(access(s3.endpoint), KEY, "run1")).dataset
    assert found is not None
    assert (found.images, found.class_count, found.holdout) == (80_000, 2000, 16_000)
    assert (found.classes, found.holdout_by_class) == ((), {})
    assert len(found.warnings) == 10
    assert all(len(words) <= 300 for words in found.warnings)


def test_keys_are_never_shown() -> None:
    assert "secret" not in repr(access("http://s3").credentials)
