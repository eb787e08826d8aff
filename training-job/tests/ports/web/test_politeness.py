"""A host is asked at its pace, and left alone where it asks for that or is dead."""

from collections.abc import Iterator

import pytest
from dandelion_training.ports.web.address import Address
from dandelion_training.ports.web.download import ATTEMPTS, retry_after
from dandelion_training.ports.web.errors import Fault
from fakes.web import PUBLIC, Web, answer
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Address.parse("http://example.org/a.jpg")


@pytest.fixture
def web() -> Iterator[Web]:
    with Web().serving() as found:
        yield found


def test_a_busy_host_is_given_the_time_that_it_asks_for(web: Web) -> None:
    web.pages["example.org/a.jpg"] = [answer(429, {"Retry-After": "7"}), answer(503), b"image"]
    assert web.downloader().fetch(HERE).content == b"image"
    assert web.slept == [7.0, 2.0]


def test_a_host_that_stays_busy_is_left_after_a_few_attempts(web: Web) -> None:
    web.pages["example.org/a.jpg"] = answer(429)
    with pytest.raises(Fault, match="answered 429"):
        web.downloader().fetch(HERE)
    assert len(web.requests) == ATTEMPTS


def test_a_host_that_asks_for_an_hour_is_not_asked_again_in_this_run(web: Web) -> None:
    web.pages["example.org/a.jpg"] = answer(503, {"Retry-After": "3600"})
    web.pages["example.org/b.jpg"] = b"image"
    downloader = web.downloader()
    for name in "ab":
        with pytest.raises(Fault):
            downloader.fetch(Address.parse(f"http://example.org/{name}.jpg"))
    assert web.requests == ["example.org/a.jpg"]
    assert web.slept == []


def test_a_dead_host_costs_a_few_attempts_for_all_of_its_files(web: Web) -> None:
    web.dead = {PUBLIC}
    downloader = web.downloader()
    reasons = []
    for number in range(50):
        with pytest.raises(Fault) as caught:
            downloader.fetch(Address.parse(f"http://example.org/{number}.jpg"))
        reasons.append(caught.value.reason)
    assert reasons[0] == "its host does not answer"
    assert reasons[-1] == "its host does not answer and was given up"
    assert len(web.connected) == 6


def test_requests_to_one_host_keep_their_distance(web: Web) -> None:
    web.pages["example.org/a.jpg"] = web.pages["other.example/a.jpg"] = b"image"
    downloader = web.downloader(apart=0.25)
    for _ in range(3):
        downloader.fetch(HERE)
    assert web.slept == [0.25, 0.25]
    downloader.fetch(Address.parse("http://other.example/a.jpg"))
    assert web.slept == [0.25, 0.25]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120", 120.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("9" * 500, 999999999.0),
    ],
)
def test_a_pause_is_named_in_seconds_or_by_its_end(written: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": written}, now=1445412420.0) == seconds


@settings(deadline=None)
@given(st.text())
def test_any_pause_is_a_number_of_seconds_or_none(written: str) -> None:
    assert (retry_after({"retry-after": written}, now=0.0) or 0.0) >= 0.0
