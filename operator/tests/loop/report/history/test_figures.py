"""The figures in a receipt: of both models where something compares them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.history import Figures
from dandelion_operator.loop.report.figures import figures
from dandelion_operator.seen.comparison import Comparison, PairedCounts, PairedMacroF1
from dandelion_operator.seen.observed import Observed
from given import compared, comparison, contract, registry, resource, serving, version

PLAIN = resource()
MACRO = resource(promotion={"metric": "macroF1"})
NEW = version(4, verdict="rejected")
QUANTILES = tuple(number / 1000 for number in range(-99, 100))
MACRO_F1 = replace(comparison(5, 4), macro_f1=PairedMacroF1(0.7, 0.65, QUANTILES))
NO_IMAGE = Comparison(PairedCounts(0, 0, 0, 0), PairedMacroF1(0, 0))
ALONE = Figures(metric="accuracy", challenger=0.9)


def judged(**about: Any) -> Observed:
    """Version 4 beside champion 3."""
    found = {
        "registry": registry(version(3), NEW, champion=3),
        "artifacts": {3: contract(), 4: contract(0.9, macroF1=0.8)},
        "comparisons": {compared(): comparison(50, 20)},
    }
    return serving(3, **(found | about))


@pytest.mark.parametrize(
    ("wanted", "observed", "expected"),
    [
        pytest.param(PLAIN, judged(comparisons={}), ALONE, id="nothing compares them"),
        pytest.param(PLAIN, judged(comparisons={compared(): NO_IMAGE}), ALONE, id="on no image"),
        pytest.param(PLAIN, judged(registry=registry(NEW)), ALONE, id="there is no champion"),
        pytest.param(
            MACRO,
            judged(comparisons={}),
            Figures(metric="macroF1", challenger=0.8),
            id="another metric",
        ),
        pytest.param(
            MACRO, judged(comparisons={}, artifacts={4: contract()}), None, id="no such metric"
        ),
        pytest.param(PLAIN, judged(artifacts={}), None, id="the contract is out of sight"),
        pytest.param(
            PLAIN,
            judged(artifacts={4: Failure(Reason.STORAGE_UNREACHABLE, "no answer")}),
            None,
            id="the contract cannot be read",
        ),
    ],
)
def test_without_a_comparison_there_is_one_figure_at_most(
    wanted: Resource, observed: Observed, expected: Figures | None
) -> None:
    assert figures(wanted, observed, NEW) == expected


def test_with_one_there_are_both_and_the_interval() -> None:
    found = figures(PLAIN, judged(), NEW)
    assert found is not None
    assert (found.metric, found.challenger, found.champion) == ("accuracy", 0.98, 0.95)
    low, high = found.interval
    assert 0.015 < low < 0.03 < high < 0.045


def test_the_metric_is_the_one_of_the_gate() -> None:
    found = figures(MACRO, judged(comparisons={compared(): MACRO_F1}), NEW)
    assert found is not None
    assert (found.metric, found.challenger, found.champion) == ("macroF1", 0.7, 0.65)
    assert found.interval


def test_a_version_that_is_gone_has_none() -> None:
    assert figures(PLAIN, judged(), None) is None
