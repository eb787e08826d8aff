"""Where an image takes several people: what each of them said, and what they agree on.

A vote is what one person said. It lies beside the decisions, signed with a key of its own, and
nothing learns from it: a decision is made of votes once enough people said the same.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.review.decisions import Decision, Known, Signer

VOTES = "votes"
PURPOSE = b"vote"


def place_of(root: Location, namespace: str, name: str) -> Location:
    """Where votes about a resource's answers lie."""
    return root.child(namespace).child(name).child(VOTES)


def signer_of(decisions: Signer) -> Signer:
    """Signs votes, so that none can be laid among the decisions."""
    key = hmac.digest(decisions.key, PURPOSE, "sha256")
    return Signer(decisions.namespace, decisions.name, key)


def known_votes(store: ObjectStore, root: Location, decisions: Signer) -> Known:
    """The last vote of each person about each image."""
    place = place_of(root, decisions.namespace, decisions.name)
    return Known(store, place, signer_of(decisions), lambda vote: f"{vote.image} {vote.by}")


@dataclass(frozen=True)
class Ballot:
    """The last vote of each person, by image."""

    votes: Mapping[str, Mapping[str, Decision]]

    @classmethod
    def of(cls, votes: Iterable[Decision]) -> "Ballot":
        found: dict[str, dict[str, Decision]] = {}
        for vote in sorted(votes, key=lambda vote: vote.time):
            found.setdefault(vote.image, {})[vote.by] = vote
        return cls(found)

    def voted(self, person: str) -> set[str]:
        """The images that this person said something about."""
        return {image for image, votes in self.votes.items() if person in votes}

    def people(self, image: str) -> int:
        return len(self.votes.get(image, {}))


def agreed(votes: Iterable[Decision], people: int) -> Decision | None:
    """What so many people said of one image, or None. `votes` holds one of each person.

    It is what the last of them said, by all of them: `ada, bob`.
    """
    by_word: dict[str | None, list[Decision]] = {}
    for vote in sorted(votes, key=lambda vote: (vote.time, vote.by)):
        same = by_word.setdefault(vote.says(), [])
        same.append(vote)
        if len(same) >= people:
            names = ", ".join(sorted(each.by for each in same))
            return vote.model_copy(update={"by": names})
    return None
