"""In what an image differs from those that were learnt from: a vector, if the graph has one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dandelion_inference.errors import LoadError, Reason
from fakes.s3 import FakeS3
from given import artifacts
from running.loading import load

BOTH = {"logDensity": artifacts.LOG_DENSITY, "features": artifacts.FEATURES}
LABELS = ("red", "blue", "green")


def test_they_are_those_of_the_image_whoever_comes_after_it(s3: FakeS3, tmp_path: Path) -> None:
    model = load(artifacts.stored(artifacts.colour_graph_with_features(), **BOTH), s3, tmp_path)
    for alone in (True, False):
        kept = [model.outputs(artifacts.tensor(label), alone).features for label in LABELS]
        for label, found in zip(LABELS, kept, strict=True):
            half = artifacts.tensor(label).mean(axis=(2, 3))[0] / 2
            assert found == pytest.approx(half, abs=1e-6)


def test_an_artifact_of_an_earlier_release_has_none_and_is_served(
    s3: FakeS3, tmp_path: Path
) -> None:
    graph = artifacts.colour_graph_with_log_density()
    model = load(artifacts.stored(graph, logDensity=artifacts.LOG_DENSITY), s3, tmp_path)
    assert model.outputs(artifacts.tensor("red"), alone=True).features is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param(
            {"features": None}, "1 inputs and 3 outputs, not 1 and 2", id="that nobody named"
        ),
        pytest.param(
            {"features": {"name": "embedding", "shape": [None, 3]}},
            "no third output 'embedding'",
            id="of another name",
        ),
        pytest.param(
            {"features": {"name": "features", "shape": [None, 4]}},
            r"no third output 'features' of shape \[\?,4\]",
            id="of another size",
        ),
        pytest.param(
            {"logDensity": None}, "logDensity, the second, is missing", id="that are the second"
        ),
    ],
)
def test_features_that_are_not_what_the_contract_says_are_refused(
    changes: dict[str, Any], says: str, s3: FakeS3, tmp_path: Path
) -> None:
    graph = artifacts.colour_graph_with_features()
    with pytest.raises(LoadError, match=says) as caught:
        load(artifacts.stored(graph, **BOTH | changes), s3, tmp_path)
    assert caught.value.reason is Reason.MODEL_INVALID
