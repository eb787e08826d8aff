"""Good requests of every address changed by chance, to the real process.

`DANDELION_INPUTS` says how many, `DANDELION_SEED` which; a failure names both of each, and
`DANDELION_FIRST` sends from that number on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from fakes import s3 as fake_s3
from given.hostile_traffic import mutations
from running.attack import Attack, failures, visited
from running.logging_service import logging_environment
from running.service import Service, started

MIB = 1024 * 1024
# The heap gives back what is at its end; a few bodies may lie before something small.
KEPT = 48 * MIB

SEED = int(os.environ.get("DANDELION_SEED", "1"))
INPUTS = int(os.environ.get("DANDELION_INPUTS", "500"))
FIRST = int(os.environ.get("DANDELION_FIRST", "0"))


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with fake_s3.running() as store:
        wanted = logging_environment(store, tmp_path_factory.mktemp("service"))
        wanted["MALLOC_ARENA_MAX"] = "2"  # as in the image
        with started(wanted) as running:
            running.wait_ready()
            yield running


def test_no_request_that_chance_makes_does_any_harm(service: Service) -> None:
    # What this leaves is what the libraries set up once and keep.
    Attack(service.url, mutations.requests(SEED + 1, 0, 200)).run()
    attack = Attack(service.url, mutations.requests(SEED, FIRST, INPUTS))
    before = service.resident_bytes()
    with visited(service.url) as visitor:
        attack.run()
    after, peak = service.resident_bytes(), service.resident_bytes("VmHWM")
    print(
        f"seed {SEED}: {dict(attack.answers)}, slowest {attack.slowest}; {visitor.answered} good "
        f"ones; memory {before / MIB:.0f} to {after / MIB:.0f} MiB, at most {peak / MIB:.0f}"
    )
    assert attack.wrong == []
    assert attack.answers.total() == INPUTS
    assert visitor.refused == []
    assert visitor.answered > 0
    assert service.process.poll() is None
    assert after - before < KEPT
    assert peak < 700 * MIB
    assert failures(service) == []
