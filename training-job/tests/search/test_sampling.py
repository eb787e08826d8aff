"""What a trial proposes: within the bounds, the same each time, and better with every result."""

import math
import random

import pytest
from dandelion_training.ports.settings.search import Search, Value
from dandelion_training.search.records import Outcome, TrialResult
from dandelion_training.search.sampling import proposal

OWN: dict[str, Value] = {
    "learning_rate": 0.001,
    "batch_size": 32,
    "epochs": 10,
    "augmentation": "light",
}
EVERYTHING = {
    "learningRate": {"min": 0.0001, "max": 0.1},
    "batchSize": {"values": [16, 32, 64]},
    "epochs": {"values": [5, 10]},
    "augmentation": {"strength": {"values": ["none", "light", "strong"]}},
}


def search(max_trials: int = 30, **parameters: object) -> Search:
    return Search.model_validate({"parameters": parameters, "maxTrials": max_trials})


def result(
    trial: int, value: float, outcome: Outcome = Outcome.COMPLETE, **parameters: Value
) -> TrialResult:
    return TrialResult(
        trial=trial,
        dataset="sha256:d",
        parameters=parameters,
        outcome=outcome,
        value=value if outcome is Outcome.COMPLETE else None,
        values={1: value},
    )


def asked(
    wanted: Search, trial: int = 1, results: list[TrialResult] | None = None
) -> dict[str, Value]:
    found = results or []
    return proposal(wanted, OWN, "run1", trial, found, [dict(r.parameters) for r in found])


def test_the_first_trial_tries_what_the_spec_says() -> None:
    assert asked(search(**EVERYTHING), trial=0) == OWN


def test_where_that_lies_outside_the_search_it_is_drawn() -> None:
    higher = {"learningRate": {"min": 0.01, "max": 0.1}, "batchSize": {"values": [16, 32]}}
    found = asked(search(**higher), trial=0)
    assert found["batch_size"] == 32
    assert isinstance(found["learning_rate"], float)
    assert 0.01 <= found["learning_rate"] <= 0.1


def test_every_proposal_lies_within_the_search() -> None:
    wanted, results = search(**EVERYTHING), []
    domains = wanted.parameters.domains
    for trial in range(1, 25):
        found = asked(wanted, trial, results)
        assert found.keys() == domains.keys()
        assert all(found[name] in domain for name, domain in domains.items())
        outcome = (Outcome.COMPLETE, Outcome.PRUNED, Outcome.FAILED)[trial % 3]
        results.append(result(trial, trial / 100, outcome, **found))


def test_the_same_results_give_the_same_proposal_in_whichever_order_they_are_read() -> None:
    wanted, results = search(**EVERYTHING), []
    for trial in range(1, 15):
        results.append(result(trial, math.sin(trial), **asked(wanted, trial, results)))
    again = [TrialResult.model_validate_json(r.model_dump_json()) for r in results]
    random.Random(4).shuffle(again)
    assert asked(wanted, 20, again) == asked(wanted, 20, results)


def test_two_trials_that_begin_at_once_try_something_different() -> None:
    wanted = search(**EVERYTHING)
    assert asked(wanted, 1) != asked(wanted, 2)


def test_what_was_tried_is_not_tried_again_while_there_is_something_else() -> None:
    wanted = search(batchSize={"values": [16, 32, 64]})
    results = [result(0, 0.5, batch_size=32), result(1, 0.9, batch_size=16)]
    assert [asked(wanted, trial, results)["batch_size"] for trial in range(2, 8)] == [64] * 6


@pytest.mark.parametrize("best", [0.0003, 0.03])
def test_proposals_come_nearer_to_what_did_well(best: float) -> None:
    wanted, results = search(60, learningRate={"min": 0.00001, "max": 1}), []

    def distance(found: dict[str, Value]) -> float:
        return abs(math.log10(float(found["learning_rate"]) / best))

    for trial in range(40):
        found = asked(wanted, trial, results)
        results.append(result(trial, -distance(found), **found))
    first, last = (
        [distance(dict(r.parameters)) for r in part] for part in (results[:10], results[-10:])
    )
    assert sum(last) < 0.6 * sum(first)
