"""Every change to a rule of the operator's core that changes a decision fails some unit test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_no_mutant_survives() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.long.mutation.run"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=7200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
