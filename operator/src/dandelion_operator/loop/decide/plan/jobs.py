"""Actions on Jobs: those that train, those that compare, and those that read the images alone."""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.api.location import Target


@dataclass(frozen=True)
class StartTraining:
    """`former_dataset` is the digest of the dataset version that the new one grows from, or "".

    `champion` is what serves at that moment: the run evaluates it beside its own model. `images` is
    how many objects were listed, or 0: the pod asks for disk by it. `decided` is the moment at
    which the run was, by the operator's clock and the same for all attempts at it. `searching`: its
    settings are searched for first, by a Job of its own, and training comes after that.
    """

    run: str
    training_hash: str
    trigger: str
    fingerprint: str
    initial_weights: str
    former_dataset: str = ""
    champion: Target | None = None
    images: int = 0
    attempt: int = 1
    trigger_message: str = ""
    decided: str = ""
    searching: bool = False


@dataclass(frozen=True)
class StartEvaluation:
    """Compare two versions on the holdout of the dataset version that the challenger learnt from.

    `evaluation` is its digest, `run` the challenger's, `gate` the rules that ask for it.
    """

    evaluation: str
    dataset: str
    challenger: Target
    champion: Target
    run: str
    gate: str
    attempt: int = 1


@dataclass(frozen=True)
class StartIngest:
    """Read the images and make their dataset version, as a run with these weights would begin.

    `ingest` is the digest of what was asked for. `former_dataset` as `StartTraining` has it; `run`
    and `training_hash` are those of the last run, where its version is what the spec asks for.
    """

    ingest: str
    initial_weights: str
    former_dataset: str = ""
    run: str = ""
    training_hash: str = ""
    attempt: int = 1


@dataclass(frozen=True)
class RemoveJob:
    """Stops the run if it is one in flight."""

    job: str


@dataclass(frozen=True)
class ExpireJob:
    """Let Kubernetes take a finished Job away some seconds after its end, which is recorded.

    None: it is kept after all.
    """

    job: str
    seconds: int | None


@dataclass(frozen=True)
class SuspendJob:
    job: str
    suspend: bool
