"""Remembers every answer and every label that people gave back, for those who come later to look.

Predictions, feedback and, where wanted, the images themselves are written to S3 in the background.
A request only puts small rows into a buffer; with the object store away serving goes on, up to the
bounds of the buffer nothing is lost, and beyond them a counter tells what was. Made by
`front/app.py`, called by the routes.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from functools import partial

import urllib3

from dandelion_inference.journal.answer_ids import AnswerId, AnswerIds, Keys
from dandelion_inference.journal.buffer import Bounds, Buffer
from dandelion_inference.journal.recent import Given, Recent, UploadRecord
from dandelion_inference.journal.rows import (
    Correlation,
    Kind,
    Labelled,
    LoggedImage,
    Origin,
    Scored,
    Source,
    Took,
    predicted,
)
from dandelion_inference.journal.sample import sampled, sampled_during_drift
from dandelion_inference.journal.writer import Counters, Writer
from dandelion_inference.ports.settings import Settings
from dandelion_inference.ports.storage import Fault, S3Writer

# Digests of images that are stored already, and answers that feedback may come for.
IMAGES_REMEMBERED = 10_000
ANSWERS_REMEMBERED = 2_000

# Shorter than what the pod has left when it ends.
TIMEOUT = urllib3.Timeout(connect=3, read=10)


class Journal:
    def __init__(
        self, settings: Settings, counters: Counters, now: Callable[[], float] = time.time
    ) -> None:
        self._counters = counters
        reviews = settings.review_share is not None
        counters.log_begins(Kind, Fault, Source if reviews else ())
        self._now = now
        self._ids = AnswerIds(
            settings.model_namespace,
            settings.model_name,
            settings.model_version,
            Keys(settings.log_credentials_dir),
            now,
        )
        self._keep_images = settings.log_images
        self._review_share = settings.review_share
        self._end_seconds = settings.ending.log
        self._stored: Recent[None] = Recent(IMAGES_REMEMBERED)
        self._answers: Recent[Given] = Recent(ANSWERS_REMEMBERED)
        self._buffer = Buffer(
            Bounds(
                rows=settings.log_rows_in_memory,
                row_bytes=settings.log_row_bytes_in_memory,
                image_bytes=settings.log_image_bytes_in_memory,
            )
        )
        self._writer = Writer(
            open_store=partial(S3Writer, settings, TIMEOUT),
            place=settings.log_location,
            origin=Origin(
                namespace=settings.model_namespace,
                name=settings.model_name,
                version=settings.model_version,
                contract=settings.contract_digest,
                pod=socket.gethostname(),
                uid=settings.model_uid,
            ),
            buffer=self._buffer,
            counters=counters,
            flush_seconds=settings.log_flush_seconds,
            on_image_dropped=self._forget_image,
            reviews=reviews,
        )

    def start(self) -> None:
        self._writer.start()

    def close(self) -> None:
        """Writes what is left, for as long as a pod that ends has time for it."""
        self._buffer.close()
        self._writer.end(self._end_seconds)

    def upload_records(self, images: Sequence[bytes]) -> list[UploadRecord]:
        """For uploads that are about to be classified."""
        return [UploadRecord(data, self._keep_images) for data in images]

    def predicted(
        self,
        answer: str,
        precision: str,
        classes: Sequence[str],
        predictions: Sequence[Scored | None],
        seconds: float,
        took: Sequence[Took],
        correlation: Correlation,
        records: Sequence[UploadRecord] | None = None,
        drifting: bool = False,
    ) -> None:
        """Every prediction of one answer, in the order of its images, some of which may have none.
        What came as bare numbers has no records of uploads. `drifting`: the last answers were
        unlike those for the holdout."""
        now = self._now()
        images = [record.sha256 for record in records] if records is not None else None
        digests: Sequence[str | None] = images or [None] * len(predictions)
        each = zip(predictions, digests, took, strict=True)
        for index, (prediction, digest, its) in enumerate(each):
            if prediction is None:
                continue
            row = predicted(
                time=now,
                answer=answer,
                index=index,
                prediction=prediction,
                precision=precision,
                classes=classes,
                image=digest,
                seconds=seconds,
                took=its,
                correlation=correlation,
                review_sample=self._is_sampled(answer, index),
                drift_sample=self._is_sampled_during_drift(answer, index) if drifting else None,
            )
            if not self._buffer.add(row):
                self._counters.log_dropped(Kind.PREDICTIONS, 1)
        labels = tuple(found.label if found else None for found in predictions)
        self._answers.remember(answer, Given(tuple(digests), labels))
        for record, prediction in zip(records or (), predictions, strict=False):
            if prediction is not None:
                self._keep(record.logged_image())

    def new_id(self, predicted: Sequence[bool]) -> str:
        """For an answer; `predicted` says of each of its images whether it has a prediction."""
        return self._ids.new(predicted)

    def answer(self, answer: str) -> AnswerId | None:
        """What the id says, where this pod or another of its resource gave it."""
        return self._ids.read(answer)

    def labelled(
        self, answer: str, version: str, index: int, label: str, caller: str | None
    ) -> bool:
        """Feedback for one image of an answer, which has a prediction for it; false where there is
        no room for it. `caller` is who says so, where the service asks."""
        given = self._answers.get(answer)
        row = Labelled(
            time=self._now(),
            answer=answer,
            version=version,
            index=index,
            label=label,
            caller=caller,
            image=given.images[index] if given else None,
            predicted=given.labels[index] if given else None,
        )
        if self._buffer.add(row):
            return True
        self._counters.log_dropped(Kind.FEEDBACK, 1)
        return False

    def _is_sampled(self, answer: str, index: int) -> bool | None:
        share = self._review_share
        return None if share is None else sampled(answer, index, share)

    def _is_sampled_during_drift(self, answer: str, index: int) -> bool | None:
        return None if self._review_share is None else sampled_during_drift(answer, index)

    def _keep(self, image: LoggedImage | None) -> None:
        if image is None or image.sha256 in self._stored:
            return
        # First, because the writer's thread may give it up as soon as it has it.
        self._stored.remember(image.sha256, None)
        if not self._buffer.add(image):
            self._counters.log_dropped(Kind.IMAGES, 1)
            self._forget_image(image.sha256)

    def _forget_image(self, sha256: str) -> None:
        """It is not stored after all, and worth another attempt when it comes again."""
        self._stored.pop(sha256, None)
