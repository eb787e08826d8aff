"""Actions on the registry: versions, their verdicts and aliases."""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.seen.versions import StoredArtifact


@dataclass(frozen=True)
class SetVerdict:
    """`comparison` is the digest of the document that it rests on, "" where there is none; `by` is
    who or what gave the version the alias. None, and what is known of it is left as it is.
    """

    version: int
    verdict: str
    reason: str
    gate: str
    replaces: str = ""
    comparison: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class SetAlias:
    alias: str
    version: int


@dataclass(frozen=True)
class RemoveAlias:
    alias: str


@dataclass(frozen=True)
class ConfirmAlias:
    """Nothing is written after this unless the alias still names that version, or none."""

    alias: str
    version: int | None


@dataclass(frozen=True)
class BeginRestoring:
    """The registered model, marked as one that lacks versions until `EndRestoring`."""


@dataclass(frozen=True)
class RegisterVersion:
    """Register an artifact again, with the tags that training wrote and a verdict or none."""

    artifact: StoredArtifact
    training_hash: str
    verdict: str = ""
    reason: str = ""


@dataclass(frozen=True)
class EndRestoring:
    pass
