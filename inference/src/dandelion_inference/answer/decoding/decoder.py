"""One process that decodes, from the side of the service.

It is spoken to in `frames` over pipes, and ended for good by `kill`, whatever it is at. Kept by
`decoders.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import fields

import numpy as np
from dandelion_pictures import Kind, Preprocessing, Unreadable
from numpy.typing import NDArray

from dandelion_inference.answer.decoding import frames
from dandelion_inference.answer.decoding.images import LargeImage

COMMAND = (sys.executable, "-P", "-m", "dandelion_inference.answer.decoding")

# So much is written at once, rather than copied into a buffer.
PIECE = 256 * 1024


class DecoderEndedError(Exception):
    """The process ended without an answer, or with one that makes no sense."""

    def __init__(self, code: int | None) -> None:
        """`code` is its exit status; negative for the signal that ended it, None for nonsense."""
        super().__init__(code)
        self.code = code


class Decoder:
    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def tensor(self, image: LargeImage, seconds: float) -> NDArray[np.float32]:
        """The network's input, [1, 3, crop, crop]; raises Unreadable and DecoderEndedError.

        The process computes for so many seconds at most.
        """
        about = {
            "preprocessing": {
                # The contract's has more of them.
                field.name: getattr(image.preprocessing, field.name)
                for field in fields(Preprocessing)
            },
            "memory": image.cost.memory,
            "seconds": seconds,
        }
        try:
            await self._send(about, image.data)
            return await self._answer(image.preprocessing)
        except ValueError:
            raise DecoderEndedError(None) from None
        except (EOFError, ConnectionError):
            pass  # its end says more
        raise DecoderEndedError(await self._process.wait())

    async def _send(self, about: dict[str, object], data: bytes) -> None:
        requests = self._process.stdin
        assert requests is not None
        requests.write(frames.head(about, len(data)))
        view = memoryview(data)
        for start in range(0, len(data), PIECE):
            requests.write(view[start : start + PIECE])
            await requests.drain()

    async def _answer(self, preprocessing: Preprocessing) -> NDArray[np.float32]:
        answers = self._process.stdout
        assert answers is not None
        shape = (1, 3, preprocessing.center_crop, preprocessing.center_crop)
        size = 4 * int(np.prod(shape))
        about, length = frames.LENGTHS.unpack(await answers.readexactly(frames.LENGTHS.size))
        if about > frames.MAX_HEAD_BYTES or length not in (0, size):
            raise ValueError("no answer of a decoder is so long")
        said = json.loads(await answers.readexactly(about))
        if "kind" in said:
            raise Unreadable(Kind(said["kind"]), str(said["words"]))
        data = await answers.readexactly(size)
        return np.frombuffer(data, dtype="<f4").reshape(shape)

    def kill(self) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                # asyncio's own would look for its end too, and take that from whoever waits.
                os.kill(self.pid, signal.SIGKILL)

    async def ended(self) -> None:
        """Comes back when the process, once killed, holds nothing any more."""
        await self._process.wait()


async def start() -> Decoder:
    """A process that can be sent images at once; raises OSError."""
    return Decoder(
        await asyncio.create_subprocess_exec(
            *COMMAND, stdin=PIPE, stdout=PIPE, env=_environment(), cwd="/"
        )
    )


def _environment() -> dict[str, str]:
    """What it takes to run, and nothing of what the service was told."""
    kept = ("PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        # Nothing here computes in threads, and each would hold a stack and an arena.
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
    }
