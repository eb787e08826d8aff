"""What a plan rests on: where nothing is to be done, the registry need not be looked at again."""

from __future__ import annotations

import given
import pytest
from dandelion_operator.seen.observed import Observed
from given import contract, registry, seen, serving, version


@pytest.mark.parametrize(
    ("observed", "rests"),
    [
        pytest.param(
            seen(registry=registry(version(1, verdict="")), artifacts={1: contract()}),
            True,
            id="a version is promoted",
        ),
        pytest.param(serving(3, service=None), True, id="a Service is written"),
        pytest.param(seen(), True, id="a run is started"),
        pytest.param(serving(3), False, id="all is as it should be"),
    ],
)
def test_what_is_done_rests_on_the_registry(observed: Observed, rests: bool) -> None:
    assert given.decided(given.resource(), observed).rests_on_the_registry is rests
