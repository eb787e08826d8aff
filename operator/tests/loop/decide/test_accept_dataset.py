"""Accepted?: what is said of a dataset that was not looked at as a whole."""

from __future__ import annotations

import given
from dandelion_operator.api.reasons import Reason
from dandelion_operator.loop.decide.accept import accept
from dandelion_operator.seen.training import DatasetSeen


def test_a_dataset_that_was_cut_is_accepted_and_told() -> None:
    seen = given.seen(dataset=DatasetSeen("", 10, "its listing was cut after 10 objects"))
    found = accept(given.resource(), seen, given.place())
    assert (found.accepted, found.reason) == (True, Reason.VALID)
    assert found.message.endswith("can be read; its listing was cut after 10 objects")
