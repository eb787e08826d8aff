"""What became of the files of a dataset, for people: counts, what was left out and why, warnings.

It lies beside the version and takes no part in its digest. The operator's status, MLflow and the
command `dataset show` tell from it.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dandelion_training.data.layout.assignments import Rejected, RejectionKind
from dandelion_training.data.layout.fetched import Addresses
from dandelion_training.data.version.manifest import VersionError
from dandelion_training.ports.documents import canonical_json

API_VERSION = "dandelion.dev/dataset-report/v1"
EXAMPLES = 1000  # files named in a report; the counts are of all


@dataclass(frozen=True)
class ClassShare:
    """How the images of a class are split."""

    train: int
    holdout: int

    @property
    def held_out(self) -> float:
        return self.holdout / max(1, self.train + self.holdout)


@dataclass(frozen=True)
class SuspectedPair:
    """Two images that look the same and have two labels: one of the labels is probably wrong."""

    first: str  # key
    second: str
    first_label: str
    second_label: str


@dataclass(frozen=True)
class VersionReport:
    """The report of one dataset version."""

    reading: str  # how the layout was understood
    classes: Mapping[str, ClassShare]
    rejected: Mapping[str, int]  # by kind, all of them
    rejected_files: Sequence[Rejected]  # the first of them
    ignored: Sequence[str]  # a line a sort
    suspects: Sequence[SuspectedPair]
    suspect_pairs: int  # how many there are; the list is bounded
    near_duplicates: int  # images that look like another of their class, beyond the first of each
    warnings: Sequence[str]
    former: str  # digest, empty where there was none
    objects_read: int
    bytes_read: int
    addresses: Addresses | None = None  # where a table of them is part of the dataset

    @property
    def images(self) -> int:
        return sum(share.train + share.holdout for share in self.classes.values())

    @property
    def holdout(self) -> int:
        return sum(share.holdout for share in self.classes.values())

    def encoded(self) -> bytes:
        return canonical_json({"apiVersion": API_VERSION, **asdict(self)})


def rejections(rejected: Sequence[Rejected]) -> dict[str, int]:
    """How many files were left out for which kind of reason."""
    return dict(sorted(Counter(item.kind.value for item in rejected).items()))


def read_report(content: bytes) -> VersionReport:
    """The report in a document; raises VersionError."""
    try:
        found: dict[str, Any] = json.loads(content)
        if found.pop("apiVersion") != API_VERSION:
            raise VersionError(f"does not name {API_VERSION}")
        found["classes"] = {name: ClassShare(**share) for name, share in found["classes"].items()}
        found["rejected_files"] = [
            Rejected(item["key"], item["reason"], item["label"], RejectionKind(item["kind"]))
            for item in found["rejected_files"]
        ]
        found["suspects"] = [SuspectedPair(**pair) for pair in found["suspects"]]
        if found.get("addresses") is not None:
            found["addresses"] = Addresses(**found["addresses"])
        return VersionReport(**found)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VersionError(f"is no report of a dataset version: {error}") from error
