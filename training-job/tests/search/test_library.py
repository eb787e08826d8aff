"""What is kept of trials: written once, read back whole, and who of them wins."""

from typing import Any

import pytest
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.settings.search import Search
from dandelion_training.ports.storage import Location
from dandelion_training.search.library import Trials
from dandelion_training.search.records import Basis, Outcome, TrialResult
from fakes.s3 import MemoryStore
from given.searches import FOLDER, SEARCH

BASIS = Basis(dataset="sha256:d", initial_weights="none")


def trials(store: MemoryStore | None = None) -> Trials:
    """Of a search of three, as another pod sees them."""
    return Trials(store or MemoryStore(), Location.parse(FOLDER), Search.model_validate(SEARCH))


def result(number: int, outcome: Outcome = Outcome.COMPLETE, **values: Any) -> TrialResult:
    given = {"dataset": BASIS.dataset, "parameters": {"batch_size": 5}} | values
    return TrialResult(trial=number, outcome=outcome, **given)


def test_what_all_trials_rest_on_is_what_the_first_settled() -> None:
    store = MemoryStore()
    assert trials(store).basis() is None
    assert trials(store).settle(BASIS) == BASIS
    assert trials(store).settle(Basis(dataset="sha256:e", initial_weights="auto")) == BASIS
    assert trials(store).basis() == BASIS


def test_a_trial_keeps_the_parameters_that_it_was_begun_with() -> None:
    store = MemoryStore()
    assert trials(store).begin(1, lambda: {"batch_size": 5}) == {"batch_size": 5}
    assert trials(store).begin(1, lambda: pytest.fail("it is asked again")) == {"batch_size": 5}
    assert trials(store).tried() == [{"batch_size": 5}]


def test_what_another_pod_wrote_meanwhile_stands() -> None:
    store = MemoryStore()

    def slowly() -> dict[str, Any]:
        trials(store).begin(1, lambda: {"batch_size": 5})
        return {"batch_size": 10}

    assert trials(store).begin(1, slowly) == {"batch_size": 5}
    assert trials(store).tried() == [{"batch_size": 5}]


def test_a_file_that_is_not_whole_is_none() -> None:
    store = MemoryStore()
    store.objects[f"{FOLDER}/trials/1/result.json"] = b'{"trial": 1,'
    store.objects[f"{FOLDER}/trials/1/parameters.json"] = b"{"
    store.objects[f"{FOLDER}/trials/1/curve.json"] = b""
    assert trials(store).results() == []
    assert trials(store).tried() == []
    assert trials(store).curves(besides=0) == []


def test_results_come_by_their_number_and_not_from_other_searches() -> None:
    store = MemoryStore()
    for number in (2, 0, 3):
        trials(store).finish(result(number, value=0.1 * number))
    assert [found.trial for found in trials(store).results()] == [0, 2]


def test_a_result_that_there_is_stays() -> None:
    store = MemoryStore()
    assert trials(store).result(0) is None
    first = trials(store).finish(result(0, value=0.4))
    assert trials(store).finish(result(0, value=0.9)) == first
    assert trials(store).result(0) == first


def test_a_result_is_read_once() -> None:
    store = MemoryStore()
    trials(store).finish(result(0, value=0.4))
    found = trials(store)
    first = found.results()
    del store.objects[f"{FOLDER}/trials/0/result.json"]
    assert found.results() == first


@pytest.mark.parametrize(
    ("besides", "curves"),
    [
        pytest.param(0, [{1: 0.3, 2: 0.4}], id="of those that are over, as far as they came"),
        pytest.param(1, [{1: 0.5}], id="of those under way, as far as they are"),
        pytest.param(2, [{1: 0.5}, {1: 0.3, 2: 0.4}], id="not of one that failed"),
    ],
)
def test_the_curves_of_the_others(besides: int, curves: list[dict[int, float]]) -> None:
    found = trials()
    found.tell(0, {1: 0.5})
    for number, outcome in ((1, Outcome.PRUNED), (2, Outcome.FAILED)):
        found.tell(number, {1: 0.9})
        found.finish(result(number, outcome, values={1: 0.3, 2: 0.4}))
    assert found.curve(0) == {1: 0.5}
    assert found.curve(3) == {}
    assert sorted(found.curves(besides), key=len) == curves


def test_a_trial_without_an_epoch_has_no_curve() -> None:
    found = trials()
    found.tell(0, {})
    found.finish(result(1, Outcome.PRUNED))
    assert found.curves(besides=2) == []


def unsettled() -> Trials:
    """All are over, and what they rest on is gone."""
    found = trials()
    for number in range(3):
        found.finish(result(number, value=0.5))
    return found


def over(*values: float | None, dataset: str = BASIS.dataset) -> Trials:
    """Of a search of three, with the values of those that came to an end."""
    found = trials()
    found.settle(BASIS)
    for number, value in enumerate(values):
        found.finish(
            result(
                number,
                Outcome.FAILED if value is None else Outcome.COMPLETE,
                dataset=dataset,
                value=value,
                message="The loss stopped being a number." if value is None else "",
            )
        )
    return found


@pytest.mark.parametrize(
    ("values", "winner", "failed"),
    [
        pytest.param((0.5, 0.9, 0.7), 1, 0, id="the best"),
        pytest.param((0.5, 0.9, 0.9), 1, 0, id="of two that are equal the first"),
        pytest.param((None, None, 0.1), 2, 2, id="failed ones do not count"),
    ],
)
def test_the_winner(values: tuple[float | None, ...], winner: int, failed: int) -> None:
    found = over(*values).winner()
    assert (found.trial, found.trials, found.failed, found.pruned) == (winner, 3, failed, 0)
    assert (found.value, found.metric) == (values[winner], "accuracy")
    assert found.by_spec == {"batchSize": 5}


def test_trials_that_were_given_up_are_counted_apart() -> None:
    found = trials()
    found.settle(BASIS)
    found.finish(result(0, Outcome.PRUNED, values={1: 0.99}))
    found.finish(result(1, value=0.2))
    found.finish(result(2, Outcome.FAILED, message="The loss stopped being a number."))
    winner = found.winner()
    assert (winner.trial, winner.pruned, winner.failed) == (1, 1, 1)


def test_where_every_trial_was_given_up_the_run_says_so() -> None:
    found = trials()
    found.settle(BASIS)
    for number in range(3):
        found.finish(result(number, Outcome.PRUNED))
    with pytest.raises(TrainingFailure, match="None of 3 trials came to an end: none was complete"):
        found.winner()


def test_the_winner_stays_who_it_was() -> None:
    found = over(0.5, 0.9, 0.7)
    first = found.winner()
    place = f"{FOLDER}/trials/0/result.json"
    assert isinstance(found.store, MemoryStore)
    found.store.objects[place] = found.store.objects[place].replace(b"0.5", b"0.99")
    again = Trials(found.store, found.root, found.search)
    assert again.winner() == first


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(lambda: over(0.5, 0.9), "1 left no result", id="a result was removed"),
        pytest.param(unsettled, "nobody left basis.json", id="what they rest on was removed"),
        pytest.param(
            lambda: over(None, None, None), "The loss stopped being a number", id="none worked"
        ),
        pytest.param(
            lambda: over(0.5, 0.9, 0.7, dataset="sha256:other"),
            "None of 3 trials came to an end",
            id="all are of other images",
        ),
    ],
)
def test_without_a_winner_a_run_says_why(found: Any, said: str) -> None:
    with pytest.raises(TrainingFailure, match=said) as caught:
        found().winner()
    assert (caught.value.reason, caught.value.exit_code) == (Reason.SEARCH_FAILED, 64)
