"""The picture of the confusion: every class where they are few, the most confused of many."""

import numpy as np
import pytest
from dandelion_training.evaluate.figures.confusion import Confusion
from dandelion_training.publish.confusion_matrix import confusion_matrix, most_confused


def counted(cells: dict[tuple[int, int], int], classes: int) -> Confusion:
    truth, predicted = np.array([key for key, count in cells.items() for _ in range(count)]).T
    return Confusion.counted(truth, predicted, classes)


def test_the_pairs_that_are_mistaken_for_each_other_come_first() -> None:
    found = counted({(0, 0): 50, (1, 7): 2, (7, 1): 4, (5, 2): 5, (3, 3): 9, (2, 9): 1}, 10)
    assert most_confused(found, 5).tolist() == [1, 7, 2, 5, 9]


def test_the_largest_classes_follow_where_little_is_confused() -> None:
    assert most_confused(counted({(0, 0): 1, (4, 4): 9, (2, 3): 1}, 6), 4).tolist() == [2, 3, 4, 0]
    assert most_confused(counted({(1, 1): 1}, 60), 50).tolist()[0] == 1


@pytest.mark.parametrize("classes", [2, 10, 50, 51, 2000])
def test_the_picture_is_bounded_whatever_the_classes(classes: int) -> None:
    chance = np.random.default_rng(0)
    truth = chance.integers(classes, size=5000)
    predicted = np.where(chance.random(5000) < 0.3, chance.integers(classes, size=5000), truth)
    names = [f"class number {number} with a long name" for number in range(classes)]
    image = confusion_matrix(Confusion.counted(truth, predicted, classes), names)
    assert max(image.size) < 2200
    assert image.width > min(classes, 50) * 24
    assert len(image.getcolors(1 << 24) or []) > 2


def test_no_image_is_lost_to_the_classes_that_are_not_drawn() -> None:
    """A row of the picture with one class and all others is as dark as the class's recall."""
    cells = {(0, 0): 3, (0, 5): 1, (5, 5): 4, **{(n, n): 1 for n in range(6, 100)}}
    drawn = confusion_matrix(counted(cells, 100), [str(n) for n in range(100)], at_most=1)
    recall_of_the_first = tuple(round(255 + (b - 255) * 0.75) for b in (33, 102, 172))
    assert recall_of_the_first in {colour for _, colour in drawn.getcolors(1 << 24) or []}


@pytest.mark.parametrize("name", ["two\nlines", "\t", "Löwenzahn", "蒲公英", "x" * 1000])
def test_any_name_can_be_drawn(name: str) -> None:
    image = confusion_matrix(counted({(0, 1): 1, (1, 1): 2}, 2), [name, "grass"])
    assert image.width < 800
