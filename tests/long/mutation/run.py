"""Which changes to the rules of the operator's core no unit test notices.

`python -m tests.long.mutation.run [PART OF A NAME]` prints the survivors that are not known to
change nothing; without a part, of the modules in which there are none. Needs `operator/src` and
`operator/tests` on the path.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.long.mutation.mutants import Mutant, broken, mutants, unchanged
from tests.long.mutation.trials import Trials

OPERATOR = Path(__file__).resolve().parents[3] / "operator"
SOURCES = OPERATOR / "src"
PACKAGE = SOURCES / "dandelion_operator"
CORE = ("loop/decide", "loop/report", "loop/pace.py", "seen")
# What is tried where nothing is named: the rooms in which no mutant survives.
CLEAN = tuple(
    f"dandelion_operator.loop.{module}"
    for module in (
        "decide.",
        "pace:",
        "report.conditions",
        "report.dataset:",
        "report.events:",
        "report.history",
        "report.live_accuracy:",
        "report.training:",
        "report.triggers:",
        "report.versions:",
    )
)
# The tables, and the small worlds of single rules. What only a history by chance would notice is
# missing in them.
TESTS = (
    "tests/loop/decide",
    "tests/loop/report",
    "tests/loop/observe/test_waiting.py",
    "tests/loop/triggers",
    *(
        f"tests/loop/{room}/test_{name}.py"
        for room, names in (
            ("queue", ("pace", "pauses")),
            ("serving", ("disruption_budget", "ingress", "route", "waiting")),
            ("told", ("events",)),
            ("versions", ("champion_gone", "identity", "no_verdict", "ownership")),
        )
        for name in names
    ),
    "tests/thorough/test_begun_promotion.py",
    "tests/thorough/test_registry_lost.py",
)
AT_ONCE = 2
#: Those that change no decision, each with the reason.
EQUIVALENT = Path(__file__).with_name("equivalent.txt")


def core() -> list[Mutant]:
    """Every mutant of the modules that decide and tell."""
    found: list[Mutant] = []
    for part in CORE:
        path = PACKAGE / part
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            found += mutants(SOURCES, file)
    return found


def equivalent() -> set[str]:
    """The names of the mutants that are known to change nothing."""
    lines = EQUIVALENT.read_text().splitlines() if EQUIVALENT.exists() else []
    return {line for line in lines if line and not line.startswith("#")}


def survivors(tried: list[Mutant], show: bool = False) -> list[Mutant]:
    """Those that no test notices. Works in `operator/`, where its tests expect to be."""
    found: list[Mutant] = []

    def survived(mutant: Mutant) -> None:
        found.append(mutant)
        if show:
            print(f"line {mutant.line}: {mutant.name}", flush=True)

    os.chdir(OPERATOR)
    arguments = ["-q", "-s", "-p", "no:cacheprovider", *TESTS]
    code = pytest.main(arguments, [Trials(tried, AT_ONCE, survived)])
    assert code == 0, "the unit tests did not run"
    return found


def main(wanted: str = "") -> int:
    """Prints the survivors; 1 where there is one, 2 where what is run here does not measure."""
    known, pace = equivalent(), PACKAGE / "loop/pace.py"
    every = core()
    controls = [unchanged(SOURCES, pace, "pause"), broken(SOURCES, pace, "pause")]
    unknown = known - {mutant.name for mutant in every}
    parts = (wanted,) if wanted else CLEAN
    tried = [item for item in every if any(part in item.name for part in parts)]
    tried = [item for item in tried if item.name not in known]
    print(f"{len(tried)} mutants, {len(known)} known to change nothing", flush=True)
    for name in sorted(unknown):
        print(f"no such mutant any more: {name}")
    left = survivors([*controls, *tried], show=True)
    if controls[0] not in left or controls[1] in left:
        print("what changes nothing is noticed, or what always fails is not")
        return 2
    left.remove(controls[0])
    print(f"{len(left)} survive")
    return int(bool(left or unknown))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
