"""What was decided, by whom and on which figures."""

from __future__ import annotations

from dandelion_operator.api.status.part import Part, Words

HISTORY_LIMIT = 20
PROMOTED, FOLLOWED_ALIAS, ADOPTED = "Promoted", "FollowedAlias", "Adopted"
RESTORED, TRAINED = "RegistryRestored", "TrainingSucceeded"
REJECTED, UNDECIDED = "Rejected", "Undecided"
INGESTED, INGEST_FAILED = "DatasetIngested", "IngestFailed"
INGEST_REFUSED, INGEST_STOPPED = "IngestRefused", "IngestStopped"
FOLLOWED = (PROMOTED, FOLLOWED_ALIAS, ADOPTED, RESTORED)
ADOPTION_NEEDED = "AdoptionNeeded"
PAUSED, RESUMED = "Paused", "Resumed"
# Who or what decided: in the history, and on a version that has or had the alias champion.
GATE, PERSON, OPERATOR = "Gate", "Person", "Operator"


class Figures(Part):
    """What a verdict rests on: `metric` of both models on the same images, and the bounds of their
    difference. Without a champion, the version's own figure.
    """

    metric: str
    challenger: float
    champion: float | None = None
    interval: tuple[float, ...] = ()


class HistoryEntry(Part):
    time: str
    decision: str
    trigger: str | None = None
    dataset: str | None = None
    version: str | None = None
    by: str | None = None
    # Who asked: the name that they signed with, or the one that the cluster has for them.
    requested_by: Words | None = None
    figures: Figures | None = None
    reason: Words | None = None
