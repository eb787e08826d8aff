"""Which decisions count for a version's accuracy."""

from typing import Any

import pytest
from dandelion_training.review.accuracy.figures import LiveAccuracy, live_accuracies
from dandelion_training.review.decisions import Decision
from given.reviews import CONTRACT, digest

OTHER = f"sha256:{'d' * 64}"


def decision(number: int, label: str | None = "grass", **about: Any) -> Decision:
    """That image `number`, which was answered with grass, shows something."""
    said: dict[str, Any] = {
        "id": f"answer-{number}",
        "index": 0,
        "imageSha256": digest(number),
        "label": label,
        "reject": label is None,
        "source": "sample",
        "answered": "grass",
        "contract": CONTRACT,
        "version": "3",
        "by": "ada",
        "time": f"2026-03-10T12:00:{number:02}.000Z",
    }
    return Decision.model_validate(said | about)


def counts(found: LiveAccuracy) -> tuple[int, int, int, int]:
    return found.reviewed, found.right, found.rejected, found.corrections


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        pytest.param([decision(1), decision(2)], (2, 2, 0, 0), id="what was confirmed is right"),
        pytest.param(
            [decision(1, "dandelion")], (1, 0, 0, 0), id="what has another label is wrong"
        ),
        pytest.param([decision(1, "moss")], (1, 0, 0, 0), id="what is of a new class too"),
        pytest.param(
            [decision(1), decision(2, None)], (1, 1, 1, 0), id="what was rejected is neither"
        ),
        pytest.param(
            [decision(1), decision(2, "dandelion", source="correction")],
            (1, 1, 0, 1),
            id="what somebody complained of is no sample",
        ),
        pytest.param(
            [decision(1, None, source="correction")],
            (0, 0, 0, 1),
            id="what somebody complained of and was rejected neither",
        ),
    ],
)
def test_what_counts(decisions: list[Decision], expected: tuple[int, int, int, int]) -> None:
    (found,) = live_accuracies(decisions)
    assert counts(found) == expected


def test_each_artifact_has_its_own_and_the_last_decided_comes_first() -> None:
    found = live_accuracies(
        [decision(1), decision(9, contract=OTHER, version="4"), decision(2, "dandelion")]
    )
    assert [(one.version, one.contract, counts(one)) for one in found] == [
        ("4", OTHER, (1, 1, 0, 0)),
        ("3", CONTRACT, (2, 1, 0, 0)),
    ]


def test_a_version_that_was_registered_again_is_the_same_artifact() -> None:
    (found,) = live_accuracies([decision(1), decision(2, version="1")])
    assert (found.version, found.reviewed) == ("1", 2)


@pytest.mark.parametrize("contract", ["", "sha256:short", f"../{CONTRACT}", f"{CONTRACT}/x"])
def test_what_names_no_contract_counts_for_nobody(contract: str) -> None:
    assert live_accuracies([decision(1, contract=contract)]) == []


def test_nothing_labelled_has_no_accuracy_and_says_nothing() -> None:
    (found,) = live_accuracies([decision(1, None)])
    assert (found.accuracy, found.lower, found.upper) == (None, 0.0, 1.0)


def test_it_does_not_matter_in_which_order_they_are_read() -> None:
    decisions = [decision(number, "grass" if number % 3 else "moss") for number in range(12)]
    assert live_accuracies(decisions) == live_accuracies(decisions[::-1])
