"""What was sent to `/feedback`, with the answer that it is about.

A row of feedback names image and answer where the pod that took it had given that answer not long
before. The others are looked for in the log, in the hour that their id tells.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.review.agreement.rule import Voice
from dandelion_training.review.answer_id import read_answer_id
from dandelion_training.review.prediction_log import (
    PREDICTIONS,
    Answer,
    AnswerKey,
    Told,
    rows_of,
)

HOUR = timedelta(hours=1)


def unknown(told: Iterable[Told]) -> dict[datetime, set[AnswerKey]]:
    """The answers that rows do not name, by the hour in which they were given. An id without a
    time, as an earlier release gave it, leads nowhere.
    """
    hours: dict[datetime, set[AnswerKey]] = {}
    for row in told:
        if row.predicted:
            continue
        try:
            time = read_answer_id(row.id).time
        except ValueError:
            continue
        if time is not None:
            hour = time.replace(minute=0, second=0, microsecond=0)
            hours.setdefault(hour, set()).add(row.key)
    return hours


def answers_of(
    store: ObjectStore, home: Location, hour: datetime, keys: Iterable[AnswerKey]
) -> list[Answer]:
    """These answers of an hour, as far as the log has them; `home` is the resource's folder."""
    folder, wanted, found = home.child(PREDICTIONS), set(keys), []
    # A row is written down a moment after its id was given, perhaps in the next hour.
    for beginning in (hour, hour + HOUR):
        for item in store.list(folder, f"{beginning:date=%Y-%m-%d/hour=%H/}"):
            rows, _ = rows_of(Answer, store.read(folder.child(item.name)) or b"")
            found += [row for row in rows if row.key in wanted]
            wanted -= {row.key for row in rows}
            if not wanted:
                return found
    return found


def voices(told: Iterable[Told], answers: Mapping[AnswerKey, Answer]) -> list[Voice]:
    """Who said what of which image; what is about numbers, or about an answer that the log does not
    have, is left out.
    """
    found = []
    for row in told:
        answer = answers.get(row.key)
        image = row.image or (answer.image if answer else None)
        answered = row.predicted or (answer.label if answer else "")
        if image and answered:
            found.append(Voice(row.key, image, answered, row.label, row.caller, row.time))
    return found
