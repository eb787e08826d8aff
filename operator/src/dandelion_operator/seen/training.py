"""What was read of training: the dataset, Jobs of both kinds, and how far a run says it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.status.training import RunState


@dataclass(frozen=True)
class MountedTable:
    """A table of addresses in a ConfigMap. `changed`: when it was last, as Kubernetes writes times;
    `unread` says why it was not read.
    """

    content: bytes = b""
    changed: str = ""
    unread: str = ""


@dataclass(frozen=True)
class NewObjects:
    """Those of a listing that were not yet listed when the dataset version `since` was made, or was
    found again last. `addresses` of them are lines of a table, which the run did not read.

    The moments are the endpoint's own, as Kubernetes writes times. `enough`: when there were as
    many as are asked for, empty where there are fewer; `newest`: when the newest one was written;
    `listed`: when the listing began. Whoever asks whether none came for a while asks it of `listed`
    and not of the clock: what came since then has not been seen.
    """

    since: str
    count: int
    enough: str
    newest: str
    listed: str
    addresses: int = 0


@dataclass(frozen=True)
class DatasetSeen:
    """`fingerprint` is empty where it is not known; `cut` says why not all of it was looked at.

    `objects` then counts those that were. `new` is None where new ones were not asked for or could
    not be counted. `uncounted` says why they could not, or why only those at addresses could not.
    """

    fingerprint: str
    objects: int
    cut: str = ""
    new: NewObjects | None = None
    uncounted: str = ""


@dataclass(frozen=True)
class Suspension:
    """Who has a word in it beside the operator, in words; empty where nobody else has.

    `held_by` suspended a Job that the operator did not suspend, `undone_by` let one go on that it
    did. `ours` says that the operator's own suspension is noted on the Job.
    """

    ours: bool = False
    held_by: str = ""
    undone_by: str = ""


NO_SUSPENSION = Suspension()


@dataclass(frozen=True)
class SearchSeen:
    """How far a run says its search is, or what it came to."""

    trials: int
    finished: int = 0
    pruned: int = 0
    failed: int = 0
    best: float | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class JobSeen:
    name: str
    run: str
    training_hash: str
    state: RunState
    created: str
    started: str | None = None
    finished: str | None = None
    deleting: bool = False
    lost: bool = False  # being deleted, and of its pods only some on nodes that are lost remain
    trigger: str | None = None
    trigger_message: str | None = None
    decided: str | None = None  # when its run was, by the operator's clock
    fingerprint: str | None = None
    retrain: str = ""
    reason: str | None = None
    message: str | None = None
    waiting: Failure | None = None  # why its pod does not run yet
    suspension: Suspension = NO_SUSPENSION
    attempt: int = 1
    execution: str | None = None
    ttl_seconds: int | None = None
    expiry: int | None = None  # what of it the operator set, as noted on the Job
    searches: bool = False  # for its run, which another Job trains


@dataclass(frozen=True)
class EvaluationJobSeen:
    """A Job that compares two artifacts and trains none. `gate`: for which rules it was started."""

    name: str
    evaluation: str
    state: RunState
    created: str
    gate: str = ""
    deleting: bool = False
    reason: str | None = None
    message: str | None = None
    suspension: Suspension = NO_SUSPENSION
    attempt: int = 1
    finished: str | None = None

    @property
    def in_flight(self) -> bool:
        return not (self.state.finished or self.deleting)


@dataclass(frozen=True)
class IngestJobSeen:
    """A Job that reads the images and trains nothing. `ingest`: which of those asked for."""

    name: str
    ingest: str
    state: RunState
    created: str
    deleting: bool = False
    reason: str | None = None
    message: str | None = None
    waiting: Failure | None = None  # why its pod does not run yet
    suspension: Suspension = NO_SUSPENSION
    attempt: int = 1
    finished: str | None = None
    ttl_seconds: int | None = None
    expiry: int | None = None  # as JobSeen has them

    @property
    def in_flight(self) -> bool:
        return not (self.state.finished or self.deleting)


@dataclass(frozen=True)
class AddressesSeen:
    """What became of the addresses that a table names: `known` were fetched by a run before."""

    fetched: int
    known: int
    failed: int


@dataclass(frozen=True)
class DatasetVersionSeen:
    """What a run says of the dataset version that it made. Counts are images.

    `classes` and `holdout_by_class` are empty where there are too many to list; `rejected` counts
    files by the reason for which they are left out.
    `from_addresses` and `from_reviews` are how many of the images came that way, None where a run
    of a former release does not say; the others were listed. Of an ingest, `since` is the version
    before and `changes` counts what leads from that to this.
    """

    version: str
    images: int | None = None
    class_count: int | None = None
    classes: tuple[str, ...] = ()
    holdout: int | None = None
    holdout_by_class: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    from_addresses: int | None = None
    from_reviews: int | None = None
    addresses: AddressesSeen | None = None
    since: str | None = None
    changes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """One run's own status.json, or nothing of it."""

    run: str = ""
    state: str | None = None
    stage: str | None = None
    percent: int = 0
    reason: str | None = None
    message: str | None = None
    run_id: str | None = None
    version: str | None = None
    dataset: DatasetVersionSeen | None = None
    search: SearchSeen | None = None
