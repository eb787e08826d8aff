"""The dataset version that the newest run made."""

from __future__ import annotations

from pydantic import Field

from dandelion_operator.api.status.part import Part, Words

CLASS_LIMIT = 200  # a ModelDeployment has to fit into etcd's 1.5 MB
MANY_REJECTED = 0.05


class Addresses(Part):
    """What became of the addresses that a table names: `known` were fetched by a run before."""

    fetched: int = 0
    known: int = 0
    failed: int = 0


class DatasetInfo(Part):
    """The newest version that a run made; `share` is the part of its images that is held out.

    `from_addresses` and `from_reviews` are how many of the images came that way.
    """

    version: str | None = None
    images: int | None = None
    class_count: int | None = None
    classes: tuple[Words, ...] = ()
    holdout: int | None = None
    holdout_by_class: dict[str, int] = Field(default_factory=dict)
    share: float | None = None
    rejected: dict[str, int] = Field(default_factory=dict)
    from_addresses: int | None = None
    from_reviews: int | None = None
    addresses: Addresses | None = None
    warnings: tuple[Words, ...] = ()

    @property
    def rejected_files(self) -> int:
        return sum(self.rejected.values())

    @property
    def rejected_share(self) -> float:
        """Of all files that were taken for images."""
        every = (self.images or 0) + self.rejected_files
        return self.rejected_files / every if every else 0.0

    @property
    def rejects_many(self) -> bool:
        return self.rejected_share > MANY_REJECTED
