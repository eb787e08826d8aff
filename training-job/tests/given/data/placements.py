"""Short ways to split what was drawn, and to say what became of it."""

from collections.abc import Collection, Mapping, Sequence

from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.split import split
from dandelion_training.data.split.groups import group
from dandelion_training.data.split.member import Member
from dandelion_training.data.split.placement import Placement


def placed(
    members: Sequence[Member],
    fraction: float = 0.2,
    former: Mapping[str, Split] | None = None,
    learnt: Collection[str] = (),
) -> Placement:
    return split(members, group(members), fraction, former or {}, learnt)


def by_content(members: Sequence[Member], placement: Placement) -> dict[str, Split | None]:
    return dict(zip([m.sha256 for m in members], placement.splits, strict=True))


def manifest(members: Sequence[Member], placement: Placement) -> dict[str, Split]:
    """What a version remembers: the images that are in it."""
    found = by_content(members, placement)
    return {sha256: side for sha256, side in found.items() if side is not None}


def held_out(placement: Placement) -> int:
    return placement.splits.count(Split.HOLDOUT)


def all_as(members: Sequence[Member], side: Split) -> dict[str, Split]:
    return {member.sha256: side for member in members}
