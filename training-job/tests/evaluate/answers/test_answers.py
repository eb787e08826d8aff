"""Answers are written as equal bytes, read back as they were, and refused where they do not fit."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from dandelion_training.evaluate.answers.collector import Collector, calibration_images
from dandelion_training.evaluate.answers.record import Answers, read_answers, write_answers
from dandelion_training.evaluate.documents import Unreadable
from given.evaluation.made_up import CHALLENGER, DATASET, answers, collected, image
from hypothesis import given, settings
from hypothesis import strategies as st

CLASSES = ("dandelion", "grass", "Löwenzahn")
TOLD = [("dandelion", "dandelion"), ("grass", "dandelion"), ("Löwenzahn", "grass")]

Lines = list[dict[str, Any]]


def lines(content: bytes) -> Lines:
    return [json.loads(line) for line in gzip.decompress(content).splitlines()]


def packed(found: Lines) -> bytes:
    return gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in found))


def same(left: Answers, right: Answers) -> bool:
    arrays = ("sha256", "label", "predicted", "top", "scores")
    return (left.dataset, left.contract, left.classes) == (
        right.dataset,
        right.contract,
        right.classes,
    ) and all(np.array_equal(getattr(left, name), getattr(right, name)) for name in arrays)


def test_a_line_says_what_was_shown_what_it_is_and_what_was_answered() -> None:
    header, *found = lines(write_answers(answers(CLASSES, TOLD)))
    assert header == {
        "apiVersion": "dandelion.dev/answers/v1",
        "dataset": DATASET,
        "contract": CHALLENGER,
        "classes": list(CLASSES),
        "images": 3,
    }
    assert [line["sha256"] for line in found] == sorted(image(n) for n in range(3))
    told = next(line for line in found if line["sha256"] == image(1))
    assert (told["label"], told["predicted"]) == ("grass", "dandelion")
    assert told["scores"] == {"dandelion": 0.786986, "grass": 0.106507, "Löwenzahn": 0.106507}


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(1, 30), st.booleans())
def test_what_is_written_is_read_back(seed: int, classes: int, images: int, ties: bool) -> None:
    chance = np.random.default_rng(seed)
    names = [f"class {number}" for number in range(classes)]
    labels = [names[number] for number in chance.integers(classes, size=images)]
    logits = chance.normal(0, 3, (images, classes))
    found = collected(names, labels, np.round(logits) if ties else logits).answers
    read = read_answers(write_answers(found))
    assert isinstance(read, Answers)
    assert same(read, found)


def test_the_order_of_the_images_changes_no_byte() -> None:
    written = set()
    for order in ([0, 1, 2], [2, 0, 1]):
        collector = Collector(CLASSES, [])
        for number in order:
            logits = np.eye(3, dtype=np.float32)[[number]]
            collector.add([image(number)], np.array([number]), logits)
        written.add(write_answers(collector.collected(DATASET, CHALLENGER).answers))
    assert len(written) == 1


def test_five_scores_are_kept_of_many_the_answer_first() -> None:
    logits = np.array([[1.0, 9, 3, 9, 5, 6, 7]])
    found = collected([*"abcdefg"], ["a"], logits).answers
    assert found.top.tolist() == [[1, 3, 6, 5, 4]]
    assert found.predicted.tolist() == [1]
    assert found.probability[0] == found.scores[0, 0] == pytest.approx(0.4533, abs=1e-4)


def test_only_the_sample_keeps_its_logits_log_densities_and_features() -> None:
    collector = Collector(CLASSES, calibrate_on=[image(1), image(2)])
    logits = np.arange(12, dtype=np.float32).reshape(4, 3)
    log_density = np.array([-4, -3, -2, -1], np.float32)
    labels, features = np.array([0, 1, 2, 0]), np.arange(8, dtype=np.float32).reshape(4, 2)
    collector.add([image(n) for n in range(4)], labels, logits, log_density, features)
    found = collector.collected(DATASET, CHALLENGER)
    first, second = sorted([1, 2], key=image)
    assert found.logits.tolist() == logits[[first, second]].tolist()
    assert found.labels.tolist() == [first, second]
    assert found.log_density is not None
    assert found.log_density.tolist() == log_density[[first, second]].tolist()
    assert found.features is not None
    assert found.features.tolist() == features[[first, second]].tolist()
    assert len(found.answers) == 4
    assert found.mean_confidence == pytest.approx(0.665, abs=1e-3)


def test_the_logits_that_are_kept_fit_into_32_mib_whatever_the_classes() -> None:
    for classes in (2, 1000, 2000, 10**8):
        assert (
            calibration_images(classes) == 1 or calibration_images(classes) * classes * 4 <= 2**25
        )


@pytest.mark.parametrize(
    ("labels", "logits", "says"),
    [
        pytest.param([0], [[np.nan, 0, 0]], "not all numbers", id="a model that overflows"),
        pytest.param([0], [[1, 0]], r"shape \(1, 2\) for 3 classes", id="a class too few"),
        pytest.param([0, 1], [[1, 0, 0]], "2 labels", id="a label too many"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(
    labels: list[int], logits: list[list[float]], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        Collector(CLASSES, []).add([image(0)], np.array(labels), np.array(logits, np.float32))


@pytest.mark.parametrize(
    ("log_density", "says"),
    [
        pytest.param([-np.inf], "not all numbers", id="a density that overflows"),
        pytest.param([-1, -2], r"log densities of shape \(2,\)", id="a density too many"),
    ],
)
def test_log_densities_that_do_not_fit_are_refused(log_density: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Collector(CLASSES, []).add(
            [image(0)],
            np.array([0]),
            np.zeros((1, 3), np.float32),
            np.array(log_density, np.float32),
        )


def test_of_many_images_the_first_2000_keep_their_features() -> None:
    digests = [image(n) for n in range(2100)]
    collector = Collector(CLASSES, calibrate_on=digests)
    zeros, numbers = np.zeros((2100, 3), np.float32), np.arange(2100, dtype=np.float32)
    collector.add(digests, np.zeros(2100, int), zeros, None, numbers[:, np.newaxis])
    found = collector.collected(DATASET, CHALLENGER).features
    assert found is not None
    first = sorted(range(2100), key=image)[:2000]
    assert found[:, 0].tolist() == first


@pytest.mark.parametrize(
    ("features", "says"),
    [
        pytest.param([[np.nan, 0]], "not all numbers", id="that overflow"),
        pytest.param([[0], [0]], r"features of shape \(2, 1\)", id="of an image too many"),
        pytest.param([0], r"features of shape \(1,\)", id="that are no vectors"),
    ],
)
def test_features_that_do_not_fit_are_refused(features: list[object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Collector(CLASSES, []).add(
            [image(0)],
            np.array([0]),
            np.zeros((1, 3), np.float32),
            None,
            np.array(features, np.float32),
        )


def test_a_model_without_log_densities_or_features_keeps_none() -> None:
    collector = Collector(CLASSES, calibrate_on=[image(0)])
    collector.add([image(0)], np.array([0]), np.zeros((1, 3), np.float32))
    found = collector.collected(DATASET, CHALLENGER)
    assert (found.log_density, found.features) == (None, None)


def test_an_image_is_evaluated_once_and_one_at_least() -> None:
    collector = Collector(CLASSES, [])
    with pytest.raises(ValueError, match="no image"):
        collector.collected(DATASET, CHALLENGER)
    for _ in range(2):
        collector.add([image(0)], np.array([0]), np.eye(3, dtype=np.float32)[:1])
    with pytest.raises(ValueError, match="twice"):
        collector.collected(DATASET, CHALLENGER)


def change(row: int, **values: object) -> Callable[[Lines], Lines]:
    return lambda found: [
        {**line, **values} if number == row else line for number, line in enumerate(found)
    ]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param(lambda found: [], "Invalid JSON", id="nothing in it"),
        pytest.param(lambda found: found[:-1], "promises 3 images, there are 2", id="cut off"),
        pytest.param(lambda found: [*found, found[-1]], "sorted, each once", id="an image twice"),
        pytest.param(lambda found: [found[0], *found[:0:-1]], "sorted", id="out of order"),
        pytest.param(change(0, apiVersion="v0"), "apiVersion", id="another kind of document"),
        pytest.param(change(0, dataset="lawn"), "dataset", id="no digest"),
        pytest.param(change(0, classes=["a", "a"]), "a class twice", id="a class twice"),
        pytest.param(change(0, extra=1), "extra", id="a field that nobody knows"),
        pytest.param(change(1, label="moss"), "'moss'", id="a truth that is no class"),
        pytest.param(change(1, predicted="moss"), "'moss'", id="an answer that is no class"),
        pytest.param(change(1, scores={"grass": 0.5}), "1 scores, not 3", id="a score is missing"),
        pytest.param(
            change(1, scores={"grass": 2, "dandelion": 0, "Löwenzahn": 0}),
            "less than or equal to 1",
            id="a score above 1",
        ),
        pytest.param(
            change(1, predicted="dandelion", scores={"grass": 1, "dandelion": 0, "Löwenzahn": 0}),
            "not the highest score",
            id="the answer is not the likeliest class",
        ),
        pytest.param(change(1, sha256="../../etc"), "sha256", id="a name that is no digest"),
        pytest.param(change(1, label=3), "label", id="a number for a name"),
    ],
)
def test_answers_that_do_not_add_up_are_refused_with_the_reason(
    changed: Callable[[Lines], Lines], says: str
) -> None:
    found = read_answers(packed(changed(lines(write_answers(answers(CLASSES, TOLD))))))
    assert isinstance(found, Unreadable)
    assert says in found.reason
    assert "answers.jsonl.gz" in found.reason


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="an empty object"),
        pytest.param(b"not gzip", id="another format"),
        pytest.param(write_answers(answers(CLASSES, TOLD))[:-20], id="an upload cut off"),
        pytest.param(gzip.compress(b"x" * (1 << 21)), id="one endless line"),
        pytest.param(gzip.compress(b'{"a":\xff}\n'), id="no UTF-8"),
    ],
)
def test_what_is_no_answers_file_is_refused(content: bytes) -> None:
    assert isinstance(read_answers(content), Unreadable)


def test_images_of_two_thousand_classes_stay_small() -> None:
    chance = np.random.default_rng(0)
    names = [f"species number {number}" for number in range(2000)]
    collector = Collector(names, [])
    for batch in range(3):
        logits = chance.normal(0, 3, (1000, 2000)).astype(np.float32)
        numbers = range(1000 * batch, 1000 * (batch + 1))
        collector.add([image(n) for n in numbers], chance.integers(2000, size=1000), logits)
    found = collector.collected(DATASET, CHALLENGER).answers
    assert found.sha256.nbytes + found.top.nbytes + found.scores.nbytes < 150 * len(found)
    content = write_answers(found)
    assert len(content) < 150 * len(found)
    read = read_answers(content)
    assert isinstance(read, Answers)
    assert same(read, found)
