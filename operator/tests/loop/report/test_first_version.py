"""While the first version waits for its verdict nobody is warned of a missing alias."""

from __future__ import annotations

from dandelion_operator.api.reasons import Failure, Reason
from given import registry, seen, version
from given.report.told import told, words

SLOW = Failure(Reason.STORAGE_UNREACHABLE, "http://s3 is slow and has not answered yet")


def test_rolled_out_tells_what_the_verdict_waits_for() -> None:
    observed = seen(registry=registry(version(1, verdict="")), artifacts={1: SLOW})
    found = told(observed)
    assert words(found, "RolledOut") == ("Unknown", "StorageUnreachable")
    assert words(found, "Promoted") == ("Unknown", "StorageUnreachable")
    assert words(found, "Ready")[0] == "False"
