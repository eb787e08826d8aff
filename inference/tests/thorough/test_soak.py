"""Good and hostile requests together for a while: nobody's answer fails, and nothing is lost.

`DANDELION_SOAK_SECONDS` says for how long, `DANDELION_SOAK_SHARE` at which share of the highest
rate, and the figures go to the file that `DANDELION_SOAK_REPORT` names: `make soak`. By itself it
leaves room for whatever else the machine does.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from running.soak import soak

MIB = 1024 * 1024
SECONDS = float(os.environ.get("DANDELION_SOAK_SECONDS", "30"))
SHARE = float(os.environ.get("DANDELION_SOAK_SHARE", "0.4"))
REPORT = os.environ.get("DANDELION_SOAK_REPORT")

# After the first half of the time; the heap gives back what is at its end.
KEPT = 48 * MIB


@pytest.mark.timeout(4 * SECONDS + 600)
def test_hostile_requests_fail_no_answers_and_lose_nothing() -> None:
    soaked = soak(SECONDS, SHARE)
    figures = json.dumps(soaked.figures(), indent=2)
    print(figures)
    if REPORT:
        Path(REPORT).parent.mkdir(parents=True, exist_ok=True)
        Path(REPORT).write_text(figures + "\n")
    assert soaked.failures == []
    assert soaked.attack["wrong"] == []
    # Who finds the service full is told so, and that is all.
    assert set(soaked.quiet.errors) | set(soaked.hostile.errors) <= {"429"}
    assert soaked.hostile.latencies
    assert soaked.lost == []
    assert soaked.logged == soaked.answered
    late = [size for _, size in soaked.resident[len(soaked.resident) // 2 :]]
    assert late[-1] - late[0] < KEPT
    assert soaked.ended == 0
