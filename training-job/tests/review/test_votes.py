"""What several people agree on, as a table."""

import pytest
from dandelion_training.review.decisions import Decision
from dandelion_training.review.votes import Ballot, agreed


def vote(by: str, label: str | None, second: int) -> Decision:
    return Decision.model_validate(
        {
            "id": "answer-1",
            "index": 0,
            "imageSha256": "a" * 64,
            "source": "sample",
            "by": by,
            "time": f"2026-03-10T12:00:{second:02}.000Z",
            "reject": label is None,
            "label": label,
        }
    )


ADA, BOB, EVE = vote("ada", "grass", 1), vote("bob", "grass", 2), vote("eve", "moss", 3)


@pytest.mark.parametrize(
    ("votes", "people", "said"),
    [
        pytest.param([], 2, None, id="nobody"),
        pytest.param([ADA], 2, None, id="one of two"),
        pytest.param([ADA, BOB], 2, ("grass", "ada, bob", BOB.time), id="two of two"),
        pytest.param([BOB, ADA], 2, ("grass", "ada, bob", BOB.time), id="in any order"),
        pytest.param([ADA, EVE], 2, None, id="two who disagree"),
        pytest.param([ADA, EVE, BOB], 2, ("grass", "ada, bob", BOB.time), id="a third decides"),
        pytest.param([ADA, BOB], 3, None, id="two of three"),
        pytest.param(
            [vote("ada", None, 1), vote("bob", None, 2)],
            2,
            (None, "ada, bob", BOB.time),
            id="a rejection",
        ),
        pytest.param([vote("ada", None, 1), BOB], 2, None, id="a rejection is no label"),
    ],
)
def test_so_many_have_to_say_the_same(
    votes: list[Decision], people: int, said: tuple[str | None, str, str] | None
) -> None:
    found = agreed(votes, people)
    assert (found and (found.label, found.by, found.time)) == said


def test_of_each_person_the_last_vote_counts() -> None:
    ballot = Ballot.of([vote("ada", "moss", 5), ADA, BOB])
    (votes,) = ballot.votes.values()
    assert {name: each.label for name, each in votes.items()} == {"ada": "moss", "bob": "grass"}
    assert agreed(votes.values(), 2) is None
    assert ballot.voted("ada") == {"a" * 64}
    assert ballot.people("a" * 64) == 2
