"""Thousands of bad requests to one process: it refuses them in words, and nothing else happens.

Meanwhile somebody else keeps sending good pictures, and is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import hostile
import pytest
from fakes import s3 as fake_s3
from given.hostile_traffic import HostileRequest, forms, heads, inferences, json_documents
from running.attack import Attack, failures, visited
from running.connections import opened, said
from running.logging_service import logging_environment
from running.service import Service, started

MIB = 1024 * 1024

# A good upload beside them takes far less; this is what a slow machine may add to it.
PATIENCE = 10.0

# The heap gives back what is at its end; a few bodies may lie before something small.
KEPT = 48 * MIB


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with fake_s3.running() as store:
        # As in the image, and with a log, since feedback wants one.
        wanted = logging_environment(store, tmp_path_factory.mktemp("service")) | {
            "MALLOC_ARENA_MAX": "2",
            "DANDELION_HEAD_SECONDS": "1",
            "DANDELION_REFUSED_DRAIN_SECONDS": "1",
        }
        with started(wanted) as running:
            running.wait_ready()
            yield running


def _pictures_to(path: str, step: int = 1) -> dict[str, HostileRequest]:
    bodies = list(hostile.corpus().items())[::step]
    return {name: HostileRequest(path, body) for name, body in bodies}


WAYS: Mapping[str, Callable[[], dict[str, HostileRequest]]] = {
    "pictures": lambda: _pictures_to("/predict"),
    "pictures to explain": lambda: _pictures_to("/explain", step=10),
    "forms": forms.requests,
    "inferences": inferences.requests,
    "images in JSON": json_documents.images,
    "feedback": json_documents.feedback,
}


@pytest.mark.parametrize("way", WAYS)
def test_bad_requests_are_refused_in_words_and_nothing_else_happens(
    service: Service, way: str
) -> None:
    requests = list(WAYS[way]().items())
    # What this leaves is what the libraries set up once and keep.
    Attack(service.url, requests[::5]).run()
    before = service.resident_bytes()
    service.forget_peak()
    attack = Attack(service.url, requests)
    with visited(service.url) as visitor:
        attack.run()
    after, peak = service.resident_bytes(), service.resident_bytes("VmHWM")
    print(
        f"{way}: {len(requests)} requests, {dict(attack.answers)}, slowest {attack.slowest}; "
        f"{visitor.answered} good ones, slowest {visitor.slowest:.3f} s; memory "
        f"{before / MIB:.0f} to {after / MIB:.0f} MiB, at most {peak / MIB:.0f}"
    )
    assert attack.wrong == []
    assert attack.answers.total() == len(requests)
    assert visitor.refused == []
    assert visitor.answered > 0
    assert visitor.slowest < PATIENCE
    assert service.process.poll() is None
    assert after - before < KEPT
    assert peak < 700 * MIB
    assert failures(service) == []


@pytest.mark.parametrize("name", heads.ambiguous())
def test_a_request_whose_end_is_ambiguous_is_refused_and_its_connection_closed(
    service: Service, name: str
) -> None:
    with opened(service.url) as connection:
        connection.sendall(heads.ambiguous()[name].data)
        answer = said(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_odd_requests_are_answered_or_refused_and_nothing_else_happens(service: Service) -> None:
    before = service.resident_bytes()
    attack = Attack(service.url, heads.odd().items())
    with visited(service.url) as visitor:
        attack.run()
    print(f"{dict(attack.answers)}")
    assert attack.wrong == []
    assert visitor.refused == []
    assert service.resident_bytes() - before < KEPT
    assert failures(service) == []
