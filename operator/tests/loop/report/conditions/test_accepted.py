"""Accepted: neither yes nor no while a listing goes on; what people should know of a dataset."""

from __future__ import annotations

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.dataset import DatasetInfo
from dandelion_operator.loop.decide.plan.decisions import Acceptance
from dandelion_operator.loop.report.conditions.accepted import accepted
from given.report.conditions import PLAIN


def test_a_listing_that_goes_on_is_neither_yes_nor_no() -> None:
    listing = Failure(Reason.DATASET_LISTING, "listing")
    decided = given.decided(PLAIN, given.seen(dataset=listing))
    assert accepted(decided.acceptance, None) == ("Unknown", "DatasetListing", "listing")


YES = Acceptance(True, Reason.VALID, "valid")


@pytest.mark.parametrize(
    ("dataset", "more"),
    [
        pytest.param(None, "", id="none was made yet"),
        pytest.param(DatasetInfo(images=96, rejected={"Duplicate": 4}), "", id="few rejected"),
        pytest.param(
            DatasetInfo(images=90, rejected={"Duplicate": 4, "Unreadable": 6}),
            "; 10% of its files (10 of 100) were rejected: Unreadable 6, Duplicate 4",
            id="many rejected, the most common first",
        ),
        pytest.param(
            DatasetInfo(rejected={"Unreadable": 3}),
            "; 100% of its files (3 of 3) were rejected: Unreadable 3",
            id="all rejected",
        ),
        pytest.param(
            DatasetInfo(images=9, warnings=("grass: few",)),
            "; 1 warning in status.dataset.warnings",
            id="a warning",
        ),
        pytest.param(
            DatasetInfo(images=9, warnings=("grass: few", "moss: few")),
            "; 2 warnings in status.dataset.warnings",
            id="two warnings",
        ),
    ],
)
def test_what_is_noteworthy_of_a_dataset_is_told(dataset: DatasetInfo | None, more: str) -> None:
    assert accepted(YES, dataset) == ("True", "Valid", f"valid{more}")
