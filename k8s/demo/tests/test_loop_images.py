"""What arrives in the loop's story, and what goes wrong with it."""

from __future__ import annotations

import io
import statistics
from collections import Counter

from dandelion_demo.data import LabelledImage
from dandelion_demo.loop import chapters, images
from dandelion_demo.loop.images import Coming
from PIL import Image


def _mean(image: LabelledImage) -> float:
    with Image.open(io.BytesIO(image.content)) as opened:
        return statistics.mean(opened.convert("L").get_flattened_data())


def test_no_image_arrives_twice() -> None:
    coming = Coming()
    keys = [image.key for image in [*coming.next(40), *coming.next(40)]]
    assert len(set(keys)) == 80


def test_any_few_of_them_show_every_digit_about_as_often() -> None:
    coming = Coming()
    for _ in range(4):
        shown = Counter(image.label for image in coming.next(100))
        assert len(shown) == 10
        assert max(shown.values()) <= 20


def test_there_are_enough_for_the_whole_story() -> None:
    wanted = chapters.FIRST + chapters.CLIENTS + 3 * chapters.PORTION + 2 * chapters.SENT
    assert len(Coming().next(wanted)) == wanted


def test_every_wrong_label_is_another_class_and_the_pictures_stay() -> None:
    right = Coming().next(50)
    wrong = images.mislabelled(right)
    assert all(a.label != b.label for a, b in zip(right, wrong, strict=True))
    assert {image.label for image in wrong} == {image.label for image in right}
    assert [image.content for image in wrong] == [image.content for image in right]


def test_what_an_image_shows_is_known_after_it_was_changed() -> None:
    sent = images.changed(Coming().next(5), images.negative)
    assert sorted(images.labels(sent).values()) == sorted(image.label for image in sent)


def test_the_evening_is_dark_and_a_negative_of_white_paper_too() -> None:
    [image] = Coming().next(1)
    [dark] = images.changed([image], images.blurred_and_dark)
    [negative] = images.changed([image], images.negative)
    assert _mean(dark) < 0.5 * _mean(image)
    assert round(_mean(negative) + _mean(image)) == 255
