"""Several people want a page of the queue at the same time."""

from contextlib import ExitStack

import pytest
from dandelion_training.commands.review.service.turns import NoTurnError, Turns


def test_one_namespace_does_not_take_the_turns_of_others() -> None:
    turns = Turns(2, 0.01)
    with turns.turn("team"):
        with pytest.raises(NoTurnError), turns.turn("team"):
            pass
        with turns.turn("other"):
            pass
    with turns.turn("team"):
        pass


def test_so_many_have_a_turn_at_once() -> None:
    turns = Turns(2, 0.01)
    with ExitStack() as taken:
        taken.enter_context(turns.turn("team"))
        taken.enter_context(turns.turn("other"))
        with pytest.raises(NoTurnError), turns.turn("third"):
            pass


def test_a_page_that_fails_gives_its_turn_back() -> None:
    turns = Turns(1, 0.01)
    with pytest.raises(ValueError, match="no"), turns.turn("team"):
        raise ValueError("no")
    with turns.turn("team"):
        pass
