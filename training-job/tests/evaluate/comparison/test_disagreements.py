"""Where two models differ: whose mistakes a person sees first."""

import numpy as np
import pytest
from dandelion_training.evaluate.answers.record import Answers
from dandelion_training.evaluate.comparison import paired
from dandelion_training.evaluate.comparison.disagreements import Outcome, disagreements
from dandelion_training.evaluate.comparison.pairing import Paired
from given.evaluation.made_up import CHALLENGER, CHAMPION, answers, collected, image

OLD = ("dandelion", "grass")
NEW = ("dandelion", "grass", "moss")

# Truth, the challenger's answer, the champion's answer.
SHOWN = [
    ("dandelion", "dandelion", "dandelion"),
    ("dandelion", "dandelion", "grass"),
    ("dandelion", "moss", "dandelion"),
    ("grass", "grass", "grass"),
    ("grass", "moss", "dandelion"),
    ("grass", "grass", "dandelion"),
]


def shown_sure(sureness: list[tuple[float, float]]) -> tuple[Answers, Answers]:
    """`SHOWN`, with a logit for each model's answer."""
    models = []
    for place, classes, contract in ((1, NEW, CHALLENGER), (2, OLD, CHAMPION)):
        logits = np.zeros((len(SHOWN), len(classes)))
        for row, told in enumerate(SHOWN):
            logits[row, classes.index(told[place])] = sureness[row][place - 1]
        labels = [truth for truth, _, _ in SHOWN]
        models.append(collected(classes, labels, logits, contract).answers)
    return models[0], models[1]


def pairs_of(challenger: Answers, champion: Answers) -> Paired:
    found = paired(challenger, champion)
    assert isinstance(found, Paired)
    return found


def test_disagreements_come_by_outcome_the_surest_mistake_first() -> None:
    challenger, champion = shown_sure([(1, 1), (5, 1), (3, 9), (1, 1), (2, 8), (1, 4)])
    found = disagreements(challenger, champion, pairs_of(challenger, champion))
    assert [(item.sha256, item.outcome) for item in found] == [
        (image(5), Outcome.CHALLENGER),
        (image(1), Outcome.CHALLENGER),
        (image(2), Outcome.CHAMPION),
        (image(4), Outcome.NEITHER),
    ]
    neither = found[3]
    assert (neither.label, neither.challenger.label, neither.champion.label) == (
        "grass",
        "moss",
        "dandelion",
    )
    assert neither.champion.probability == pytest.approx(0.9997, abs=1e-4)


@pytest.mark.parametrize(
    ("at_most", "numbers"),
    [
        pytest.param(3, [5, 2, 4], id="the surest of each outcome"),
        pytest.param(2, [5, 2], id="no room for where neither is right"),
        pytest.param(0, [], id="none"),
    ],
)
def test_many_gains_do_not_crowd_out_the_losses(at_most: int, numbers: list[int]) -> None:
    challenger, champion = shown_sure([(1, 1), (5, 1), (3, 9), (1, 1), (2, 8), (1, 4)])
    found = disagreements(challenger, champion, pairs_of(challenger, champion), at_most)
    assert [item.sha256 for item in found] == [image(number) for number in numbers]


def test_two_answers_that_only_one_model_knows_each_are_a_disagreement() -> None:
    challenger = answers(("grass", "moss"), [("grass", "moss")])
    champion = answers(("grass", "fern"), [("grass", "fern")], CHAMPION)
    found = disagreements(challenger, champion, pairs_of(challenger, champion))
    assert [(item.challenger.label, item.champion.label) for item in found] == [("moss", "fern")]
