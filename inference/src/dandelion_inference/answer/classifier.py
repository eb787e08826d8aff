"""What uploads show: each is opened by a worker, which classifies it at once where it is small.

A large one is decoded by a process of its own meanwhile, and classified when that is done. Called
by `front/service.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dandelion_inference.answer.decoding.decoders import Decoders
from dandelion_inference.answer.decoding.images import Images, LargeImage
from dandelion_inference.answer.engine import Alone, Engine
from dandelion_inference.answer.prediction import Outcome, Prediction, answered
from dandelion_inference.answer.progress import Progress, Stage
from dandelion_inference.errors import RefusedError
from dandelion_inference.journal.recent import UploadRecord
from dandelion_inference.model.network import Model


@dataclass(frozen=True)
class Upload:
    """An image to classify."""

    data: bytes
    progress: Progress
    position: int | None = None
    """Among several files of one request, from 1."""
    record: UploadRecord | None = None
    """What the journal keeps of it, where there is one."""


class Classifier:
    def __init__(self, engine: Engine, images: Images, decoders: Decoders) -> None:
        self._engine = engine
        self._images = images
        self._decoders = decoders

    async def outcomes(self, model: Model, uploads: Sequence[Upload]) -> list[Outcome]:
        """One for each upload, in order: one that cannot be classified does not stop the others.

        Where the caller is cancelled, what has not begun never will, and large images are not
        decoded any further.
        """
        opened = await self._engine.run([partial(self._open, model, each) for each in uploads])
        if not any(isinstance(each, LargeImage) for each in opened):
            return [each for each in opened if not isinstance(each, LargeImage)]
        async with asyncio.TaskGroup() as group:
            outcomes = [
                group.create_task(self._outcome(model, upload, each))
                for upload, each in zip(uploads, opened, strict=True)
            ]
        return [outcome.result() for outcome in outcomes]

    def _open(self, model: Model, upload: Upload, alone: Alone) -> Outcome | LargeImage:
        """In a worker's thread."""
        upload.progress.enter(Stage.DECODING)
        if upload.record is not None:
            upload.record.compute_digest()
        try:
            opened = self._images.opened(upload.data, model.contract.preprocessing)
        except RefusedError as refusal:
            return _refusal(refusal, upload)
        if isinstance(opened, LargeImage):
            upload.progress.enter(Stage.WAITING)
            return opened
        return _classified(model, opened, upload.progress, alone)

    async def _outcome(self, model: Model, upload: Upload, opened: Outcome | LargeImage) -> Outcome:
        if not isinstance(opened, LargeImage):
            return opened
        progress = upload.progress
        progress.is_large()
        try:
            async with self._decoders.decoded(opened, progress) as tensor:
                return await self._engine.resume(partial(_classified, model, tensor, progress))
        except RefusedError as refusal:
            return _refusal(refusal, upload)


def _classified(
    model: Model, tensor: NDArray[np.float32], progress: Progress, alone: Alone
) -> Prediction:
    progress.enter(Stage.COMPUTING)
    return answered(model, model.outputs(tensor, alone()))


def _refusal(refusal: RefusedError, upload: Upload) -> RefusedError:
    """As an answer, which holds nothing of the image: what it came through would."""
    refusal.__traceback__ = refusal.__context__ = None
    return refusal if upload.position is None else refusal.about_file(upload.position)
