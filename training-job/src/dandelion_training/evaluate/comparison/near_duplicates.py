"""Which images of a holdout are near-duplicates: one view of one thing, which is one piece of
evidence however often it was photographed.

`run/evaluation` asks before two models are compared.
"""

from collections.abc import Mapping

from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.split.groups import group
from dandelion_training.data.split.member import Member
from dandelion_training.data.version.index import Index, UsableImage
from dandelion_training.data.version.manifest import DatasetVersion


def near_duplicates(version: DatasetVersion, index: Index) -> Mapping[str, int]:
    """The group of each holdout image, by SHA-256, as the split makes them: of one class and of
    bounded diameter. An image that the index does not know is missing, and a group by itself.
    """
    members = []
    for entry in version.of(Split.HOLDOUT):
        finding = index.find(entry.key)
        if isinstance(finding, UsableImage) and finding.sha256 == entry.sha256:
            members.append(Member(entry.sha256, entry.label, finding.fingerprint))
    if not members:
        return {}
    numbers = group(members).groups.tolist()
    return {member.sha256: number for member, number in zip(members, numbers, strict=True)}
