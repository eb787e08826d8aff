"""A head goes out with the body that follows it, and nothing is held back for longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import cast

import pytest
from dandelion_inference.front.connection.outgoing import Outgoing

HEAD, BODY, MORE = b"head", b"body", b"more"


class Transport:
    """What is done to it, in order."""

    def __init__(self) -> None:
        self.done: list[object] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def writelines(self, data: Iterable[bytes]) -> None:
        self.done.append(b"+".join(data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.done.append("end")

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def is_closing(self) -> bool:
        return "close" in self.done or "abort" in self.done


def done(act: Callable[[Outgoing], None]) -> list[object]:
    """What has been done when the loop comes to its next turn."""
    transport = Transport()

    async def turn() -> None:
        act(Outgoing(cast(asyncio.Transport, transport), asyncio.get_running_loop()))
        await asyncio.sleep(0)

    asyncio.run(turn())
    return transport.done


def write(*pieces: bytes) -> Callable[[Outgoing], None]:
    def act(outgoing: Outgoing) -> None:
        for piece in pieces:
            outgoing.write(piece)

    return act


@pytest.mark.parametrize(
    ("pieces", "sent"),
    [
        pytest.param([HEAD, BODY], [b"head+body"], id="a head and its body at once"),
        pytest.param([HEAD], [HEAD], id="a head alone when the turn ends"),
        pytest.param([HEAD, BODY, MORE], [b"head+body", MORE], id="what comes after them too"),
        pytest.param([HEAD, BODY, HEAD, BODY], [b"head+body"] * 2, id="two answers"),
    ],
)
def test_what_is_written_in_one_turn(pieces: list[bytes], sent: list[object]) -> None:
    assert done(write(*pieces)) == sent


def test_pieces_are_written_at_once_where_they_are_many() -> None:
    """Or a client that takes nothing would not slow the answer down."""
    transport = Transport()

    async def turn() -> None:
        outgoing = Outgoing(cast(asyncio.Transport, transport), asyncio.get_running_loop())
        write(HEAD, BODY, MORE, MORE)(outgoing)

    asyncio.run(turn())
    assert transport.done == [b"head+body", b"more+more"]


@pytest.mark.parametrize(
    ("ends", "sent"),
    [
        pytest.param(Outgoing.close, [HEAD, "close"], id="close"),
        pytest.param(Outgoing.write_eof, [HEAD, "end"], id="end"),
        pytest.param(Outgoing.abort, ["abort"], id="abort"),
    ],
)
def test_what_is_held_back_goes_before_the_end(
    ends: Callable[[Outgoing], None], sent: list[object]
) -> None:
    def act(outgoing: Outgoing) -> None:
        outgoing.write(HEAD)
        ends(outgoing)

    assert done(act) == sent
