"""The lines of a body that may have any number of them, each as it arrives.

Only the line that is being read is held here, and what is done with one is given back; so the body
may be as long as its client likes, and each line at most as long as any other body. The client is
waited for as that of any other body is: it has so much time for a line, and has to send at the
least rate whenever it is waited for. Called by `front/routes/stream.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.requests import ClientDisconnect, Request

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.admission import Place
from dandelion_inference.intake.upload import Pace

# How long it takes to notice that no more lines are wanted.
LOOK_SECONDS = 0.25


class Lines:
    """Those that are not blank. Whoever takes one gives its bytes back to the place."""

    def __init__(
        self,
        request: Request,
        limit: int,
        pace: Pace,
        place: Place,
        no_more: Callable[[], RefusedError | None],
    ) -> None:
        """`limit` is in bytes, of one line; `no_more` says why no more lines are wanted."""
        self._request = request
        self._limit = limit
        self._pace = pace
        self._place = place
        self._no_more = no_more
        self._held = bytearray()
        self._refusal: RefusedError | None = None
        # Seconds waited for the client: for this line, and since it last was fast enough.
        self._waited_for_line = 0.0
        self._waited = 0.0
        self._received = 0

    async def __aiter__(self) -> AsyncIterator[bytes | RefusedError]:
        """Each line, or why it cannot be read.

        Raises:
            RefusedError: no more is read.
            ClientDisconnect: nobody is there any more.
        """
        more = True
        while more:
            chunk, more = await self._chunk()
            *ended, rest = chunk.split(b"\n")
            for piece in ended:
                if not piece and not self._held and self._refusal is None:
                    continue
                self._take(piece)
                for line in self._line():
                    yield line
                    self._check()
            self._take(rest)
        for line in self._line():
            yield line

    def _take(self, piece: bytes) -> None:
        if self._refusal is not None or not piece:
            return
        try:
            if len(self._held) + len(piece) > self._limit:
                raise RefusedError(
                    Code.UPLOAD_TOO_LARGE,
                    f"The line has more than {self._limit} bytes. Scale the image down.",
                )
            self._place.hold(len(piece))
            self._held += piece
        except RefusedError as refusal:
            # The rest of the line is read and dropped.
            self._refusal = refusal
            self._place.release(len(self._held))
            self._held = bytearray()

    def _line(self) -> list[bytes | RefusedError]:
        """The line that has ended, if there is anything on it."""
        held, refusal = self._held, self._refusal
        self._held, self._refusal = bytearray(), None
        self._waited_for_line = 0.0
        if refusal is not None:
            return [refusal]
        if held.isspace() or not held:
            self._place.release(len(held))
            return []
        return [bytes(held)]

    def _check(self) -> None:
        refusal = self._no_more()
        if refusal is not None:
            raise refusal

    async def _chunk(self) -> tuple[bytes, bool]:
        """What arrives next, and whether there is more to come."""
        pace = self._pace
        time = asyncio.get_running_loop().time
        while True:
            self._check()
            began = time()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    message = await self._request.receive()
            except TimeoutError:
                message = None
            seconds = time() - began
            self._waited += seconds
            self._waited_for_line += seconds
            if message is not None:
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                chunk: bytes = message.get("body", b"")
                more = bool(message.get("more_body", False))
                self._received += len(chunk)
                if self._received >= pace.min_bytes_per_second * pace.window_seconds:
                    self._received = 0
                    self._waited = 0.0
                if chunk or not more:
                    return chunk, more
            if self._waited >= pace.window_seconds or self._waited_for_line >= pace.seconds:
                raise RefusedError(
                    Code.UPLOAD_TOO_SLOW,
                    f"The lines came too slowly. Each must come within {pace.seconds:g} s, and "
                    f"{pace.min_bytes_per_second} bytes/s or more over {pace.window_seconds:g} s.",
                )
