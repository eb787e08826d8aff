"""What is believed of what a request says about itself."""

from __future__ import annotations

import pytest
from dandelion_inference.intake.identity import Trace, exemplar, identity

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


def headers(name: str, *values: str | bytes) -> list[tuple[bytes, bytes]]:
    return [
        (name.encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
        for value in values
    ]


def request_id(*values: str | bytes) -> str:
    return identity(headers("x-request-id", *values), lambda _: "new").request_id


def trace(parent: str | bytes, *states: str | bytes) -> Trace | None:
    given = [*headers("tracestate", *states), *headers("traceparent", parent)]
    return identity(given).trace


def members(number: int) -> str:
    return ",".join(f"k{position}=1" for position in range(number))


@pytest.mark.parametrize(
    "value",
    [
        "0f0c6a5e-1c6f-4c3a-9d0f-0a1b2c3d4e5f",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "a",
        "a" * 128,
        "Root=1-67891233-abcdef012345678912345678",
        "aGVsbG8+/w==",
        "build@host:7~2",
    ],
)
def test_an_ordinary_request_id_is_taken(value: str) -> None:
    assert request_id(value) == value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="nothing"),
        pytest.param("a" * 129, id="one character too many"),
        pytest.param("a" * 10_240, id="ten kilobytes"),
        pytest.param("a b", id="a space"),
        pytest.param("a\r\nSet-Cookie: a=b", id="a header more"),
        pytest.param("a\n", id="a line's end"),
        pytest.param("a\x00", id="a NUL"),
        pytest.param("\x1b[31m", id="what colours a terminal"),
        pytest.param('"},{"', id="what ends a JSON text"),
        pytest.param("$(id)", id="what a shell runs"),
        pytest.param("<script>", id="markup"),
        pytest.param("größe", id="letters beyond ASCII"),
        pytest.param("١٢٣".encode(), id="digits beyond ASCII"),
        pytest.param(b"\xff\xfe", id="no text at all"),
    ],
)
def test_a_request_id_that_could_do_harm_is_replaced(value: str | bytes) -> None:
    assert request_id(value) == "new"


def test_a_request_without_an_id_gets_one() -> None:
    assert request_id() == "new"
    assert identity(()).request_id != identity(()).request_id


def test_of_several_ids_none_is_meant() -> None:
    assert request_id("a", "b") == "new"


def test_a_trace_is_taken() -> None:
    assert trace(TRACEPARENT) == Trace(TRACE, PARENT, 1)


@pytest.mark.parametrize(
    ("flags", "taken"), [("00", 0), ("01", 1), ("02", 2), ("03", 3), ("ff", 3), ("08", 0)]
)
def test_flags_that_nobody_knows_are_not_passed_on(flags: str, taken: int) -> None:
    found = trace(f"00-{TRACE}-{PARENT}-{flags}")
    assert found is not None
    assert found.flags == taken


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(f"cc-{TRACE}-{PARENT}-01", id="as long as today's"),
        pytest.param(f"01-{TRACE}-{PARENT}-01-and-more", id="with more at its end"),
    ],
)
def test_a_later_version_is_read_as_the_first(value: str) -> None:
    found = trace(value)
    assert found is not None
    assert found.headers == {"traceparent": TRACEPARENT}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="nothing"),
        pytest.param(f"ff-{TRACE}-{PARENT}-01", id="the version that none may have"),
        pytest.param(f"00-{TRACE}-{PARENT}-01-more", id="more than the first version has"),
        pytest.param(f"01-{TRACE}-{PARENT}-01.more", id="more without a dash"),
        pytest.param(f"00-{'0' * 32}-{PARENT}-01", id="no trace"),
        pytest.param(f"00-{TRACE}-{'0' * 16}-01", id="no parent"),
        pytest.param(f"00-{TRACE.upper()}-{PARENT}-01", id="capitals"),
        pytest.param(f"00-{TRACE[1:]}-{PARENT}-01", id="a trace too short"),
        pytest.param(f"00-{TRACE}-{PARENT}0-01", id="a parent too long"),
        pytest.param(f"00-{TRACE}-{PARENT}", id="no flags"),
        pytest.param(f"00-{TRACE}-{PARENT}-1", id="half a flag"),
        pytest.param(f"0-{TRACE}-{PARENT}-01", id="half a version"),
        pytest.param(f"00-{TRACE}-{PARENT}-01\r\nX: y", id="a header more"),
        pytest.param(f"00-{TRACE}-{PARENT}-01\n", id="a line's end"),
        pytest.param(f"00-{TRACE}-{PARENT}-01, 00-{TRACE}-{PARENT}-01", id="two in one"),
        pytest.param(f"00-{'١' * 32}-{PARENT}-01".encode(), id="digits beyond ASCII"),
        pytest.param(f"00-{TRACE}-{PARENT}-01" + "-" * 10_240 + "\x00\n", id="ten kilobytes"),
        pytest.param(b"\xff" * 55, id="no text at all"),
    ],
)
def test_a_trace_that_cannot_be_read_is_none(value: str | bytes) -> None:
    assert trace(value, "vendor=1") is None


def test_of_several_traces_none_is_meant() -> None:
    assert identity(headers("traceparent", TRACEPARENT, TRACEPARENT)).trace is None


def test_a_state_without_a_trace_means_nothing() -> None:
    assert identity(headers("tracestate", "vendor=1")).trace is None


@pytest.mark.parametrize(
    ("states", "taken"),
    [
        pytest.param(["vendor=1"], "vendor=1", id="one member"),
        pytest.param(["a=1 , b=2,\tc=3"], "a=1,b=2,c=3", id="spaces between"),
        pytest.param(["a=1", "b=2"], "a=1,b=2", id="several headers"),
        pytest.param(["a=1,,b=2,"], "a=1,b=2", id="empty members"),
        pytest.param(["tenant@vendor=x y;z:1"], "tenant@vendor=x y;z:1", id="of several tenants"),
        pytest.param([""], "", id="nothing"),
        pytest.param(["A=1"], "", id="a key in capitals"),
        pytest.param(["a=1,b"], "", id="no value"),
        pytest.param(["a=1=2"], "", id="an equals sign in a value"),
        pytest.param(["a=1,a=2"], "", id="one key twice"),
        pytest.param([f"{'a' * 257}=1"], "", id="a key too long"),
        pytest.param([f"a={'1' * 257}"], "", id="a value too long"),
        pytest.param(["a=\x7f"], "", id="what cannot be printed"),
        pytest.param(["a=ü"], "", id="letters beyond ASCII"),
        pytest.param(["a=1\r\nX: y"], "", id="a header more"),
        pytest.param([members(32)], members(32), id="32 members"),
        pytest.param([members(33)], "", id="33 members"),
        pytest.param(["," * 60_000], "", id="commas without end"),
        pytest.param(["a" * 10_240], "", id="ten kilobytes"),
    ],
)
def test_a_state_is_taken_whole_or_not_at_all(states: list[str], taken: str) -> None:
    found = trace(TRACEPARENT, *states)
    assert found is not None
    assert found.state == taken
    assert ("tracestate" in found.headers) is bool(taken)


def test_a_long_state_loses_its_long_members_first_and_then_its_last() -> None:
    short = [f"s{n}={'1' * 97}" for n in range(5)]
    found = trace(TRACEPARENT, ",".join([short[0], f"long={'2' * 200}", *short[1:]]))
    assert found is not None
    assert found.state == ",".join(short)
    found = trace(TRACEPARENT, ",".join([*short, "last=1" + "1" * 20]))
    assert found is not None
    assert found.state == ",".join(short)


def test_an_exemplar_is_never_longer_than_openmetrics_allows() -> None:
    both = identity([*headers("x-request-id", "r" * 78), *headers("traceparent", TRACEPARENT)])
    assert exemplar(both) == {"trace_id": TRACE, "request_id": "r" * 78}
    long = identity([*headers("x-request-id", "r" * 79), *headers("traceparent", TRACEPARENT)])
    assert exemplar(long) == {"trace_id": TRACE}
    assert exemplar(identity(headers("x-request-id", "r" * 128))) == {}
