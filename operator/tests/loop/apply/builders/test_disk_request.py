"""A training pod is given a node with room for its dataset."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from dandelion_operator.seen.training import DatasetSeen

RUN = StartTraining("run1", "hash1", "Created", "images-1", "none", images=1000)


def resources(run: StartTraining = RUN, **training: Any) -> dict[str, Any]:
    wanted = given.resource(training=training)
    built = builders.job(wanted, run, given.place(wanted), given.DEFAULTS)
    found: dict[str, Any] = built["spec"]["template"]["spec"]["containers"][0]["resources"]
    return found


@pytest.mark.parametrize(
    ("images", "training", "expected"),
    [
        pytest.param(1000, {}, "1139Mi", id="a thousand images"),
        pytest.param(1001, {}, "1139Mi", id="one image more asks for the same"),
        pytest.param(1000, {"imageSize": 224}, "1373Mi", id="larger images"),
        pytest.param(1_000_000, {}, "115477Mi", id="a million images"),
        pytest.param(
            1000,
            {"resources": {"requests": {"cpu": 2}, "limits": {"memory": "9Gi"}}},
            "1139Mi",
            id="resources that say nothing of disk",
        ),
        pytest.param(
            1000,
            {"resources": {"requests": {"ephemeral-storage": "5Gi"}}},
            "5Gi",
            id="a request of one's own",
        ),
        pytest.param(
            1000,
            {"resources": {"limits": {"ephemeral-storage": "5Gi"}}},
            None,
            id="a limit of one's own, which is the request as well",
        ),
        pytest.param(0, {}, None, id="a dataset that was not listed"),
    ],
)
def test_the_job_asks_for_the_disk_that_its_images_take(
    images: int, training: dict[str, Any], expected: str | None
) -> None:
    found = resources(replace(RUN, images=images), **training)
    assert (found.get("requests") or {}).get("ephemeral-storage") == expected


def test_what_else_was_asked_for_stays() -> None:
    found = resources(resources={"requests": {"cpu": 2}, "limits": {"memory": "9Gi"}})
    assert found == {
        "requests": {"cpu": 2, "ephemeral-storage": "1139Mi"},
        "limits": {"memory": "9Gi"},
    }


@pytest.mark.parametrize(
    ("dataset", "images"),
    [
        pytest.param(DatasetSeen("images-1", 40), 40, id="a whole listing"),
        pytest.param(DatasetSeen("", 1), 0, id="a glance at the first object"),
    ],
)
def test_the_listing_says_how_many_images_there_are(dataset: DatasetSeen, images: int) -> None:
    wanted = given.resource()
    plan = decide(wanted, given.seen(dataset=dataset), given.place())
    (action,) = plan.train.actions
    assert isinstance(action, StartTraining)
    assert action.images == images
    assert action.training_hash == digests.training_hash(wanted), "disk decides about no model"
