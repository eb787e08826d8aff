"""A burst of near-duplicates in the holdout is one piece of evidence, not ten."""

import numpy as np
import pytest
from dandelion_training.data.images.fingerprint import fingerprint
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.version.index import Index, UnusableFile, UsableImage
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.evaluate.comparison import Comparison, compare
from dandelion_training.evaluate.comparison.bootstrap import QUANTILES, Counts, bootstrapped
from dandelion_training.evaluate.comparison.near_duplicates import near_duplicates
from dandelion_training.ports.storage import StoredObject
from fakes.images import picture
from given.evaluation.made_up import CHALLENGER, CHAMPION, answers, image
from PIL import Image

CLASSES = ("dandelion", "grass")
LOW, MIDDLE, HIGH = (QUANTILES.index(share) for share in (0.025, 0.5, 0.975))

Shown = list[tuple[str, str, str]]  # truth, the challenger's answer, the champion's answer


def lawn(burst: int) -> Shown:
    """Two hundred images, most of which both get right, and a burst of one that only the challenger
    gets right.
    """
    rest: Shown = []
    for number in range(200):
        truth, other = CLASSES[number % 2], CLASSES[1 - number % 2]
        wrong = number % 20 < 2
        rest.append((truth, other if wrong else truth, other if wrong else truth))
    return [*rest, *[("grass", "grass", "dandelion")] * burst]


def compared(shown: Shown, groups: dict[str, int] | None = None) -> Comparison:
    ours = answers(CLASSES, [(truth, told) for truth, told, _ in shown])
    theirs = answers(CLASSES, [(truth, told) for truth, _, told in shown], CHAMPION)
    found = compare(ours, theirs, groups=groups)
    assert isinstance(found, Comparison)
    return found


@pytest.mark.parametrize(
    ("burst", "grouped", "sure"),
    [
        pytest.param(20, False, True, id="twenty flowers are twenty flowers"),
        pytest.param(20, True, False, id="twenty photos of one flower are one flower"),
        pytest.param(1, True, False, id="as one photo of it is"),
        pytest.param(0, True, False, id="and none is none"),
    ],
)
def test_a_challenger_that_is_better_on_one_burst_is_not_surely_better(
    burst: int, grouped: bool, sure: bool
) -> None:
    groups = {image(200 + number): 0 for number in range(burst)} if grouped else None
    found = compared(lawn(burst), groups)
    assert (found.bootstrap[LOW] > 0) is sure
    assert found.both.challenger_only == burst


def test_images_without_near_duplicates_are_drawn_as_ever() -> None:
    alone = {image(number): number for number in range(220)}
    assert compared(lawn(20), alone) == compared(lawn(20))


def test_near_duplicates_of_which_one_is_compared_are_an_image() -> None:
    """The others may be of a class that only one model knows, or learnt from."""
    assert compared(lawn(20), {image(200): 0, image(999): 0}) == compared(lawn(20))


def spread(groups: Counts | None, told: tuple[Counts, Counts, Counts]) -> tuple[float, ...]:
    return bootstrapped(*told, 3, "seed", 10_000, groups)


def chance_answers(images: int, seed: int = 0) -> tuple[Counts, Counts, Counts]:
    chance = np.random.default_rng(seed)
    label = chance.integers(3, size=images)
    first, second = (
        np.where(chance.random(images) < error, chance.integers(3, size=images), label)
        for error in (0.2, 0.25)
    )
    return label, first, second


def macro_f1(label: Counts, told: Counts) -> float:
    shares = [
        2 * ((label == n) & (told == n)).sum() / ((label == n).sum() + (told == n).sum())
        for n in np.unique(label)
    ]
    return float(np.mean(shares))


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([1] * 150 + [2] * 40 + [30] * 3, id="single images, pairs and bursts"),
        pytest.param([5] * 60, id="bursts alone"),
        pytest.param([1] * 200 + [60], id="one long burst"),
    ],
)
def test_the_bootstrap_is_that_of_drawing_groups(sizes: list[int]) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    label, first, second = chance_answers(len(groups))
    order = np.random.default_rng(5).permutation(len(groups))
    quantiles = spread(groups[order], (label[order], first[order], second[order]))
    chance = np.random.default_rng(1)
    drawn = []
    for _ in range(4000):
        times = np.bincount(chance.integers(len(sizes), size=len(sizes)), minlength=len(sizes))
        rows = np.repeat(np.arange(len(groups)), times[groups])
        drawn.append(macro_f1(label[rows], first[rows]) - macro_f1(label[rows], second[rows]))
    deviation = float(np.std(drawn))
    for place in (LOW, MIDDLE, HIGH):
        expected = float(np.quantile(drawn, QUANTILES[place]))
        assert quantiles[place] == pytest.approx(expected, abs=0.25 * deviation)


def test_doubled_photos_tell_as_much_as_single_ones() -> None:
    label, first, second = chance_answers(300)
    twice = tuple(np.repeat(column, 2) for column in (label, first, second))
    single = spread(None, (label, first, second))
    grouped = spread(np.repeat(np.arange(300), 2), (twice[0], twice[1], twice[2]))
    feigned = spread(None, (twice[0], twice[1], twice[2]))
    width = single[HIGH] - single[LOW]
    assert grouped[HIGH] - grouped[LOW] == pytest.approx(width, rel=0.1)
    assert feigned[HIGH] - feigned[LOW] == pytest.approx(width / np.sqrt(2), rel=0.1)


def test_one_group_alone_tells_nothing() -> None:
    label, first, second = chance_answers(50)
    found = spread(np.zeros(50, np.int64), (label, first, second))
    assert (found[0], found[-1]) == (-0.99, 0.99)


def photo(seed: int, side: int) -> Image.Image:
    """Large soft shapes."""
    return picture(seed, side=9).resize((side, side), Image.Resampling.BICUBIC)


def version(names: list[tuple[str, str, Split]]) -> DatasetVersion:
    entries = tuple(
        Entry(f"{label}/{number}", image(number), label, split)
        for number, (_, label, split) in enumerate(names)
    )
    return DatasetVersion("s3://datasets/lawn", CLASSES, 0.2, entries)


def test_the_near_duplicates_of_a_holdout_are_told_by_the_versions_index() -> None:
    """Of one class, and of the holdout."""
    looks = {
        "one": fingerprint(photo(1, 200)),
        "again": fingerprint(photo(1, 150)),
        "other": fingerprint(photo(2, 200)),
    }
    names = [
        ("one", "grass", Split.HOLDOUT),
        ("again", "grass", Split.HOLDOUT),
        ("other", "grass", Split.HOLDOUT),
        ("one", "dandelion", Split.HOLDOUT),
        ("one", "grass", Split.TRAIN),
        ("unknown", "grass", Split.HOLDOUT),
        ("broken", "grass", Split.HOLDOUT),
    ]
    made = version(names)
    index = Index("a generation")
    for entry, (name, _, _) in zip(made.entries, names, strict=True):
        item = StoredObject(entry.key, 1, "etag")
        if name in looks:
            index.add(item, UsableImage(entry.sha256, looks[name], 200, 200))
        elif name == "broken":
            index.add(item, UnusableFile("not an image"))
    found = near_duplicates(made, index)
    assert found[image(0)] == found[image(1)]
    assert len({found[image(number)] for number in (0, 2, 3)}) == 3
    assert set(found) == {image(number) for number in range(4)}
    assert near_duplicates(made, Index("a generation")) == {}


def test_the_challenger_is_named_first() -> None:
    assert compared(lawn(1)).challenger == CHALLENGER
