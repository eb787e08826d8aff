"""Large images, each decoded in a process: as many at once as fit the memory of the container.

What has outlived its use is ended for good: a caller that is cancelled, because its deadline has
passed or its client has gone, takes its decoder along. Made by `front/app.py`; used by
`classifier.py` and by explanations, on the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import structlog
from dandelion_pictures import Unreadable
from numpy.typing import NDArray

from dandelion_inference.answer.decoding.budget import Budget, NeverFitsError
from dandelion_inference.answer.decoding.decoder import Decoder, DecoderEndedError, start
from dandelion_inference.answer.decoding.images import LargeImage, refused
from dandelion_inference.answer.decoding.shares import DECODER_BYTES
from dandelion_inference.answer.progress import Progress, Stage
from dandelion_inference.errors import Code, RefusedError

# How long one that has nothing to do is kept, which the next image need not start then.
IDLE_SECONDS = 60.0

# The kernel ends a killed process in no time, unless it hangs in a device.
END_SECONDS = 2.0

MIB = 1024 * 1024

log = structlog.get_logger()


class Decoders:
    def __init__(
        self,
        size: Callable[[], int],
        places: int,
        seconds: float,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """`size` is asked at the first large image how many bytes there are for them; so many are
        decoded at once, each for so many seconds at most."""
        self._size = size
        self._places = places
        self._seconds = seconds
        self._idle_seconds = idle_seconds
        self._budget: Budget | None = None
        self._idle: Decoder | None = None
        self._retirement: asyncio.TimerHandle | None = None
        self._all: set[Decoder] = set()

    @property
    def budget(self) -> Budget:
        if self._budget is None:
            self._budget = Budget(self._size(), self._places)
        return self._budget

    @property
    def bytes_held(self) -> int:
        return 0 if self._budget is None else self._budget.held

    @property
    def bytes_there(self) -> int:
        return self._size() if self._budget is None else self._budget.size

    @asynccontextmanager
    async def decoded(
        self, image: LargeImage, progress: Progress
    ) -> AsyncIterator[NDArray[np.float32]]:
        """The network's input, in the budget for as long as it is used; raises RefusedError."""
        size = bytes_of(image)
        try:
            async with self.budget.hold(size):
                progress.enter(Stage.DECODING)
                tensor = await self._decode(image)
                progress.enter(Stage.WAITING)
                yield tensor
        except NeverFitsError:
            raise self._too_large(size) from None

    async def _decode(self, image: LargeImage) -> NDArray[np.float32]:
        decoder = await self._take()
        answered = False
        try:
            tensor = await decoder.tensor(image, self._seconds)
            answered = True
            return tensor
        except Unreadable as error:
            answered = True
            raise refused(error) from None
        except DecoderEndedError as error:
            raise _refusal_of_ended(error.code) from None
        finally:
            if answered and self._idle is None:
                self._put_by(decoder)
            else:
                await self._end(decoder)

    async def _take(self) -> Decoder:
        idle, self._idle = self._idle, None
        if idle is not None:
            self._stop_retirement()
            if idle.alive:
                return idle
            self._all.discard(idle)
        try:
            decoder = await start()
        except OSError as error:
            log.error("no decoder can be started", error=str(error))
            raise _unavailable("No process can be started to decode it.") from error
        self._all.add(decoder)
        return decoder

    def _put_by(self, decoder: Decoder) -> None:
        """Keeps one for the next image."""
        self._idle = decoder
        loop = asyncio.get_running_loop()
        self._retirement = loop.call_later(self._idle_seconds, self._retire_idle)

    def _retire_idle(self) -> None:
        idle, self._idle = self._idle, None
        if idle is not None:
            self._all.discard(idle)
            idle.kill()

    def _stop_retirement(self) -> None:
        if self._retirement is not None:
            self._retirement.cancel()

    async def _end(self, decoder: Decoder) -> None:
        """Its memory is free afterwards."""
        decoder.kill()
        await decoder.ended()
        self._all.discard(decoder)

    async def close(self) -> None:
        """Ends every decoder."""
        self._stop_retirement()
        for decoder in self._all:
            decoder.kill()  # all of them, however long the first takes to be gone
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                for decoder in list(self._all):
                    await self._end(decoder)

    def _too_large(self, size: int) -> RefusedError:
        return RefusedError(
            Code.TOO_MANY_PIXELS,
            f"The image is too large for this pod: decoding takes {size / MIB:.0f} MiB, and the "
            f"memory limit leaves {self.budget.size / MIB:.0f} MiB for that. Scale the image down, "
            f"or raise spec.serving.resources.limits.memory.",
        )


def bytes_of(image: LargeImage) -> int:
    """What a decoder holds while it decodes, itself included."""
    return image.cost.memory + len(image.data) + DECODER_BYTES


def _refusal_of_ended(code: int | None) -> RefusedError:
    if code == -signal.SIGKILL:
        return _unavailable(
            "The process that was decoding it was killed, most likely for want of memory."
        )
    if code is not None and code >= 0:
        log.error("a decoder failed", exit_code=code)
        return _unavailable("The process that was to decode it failed.")
    how = "for want of time" if code == -signal.SIGXCPU else "in the middle of it"
    return RefusedError(
        Code.BROKEN_IMAGE,
        f"The image cannot be decoded: its decoder ended {how}. Save it anew from a viewer.",
    )


def _unavailable(why: str) -> RefusedError:
    return RefusedError(
        Code.DECODER_UNAVAILABLE,
        f"The image was not decoded. {why} Try again; if it goes on, raise "
        f"spec.serving.resources.limits.memory.",
        headers={"Retry-After": "1"},
    )
