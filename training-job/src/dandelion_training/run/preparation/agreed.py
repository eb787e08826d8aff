"""The corrections of logged answers on which callers agree, read from the whole log of feedback.

`reviewed` calls `agreed`, where runs learn from them without a reviewer.
"""

from datetime import datetime

import structlog

from dandelion_training.data.ingest import completed
from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.review.agreement.callers import answers_of, unknown, voices
from dandelion_training.review.agreement.rule import Agreement, agreements
from dandelion_training.review.prediction_log import FEEDBACK, Answer, AnswerKey, Told, rows_of

log = structlog.get_logger()


def agreed(
    store: ObjectStore, home: Location, uid: str, minimum: int, transfers: int
) -> list[Agreement]:
    """`home` is the folder of the resource `uid` in the prediction log. What was said of a former
    resource of its name does not count.
    """
    folder = home.child(FEEDBACK)

    def read(name: str) -> tuple[list[Told], int]:
        return rows_of(Told, store.read(folder.child(name)) or b"")

    told: list[Told] = []
    unreadable = 0
    for rows, faults in completed(read, [item.name for item in store.list(folder)], transfers):
        told += [row for row in rows if row.uid == uid]
        unreadable += faults
    if unreadable:
        log.warning("feedback cannot be read and does not count", faults=unreadable)

    def look_up(hour_and_keys: tuple[datetime, set[AnswerKey]]) -> list[Answer]:
        return answers_of(store, home, *hour_and_keys)

    found = completed(look_up, unknown(told).items(), transfers)
    answers = {answer.key: answer for part in found for answer in part}
    return agreements(voices(told, answers), minimum)
