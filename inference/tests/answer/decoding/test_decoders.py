"""Large images in processes of their own, which may do what they like: real ones."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace

import crafted
import numpy as np
import pictures
import pytest
from dandelion_inference.answer.decoding.decoder import Decoder, start
from dandelion_inference.answer.decoding.decoders import Decoders, bytes_of
from dandelion_inference.answer.decoding.images import LargeImage
from dandelion_inference.answer.progress import Kind, Workload
from dandelion_inference.errors import Code, RefusedError
from dandelion_pictures import Cost, Preprocessing, Reader
from PIL import Image
from running.service import children

MIB = 1024 * 1024
PREPROCESSING = Preprocessing(36, 32, 1 / 255, (0, 0, 0), (1, 1, 1))
READER = Reader()


def large(data: bytes) -> LargeImage:
    return LargeImage(data, PREPROCESSING, READER.open(data, PREPROCESSING).cost)


PHOTO = large(pictures.encoded(Image.new("RGB", (2500, 2000)), compress_level=1))
BOMB = LargeImage(
    crafted.many_scans(3000, 3000, 9500), PREPROCESSING, Cost(memory=512 * MIB, work=1)
)

DECODERS = "dandelion_inference.answer.decoding.decoders"

Story = Callable[[Decoders], Awaitable[None]]


def play(
    story: Story,
    size: int = 1024 * MIB,
    places: int = 2,
    seconds: float = 30,
    idle_seconds: float = 60,
) -> None:
    async def whole() -> None:
        decoders = Decoders(lambda: size, places, seconds, idle_seconds)
        try:
            async with asyncio.timeout(60):
                await story(decoders)
        finally:
            await decoders.close()
        await until(lambda: children(os.getpid()) == [])
        assert decoders.budget.held == 0

    asyncio.run(whole())


async def decode(decoders: Decoders, image: LargeImage = PHOTO) -> np.ndarray:
    with Workload(dict.fromkeys(Kind, 1.0)).images(1) as [progress]:
        async with decoders.decoded(image, progress) as tensor:
            return tensor


async def refusal(decoders: Decoders, image: LargeImage) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        await decode(decoders, image)
    return refused.value


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not reached():  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.01)


async def running() -> int:
    """The decoder that is there, once it is."""
    await until(lambda: len(children(os.getpid())) == 1)
    [pid] = children(os.getpid())
    return pid


def test_the_numbers_are_those_of_the_reader() -> None:
    async def story(decoders: Decoders) -> None:
        assert np.array_equal(await decode(decoders), READER.tensor(PHOTO.data, PREPROCESSING))

    play(story)


def test_one_is_kept_for_the_next_image_and_ends_when_there_is_none() -> None:
    async def next_image(decoders: Decoders) -> None:
        await decode(decoders)
        first = await running()
        await decode(decoders)
        assert await running() == first

    async def none(decoders: Decoders) -> None:
        await decode(decoders)
        await until(lambda: children(os.getpid()) == [])
        await decode(decoders)

    play(next_image, idle_seconds=3600)
    play(none, idle_seconds=0.1)


def test_as_many_work_at_once_as_fit() -> None:
    async def most(decoders: Decoders) -> int:
        decoding = [asyncio.ensure_future(decode(decoders)) for _ in range(4)]
        seen = 0
        while not all(each.done() for each in decoding):
            seen = max(seen, len(children(os.getpid())))
            assert decoders.budget.held <= decoders.budget.size
            await asyncio.sleep(0.02)
        assert len([each.result() for each in decoding]) == 4
        return seen

    async def one(decoders: Decoders) -> None:
        # One may be at its end while the next begins.
        assert await most(decoders) == 1

    async def two(decoders: Decoders) -> None:
        assert await most(decoders) == 2

    play(one, size=bytes_of(PHOTO) * 2 - 1)
    play(two, size=bytes_of(PHOTO) * 2)
    play(one, places=1)


def test_two_that_answer_at_once_make_room_before_a_third_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One is kept for the next image, and what the other one holds is not free until it is gone."""
    at_once, answer = asyncio.Barrier(2), Decoder._answer
    made: list[Decoder] = []
    there: list[int] = []

    async def answered(decoder: Decoder, preprocessing: Preprocessing) -> np.ndarray:
        try:
            return await answer(decoder, preprocessing)
        finally:
            await at_once.wait()

    async def started() -> Decoder:
        there.append(sum(one.alive for one in made))
        made.append(await start())
        return made[-1]

    async def story(decoders: Decoders) -> None:
        await asyncio.gather(*(decode(decoders) for _ in range(4)))

    monkeypatch.setattr(Decoder, "_answer", answered)
    monkeypatch.setattr(f"{DECODERS}.start", started)
    play(story, size=bytes_of(PHOTO) * 2)
    assert max(there) < 2


def test_closing_ends_every_decoder_however_long_one_takes_to_be_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(decoders: Decoders) -> None:
        decoding = [asyncio.ensure_future(decode(decoders, BOMB)) for _ in range(2)]
        await until(lambda: len(decoders._all) == 2)
        await decoders.close()
        await until(lambda: children(os.getpid()) == [])
        await asyncio.gather(*decoding, return_exceptions=True)

    monkeypatch.setattr(f"{DECODERS}.END_SECONDS", 0)
    play(story, size=bytes_of(BOMB) * 2)


def test_what_can_never_fit_is_refused_with_the_figures_and_the_way_out() -> None:
    async def story(decoders: Decoders) -> None:
        refused = await refusal(decoders, PHOTO)
        assert refused.code is Code.TOO_MANY_PIXELS
        assert f"takes {bytes_of(PHOTO) / MIB:.0f} MiB" in refused.detail
        assert "leaves 50 MiB" in refused.detail
        assert "limits.memory" in refused.detail
        assert children(os.getpid()) == []

    play(story, size=50 * MIB)


def test_a_bad_image_is_refused_in_the_readers_words_and_keeps_its_decoder() -> None:
    async def story(decoders: Decoders) -> None:
        refused = await refusal(decoders, replace(PHOTO, data=PHOTO.data[:-1000]))
        assert refused.code is Code.TRUNCATED_IMAGE
        decoder = await running()
        await decode(decoders)
        assert await running() == decoder

    play(story)


def test_an_image_that_takes_more_memory_than_was_counted_is_refused() -> None:
    async def story(decoders: Decoders) -> None:
        lying = large(pictures.encoded(Image.new("RGB", (7000, 7000)), compress_level=1))
        refused = await refusal(decoders, replace(lying, cost=Cost(memory=MIB, work=1)))
        assert refused.code is Code.TOO_MANY_PIXELS
        await decode(decoders)

    play(story)


def test_an_image_that_takes_more_time_than_there_is_is_refused() -> None:
    async def story(decoders: Decoders) -> None:
        refused = await refusal(decoders, BOMB)
        assert refused.code is Code.BROKEN_IMAGE
        assert "for want of time" in refused.detail
        await decode(decoders)

    play(story, seconds=0.1)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGSEGV, Code.BROKEN_IMAGE), (signal.SIGKILL, Code.DECODER_UNAVAILABLE)],
)
def test_a_decoder_that_dies_is_an_answer(number: signal.Signals, code: Code) -> None:
    async def story(decoders: Decoders) -> None:
        await decode(decoders)
        decoder = await running()
        os.kill(decoder, signal.SIGSTOP)
        dying = asyncio.ensure_future(refusal(decoders, PHOTO))
        await until(lambda: decoders.budget.held > 0)
        os.kill(decoder, number)
        with contextlib.suppress(ProcessLookupError):  # killed, it needs no waking
            os.kill(decoder, signal.SIGCONT)
        assert (await dying).code is code
        await decode(decoders)
        assert await running() != decoder

    play(story)


def test_one_that_died_while_it_had_nothing_to_do_is_replaced() -> None:
    async def story(decoders: Decoders) -> None:
        await decode(decoders)
        decoder = await running()
        os.kill(decoder, signal.SIGKILL)
        [dead] = decoders._all
        await until(lambda: not dead.alive)
        await decode(decoders)
        assert await running() != decoder

    play(story)


def test_who_is_not_waited_for_takes_the_decoder_along() -> None:
    async def story(decoders: Decoders) -> None:
        await decode(decoders)
        decoder = await running()
        os.kill(decoder, signal.SIGSTOP)
        decoding = asyncio.ensure_future(decode(decoders))
        await until(lambda: decoders.budget.held > 0)
        decoding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await decoding
        assert children(os.getpid()) == []
        assert decoders.budget.held == 0

    play(story)


def test_an_answer_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(decoders: Decoders) -> None:
        assert (await refusal(decoders, PHOTO)).code is Code.BROKEN_IMAGE

    nonsense = "echo this is nothing that a decoder says; cat > /dev/null"
    monkeypatch.setattr(
        "dandelion_inference.answer.decoding.decoder.COMMAND", ("/bin/sh", "-c", nonsense)
    )
    play(story)


def test_one_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(decoders: Decoders) -> None:
        refused = await refusal(decoders, PHOTO)
        assert refused.code is Code.DECODER_UNAVAILABLE
        assert refused.headers == {"Retry-After": "1"}

    monkeypatch.setattr(
        "dandelion_inference.answer.decoding.decoder.COMMAND", ("/nowhere/to/be/found",)
    )
    play(story)
