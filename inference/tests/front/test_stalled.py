"""Who takes nothing of an answer is given up in time, whatever is held back at that moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import cast

import pytest
from dandelion_inference.front.connection import BoundedConnection, bounded
from dandelion_inference.front.connection.bounds import ConnectionBounds
from uvicorn.config import Config
from uvicorn.server import ServerState

HEAD, BODY = b"HTTP/1.1 200 OK\r\n\r\n", b"{}"
STALLED_SECONDS = 10.0


class Client:
    """And the transport to it, in which waits what it does not take."""

    def __init__(self, takes: bool) -> None:
        self.takes = takes
        self.waiting = 0
        self.ended = False

    def write(self, data: bytes) -> None:
        self.waiting += 0 if self.takes else len(data)

    def writelines(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def get_extra_info(self, name: str) -> None:
        return None

    def is_closing(self) -> bool:
        return self.ended

    def abort(self) -> None:
        self.ended = True
        self.waiting = 0


async def nothing(scope: object, receive: object, send: object) -> None:
    """Is asked nothing: answers are written as the server would."""


def connected(client: Client) -> BoundedConnection:
    bounds = ConnectionBounds(
        max_connections=1,
        max_headers=10,
        max_head_bytes=1000,
        head_seconds=1000,
        max_drained_bytes=1000,
        drain_seconds=1000,
        stalled_seconds=STALLED_SECONDS,
    )
    made = bounded(bounds, lambda code: [], lambda now: None)
    config = Config(app=nothing, log_config=None)
    connection = made(config, ServerState(), {}, asyncio.get_running_loop())
    connection.connection_made(cast(asyncio.Transport, client))
    return connection


# What happens between two looks of the server; each is a turn of the loop of its own.
Turn = Callable[[BoundedConnection, float], None]


def answered(connection: BoundedConnection, now: float) -> None:
    connection.transport.write(HEAD)
    connection.transport.write(BODY)


def looked_at(connection: BoundedConnection, now: float) -> None:
    connection.end_if_overdue(now)


def looked_at_before_the_body(connection: BoundedConnection, now: float) -> None:
    connection.transport.write(HEAD)
    connection.end_if_overdue(now)


@pytest.mark.parametrize(
    ("takes", "turns", "given_up"),
    [
        pytest.param(
            False,
            {0: answered, 1: looked_at, 12: looked_at},
            True,
            id="who takes nothing",
        ),
        pytest.param(
            False,
            {0: answered, 1: looked_at, 12: looked_at_before_the_body},
            True,
            id="who takes nothing, while another answer begins",
        ),
        pytest.param(
            True,
            {0: answered, 1: looked_at, 12: looked_at},
            False,
            id="who takes everything",
        ),
        pytest.param(
            True,
            {1: looked_at_before_the_body, 12: looked_at_before_the_body},
            False,
            id="who takes everything, and is looked at whenever an answer begins",
        ),
    ],
)
def test_who_takes_nothing_is_given_up(
    takes: bool, turns: Mapping[float, Turn], given_up: bool
) -> None:
    client = Client(takes)

    async def scene() -> None:
        connection = connected(client)
        for now, turn in turns.items():
            turn(connection, now)
            await asyncio.sleep(0)

    asyncio.run(scene())
    assert client.ended is given_up


def test_a_connection_that_broke_is_gone_whatever_is_held_back() -> None:
    """Or it would stand in the way of those that come."""
    client = Client(takes=True)

    async def scene() -> None:
        connection = connected(client)
        connection.transport.write(HEAD)
        client.ended = True
        assert connection.gone

    asyncio.run(scene())
