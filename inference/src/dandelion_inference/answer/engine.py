"""Where the processors' work is done: a bounded number of worker threads behind one queue.

Each worker takes an upload from its bytes to its answer, decoding and network alike, so a request
costs one hand-over to a thread and one back. There are more workers than processors, so that these
always have something to do, which gives the most images a second; an image that finds nobody else
there is told so and gets the network on all processors at once, which gives the shortest wait. It
also gets a thread of its own, always the same: OpenVINO computes it in the thread that asks, and
would have something to set up again in each. Nothing waits for a batch to fill. Called by
`classifier.py`, and by the routes through `front/service.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Answer = TypeVar("Answer")
Alone = Callable[[], bool]

# What a worker does for one image. It asks `alone()` when it comes to run the network.
Work = Callable[[Alone], Answer]


class Engine:
    """How many wait is bounded by `intake/admission.py`, asked before the body is read."""

    def __init__(self, workers: int) -> None:
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="worker")
        self._first = ThreadPoolExecutor(1, thread_name_prefix="first")
        self._resumed = ThreadPoolExecutor(1, thread_name_prefix="resumed")
        self._unfinished = 0
        self._first_is_free = True

    async def run(self, works: Sequence[Work[Answer]]) -> list[Answer]:
        """The answers in order.

        Where the caller is cancelled, or one of the works fails, what has not begun never will.
        """
        first = len(works) == 1 and self._nobody_there()
        self._unfinished += len(works)
        submitted = [self._submit(work, first) for work in works]
        futures = [self._counted(queued) for queued in submitted]
        try:
            return await _all(futures)
        finally:
            # The worker's own first: cancelled through the loop's, it ends a round of the loop
            # later, and a worker may have begun it by then. Nothing is kept of either: a failure's
            # traceback leads here, and would lead back to it.
            while submitted:
                submitted.pop().cancel()
            while futures:
                futures.pop().cancel()

    async def resume(self, work: Work[Answer]) -> Answer:
        """The answer of what has had its turn, and then waited elsewhere: it queues with its like
        only. Where the caller is cancelled, and it has not begun, it never will."""
        self._unfinished += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._resumed, work, self._alone
            )
        finally:
            self._unfinished -= 1

    def close(self) -> None:
        """Begins nothing more, and waits for nothing: what runs may never end."""
        for executor in (self._workers, self._first, self._resumed):
            executor.shutdown(wait=False, cancel_futures=True)

    def _nobody_there(self) -> bool:
        # Work that its caller has left may still be running where nothing is counted as unfinished.
        return not self._unfinished and self._first_is_free

    def _submit(self, work: Work[Answer], first: bool) -> Future[Answer]:
        if not first:
            return self._workers.submit(work, self._alone)
        self._first_is_free = False
        future = self._first.submit(work, self._alone)
        future.add_done_callback(self._first_ended)
        return future

    def _counted(self, submitted: Future[Answer]) -> asyncio.Future[Answer]:
        future = asyncio.wrap_future(submitted)
        future.add_done_callback(self._finished)
        return future

    def _alone(self) -> bool:
        return self._unfinished == 1

    def _first_ended(self, _future: Future[Any]) -> None:
        self._first_is_free = True

    def _finished(self, _future: asyncio.Future[Answer]) -> None:
        self._unfinished -= 1


async def _all(futures: Sequence[asyncio.Future[Answer]]) -> list[Answer]:
    # Of one there is nothing to gather, which would be one more round of the event loop.
    return [await futures[0]] if len(futures) == 1 else await asyncio.gather(*futures)
