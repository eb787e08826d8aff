"""Champion and challenger on one holdout, worked out by hand and against scikit-learn."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from dandelion_training.evaluate.answers.record import Answers
from dandelion_training.evaluate.comparison import Comparison, NotComparable, compare
from dandelion_training.evaluate.comparison.bootstrap import QUANTILES, Counts, bootstrapped
from dandelion_training.evaluate.comparison.record import (
    file_name,
    read_comparison,
    write_comparison,
)
from dandelion_training.evaluate.documents import Unreadable
from given.documents import Document, put
from given.evaluation.made_up import CHALLENGER, CHAMPION, answers
from sklearn.metrics import f1_score

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


def ours(shown: list[tuple[str, str, str]] = SHOWN, classes: tuple[str, ...] = NEW) -> Answers:
    return answers(classes, [(truth, told) for truth, told, _ in shown])


def theirs(shown: list[tuple[str, str, str]] = SHOWN, classes: tuple[str, ...] = OLD) -> Answers:
    return answers(classes, [(truth, told) for truth, _, told in shown], CHAMPION)


def compared(challenger: Answers, champion: Answers, resamples: int = 200) -> Comparison:
    found = compare(challenger, champion, resamples)
    assert isinstance(found, Comparison)
    return found


def refusal(challenger: Answers, champion: Answers) -> str:
    found = compare(challenger, champion, 10)
    assert isinstance(found, NotComparable)
    return found.reason


def test_two_models_by_hand() -> None:
    found = json.loads(write_comparison(compared(ours(), theirs())))
    assert found["both"] == {"right": 2, "challengerOnly": 2, "championOnly": 1, "wrong": 1}
    assert found["images"] == 6
    assert found["accuracy"] == {"challenger": 0.666667, "champion": 0.5}
    assert found["recall"] == {
        "dandelion": {"challenger": 0.666667, "champion": 0.666667, "images": 3},
        "grass": {"challenger": 0.666667, "champion": 0.333333, "images": 3},
    }
    # Challenger: F1 of both classes 2·2/(3 + 2); champion: 2·2/(3 + 4) and 2·1/(3 + 2).
    assert found["macroF1"]["challenger"] == 0.8
    assert found["macroF1"]["champion"] == pytest.approx((4 / 7 + 2 / 5) / 2, abs=1e-6)
    assert found["classes"] == {"shared": [*OLD], "gained": ["moss"], "lost": []}
    assert found["neverAnswered"] == {"challenger": [], "champion": []}
    assert (found["challenger"], found["champion"]) == (CHALLENGER, CHAMPION)


def test_the_record_is_named_by_the_two_contracts() -> None:
    assert file_name(CHALLENGER, CHAMPION) == f"{'a' * 64}-{'b' * 64}.json"


def test_an_image_whose_class_only_one_model_knows_is_not_compared() -> None:
    challenger = answers(NEW, [("dandelion", "grass"), ("grass", "grass"), ("moss", "moss")])
    champion = answers(OLD, [("dandelion", "grass"), ("grass", "dandelion")], CHAMPION)
    found = compared(challenger, champion)
    assert found.both.images == 2
    assert found.gained == ("moss",)
    assert set(found.recall) == {"dandelion", "grass"}
    assert found.never_answered == (("dandelion",), ())


def test_a_new_class_on_an_image_of_an_old_one_is_a_wrong_answer() -> None:
    shown = [("dandelion", "moss", "dandelion"), ("grass", "grass", "grass")]
    found = compared(ours(shown), theirs(shown))
    assert found.both.champion_only == 1
    assert found.recall["dandelion"].challenger == 0
    assert found.macro_f1 == (0.5, 1)


def test_a_class_that_the_challenger_lost_is_named() -> None:
    shown = [("dandelion", "dandelion", "moss"), ("grass", "grass", "grass")]
    found = compared(ours(shown, OLD), theirs(shown, NEW))
    assert (found.shared, found.gained, found.lost) == (OLD, (), ("moss",))
    assert found.both.challenger_only == 1


def test_the_order_of_the_classes_in_a_model_does_not_matter() -> None:
    same = compared(ours(), theirs(classes=("grass", "dandelion")))
    assert same == compared(ours(), theirs())


def test_a_shared_class_without_images_has_no_recall() -> None:
    shown = [("grass", "grass", "grass")]
    assert set(compared(ours(shown), theirs(shown)).recall) == {"grass"}


def test_what_cannot_be_compared_says_why() -> None:
    other = answers(OLD, [("grass", "grass")], CHAMPION)
    elsewhere = Answers(**{**vars(other), "dataset": "sha256:" + "0" * 64})
    assert "evaluate the champion on the challenger's version" in refusal(ours(), elsewhere)
    assert "no class in common" in refusal(ours(), answers(("oak",), [("oak", "oak")]))
    assert "answered by one model only" in refusal(ours(), theirs(SHOWN[:4]))
    relabelled = [("grass", *SHOWN[0][1:]), *SHOWN[1:]]
    assert "the true class of 1 images" in refusal(ours(), theirs(relabelled))
    only_moss = answers(NEW, [("moss", "moss")])
    only_oak = answers(("dandelion", "oak"), [("oak", "oak")], CHAMPION)
    assert "no image of a class that both" in refusal(only_moss, only_oak)


def chance_answers(
    images: int, classes: int, errors: tuple[float, float], seed: int = 0
) -> tuple[Counts, Counts, Counts]:
    chance = np.random.default_rng(seed)
    label = chance.integers(classes, size=images)
    first, second = (
        np.where(chance.random(images) < error, chance.integers(classes, size=images), label)
        for error in errors
    )
    return label, first, second


@pytest.mark.parametrize(
    ("images", "classes", "errors"),
    [
        pytest.param(300, 3, (0.2, 0.25), id="few classes, every cell often"),
        pytest.param(300, 25, (0.5, 0.6), id="many classes, most cells once"),
        pytest.param(90, 45, (0.9, 0.1), id="classes of two images"),
    ],
)
def test_the_bootstrap_is_that_of_drawing_images(
    images: int, classes: int, errors: tuple[float, float]
) -> None:
    label, first, second = chance_answers(images, classes, errors)
    quantiles = bootstrapped(label, first, second, classes, "seed", 4000)
    chance = np.random.default_rng(1)
    drawn = []
    for _ in range(300):
        rows = chance.integers(images, size=images)
        scores = [
            f1_score(
                label[rows],
                told[rows],
                labels=np.unique(label[rows]),
                average="macro",
                zero_division=0,
            )
            for told in (first, second)
        ]
        drawn.append(scores[0] - scores[1])
    spread = float(np.std(drawn))
    for share in (0.025, 0.25, 0.5, 0.75, 0.975):
        found = quantiles[QUANTILES.index(share)]
        assert found == pytest.approx(np.quantile(drawn, share), abs=0.3 * spread)


def test_the_quantiles_go_from_half_a_percent_to_995_per_thousand() -> None:
    assert len(QUANTILES) == 199
    assert (QUANTILES[0], QUANTILES[99], QUANTILES[-1]) == (0.005, 0.5, 0.995)
    quantiles = bootstrapped(*chance_answers(500, 4, (0.1, 0.2)), 4, "seed")
    assert list(quantiles) == sorted(quantiles)
    assert quantiles[0] > 0  # ten points better on five hundred images


def test_the_same_answers_give_the_same_record() -> None:
    assert write_comparison(compared(ours(), theirs())) == write_comparison(
        compared(ours(), theirs())
    )


def test_equal_models_differ_by_nothing() -> None:
    found = compared(ours(), answers(NEW, [(truth, told) for truth, told, _ in SHOWN], CHAMPION))
    assert set(found.bootstrap) == {0}
    assert found.both.challenger_only == found.both.champion_only == 0


def test_two_thousand_classes_are_compared_at_once() -> None:
    names = [f"species number {number}" for number in range(2000)]
    label, first, second = chance_answers(6000, 2000, (0.2, 0.3))
    pairs = [
        answers(names, [(names[t], names[a]) for t, a in zip(label, told, strict=True)], contract)
        for told, contract in ((first, CHALLENGER), (second, CHAMPION))
    ]
    found = compared(pairs[0], pairs[1], resamples=2000)
    assert found.accuracy[0] == pytest.approx((label == first).mean())
    content = write_comparison(found)
    assert len(content) < 400_000
    assert isinstance(read_comparison(content), Comparison)


def test_what_is_written_is_read_back() -> None:
    content = write_comparison(compared(ours(), theirs()))
    read = read_comparison(content)
    assert isinstance(read, Comparison)
    assert write_comparison(read) == content
    assert read.recall == compared(ours(), theirs()).recall


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(put("apiVersion", value="v2"), "apiVersion", id="another version"),
        pytest.param(put("dataset", value="x"), "dataset", id="no digest"),
        pytest.param(put("verdict", value="yes"), "verdict", id="a field that nobody knows"),
        pytest.param(put("images", value=7), "6 images by who was right, 7", id="one too many"),
        pytest.param(put("both", "right", value=-1), "both.right", id="a negative count"),
        pytest.param(put("accuracy", "champion", value=0.9), "accuracy", id="another accuracy"),
        pytest.param(
            put("recall", "grass", "champion", value=1.0), "recall does not", id="another recall"
        ),
        pytest.param(put("recall", "grass", "images", value=9), "every image", id="other images"),
        pytest.param(put("classes", "gained", value=["grass"]), "twice", id="a class twice"),
        pytest.param(
            put("neverAnswered", "champion", value=["oak"]), "shared", id="a class from nowhere"
        ),
        pytest.param(put("macroF1", "bootstrap", value=[0.0]), "bootstrap", id="few quantiles"),
        pytest.param(put("macroF1", "bootstrap", 0, value=1.0), "ascend", id="out of order"),
        pytest.param(put("macroF1", "bootstrap", 0, value=-2.0), "bootstrap", id="below -1"),
    ],
)
def test_a_comparison_that_does_not_add_up_is_refused_with_the_reason(
    change: Callable[[Document], None], says: str
) -> None:
    found = json.loads(write_comparison(compared(ours(), theirs())))
    change(found)
    read = read_comparison(json.dumps(found).encode())
    assert isinstance(read, Unreadable)
    assert says in read.reason


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"null"])
def test_what_is_no_document_is_refused(content: bytes) -> None:
    assert isinstance(read_comparison(content), Unreadable)
