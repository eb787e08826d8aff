"""What was read of versions: the registry, verdicts, and what a contract holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dandelion_operator.api.location import Target
from dandelion_operator.seen.comparison import ClassFigures


class Verdict:
    """Values of the tag dandelion.dev/verdict on a version."""

    PASSED = "passed"  # the gate let it through; the alias still names the former champion
    PROMOTING = "promoting"  # the former champion has lost the alias, and this one is to get it
    PROMOTED = "promoted"
    REJECTED = "rejected"
    UNDECIDED = "undecided"
    AWAITING = "awaiting"
    OBSERVED = "observed"
    RESTORED = "restored"  # judged before the registry was lost; how, is not known any more


@dataclass(frozen=True)
class VersionSeen:
    version: int
    source: str
    run_id: str = ""
    run: str = ""
    training_hash: str = ""
    contract_digest: str = ""
    dataset_digest: str = ""
    verdict: str = ""
    verdict_reason: str = ""
    gate: str = ""
    replaces: str = ""
    created: int = 0  # when it was registered, in seconds since 1970; 0: not known

    @property
    def target(self) -> Target:
        return Target(self.version, self.source, self.contract_digest)


@dataclass(frozen=True)
class RegistrySeen:
    champion: int | None = None
    challenger: int | None = None
    versions: tuple[VersionSeen, ...] = ()  # newest first
    # When MLflow made the registered model, in seconds since 1970; 0: there is none.
    created: int = 0
    restoring: bool = False
    # Who gave the alias champion to the version that it names, as the cluster names them; empty:
    # MLflow does not know.
    moved_by: str = ""
    # What the alias champion names, where a former resource of this name left it there.
    left: VersionSeen | None = None
    # What this resource's Deployment is of, whatever the registry knows of it by now.
    deployed: Target | None = None

    @property
    def alias(self) -> int | None:
        """What the alias champion names, whether or not it may be served."""
        return self.left.version if self.left is not None else self.champion

    @property
    def incumbent(self) -> VersionSeen | None:
        """The champion; where the alias names none, what serves all the same.

        A person may delete the champion or its alias, and what is to come next is compared with
        what it would replace.
        """
        champion, deployed = self.version(self.champion), self.deployed
        if champion is not None or deployed is None:
            return champion
        known = self.version(deployed.version)
        if known is not None and known.target == deployed:
            return known
        return VersionSeen(
            deployed.version, deployed.artifact_uri, contract_digest=deployed.contract_digest
        )

    def version(self, number: int | None) -> VersionSeen | None:
        return next((item for item in self.versions if item.version == number), None)

    def of_contract(self, digest: str) -> VersionSeen | None:
        return next(
            (item for item in self.versions if digest and item.contract_digest == digest), None
        )

    def of_run(self, run: str) -> VersionSeen | None:
        return next((item for item in self.versions if run and item.run == run), None)


@dataclass(frozen=True)
class ContractSeen:
    """A contract.json whose bytes match the digest, and whose files are all there."""

    metrics: Mapping[str, float]
    dataset_digest: str | None = None
    images: int | None = None
    classes: tuple[str, ...] = ()
    precision: str = "fp32"
    holdout: int | None = None
    model: str = ""  # the registered model that it was made for
    dataset_uri: str = ""  # where the images lay that it learnt from
    by_class: Mapping[str, ClassFigures] = field(default_factory=dict)

    @property
    def never_answered(self) -> tuple[str, ...]:
        """The classes with images in the holdout that the model gave to none of all its images."""
        return tuple(
            name for name, found in self.by_class.items() if found.images and found.predicted == 0
        )


@dataclass(frozen=True)
class StoredArtifact:
    """A complete artifact in S3, as its contract describes it."""

    run: str
    source: str
    contract_digest: str
    dataset_digest: str = ""
    image: str = ""
    git_revision: str = ""
    precision: str = ""
