"""The sheets that people open: what is on them, and that they are bounded and only HTML."""

import io

import numpy as np
import pytest
from dandelion_training.evaluate.answers.record import Answers
from dandelion_training.evaluate.comparison import Comparison, compare, paired
from dandelion_training.evaluate.comparison.disagreements import disagreements
from dandelion_training.evaluate.comparison.pairing import Paired
from dandelion_training.publish.sheet_page import percent
from dandelion_training.publish.sheets import (
    Picture,
    disagreements_sheet,
    mistakes_sheet,
    thumbnail,
    worst_mistakes,
)
from given.data.pages import HOSTILE, Page
from given.evaluation.made_up import CHAMPION, answers, collected, image
from PIL import Image

CLASSES = ("dandelion", "grass", "moss")


def picture(sha256: str) -> Picture:
    colour = int(sha256[:2], 16)
    return Picture(f"grass/{sha256[:8]}.jpg", thumbnail(np.full((300, 500, 3), colour, np.uint8)))


def compared(challenger: Answers, champion: Answers) -> tuple[Comparison, Paired]:
    comparison, pairs = compare(challenger, champion, 100), paired(challenger, champion)
    assert isinstance(comparison, Comparison)
    assert isinstance(pairs, Paired)
    return comparison, pairs


def side_by_side(challenger: Answers, champion: Answers) -> Page:
    comparison, pairs = compared(challenger, champion)
    found = disagreements(challenger, champion, pairs)
    return Page(disagreements_sheet("lawn 4", "lawn 3", comparison, found, picture))


def sure(told: list[tuple[str, str, float]]) -> Answers:
    logits = np.zeros((len(told), 3))
    for row, (_, predicted, sureness) in enumerate(told):
        logits[row, CLASSES.index(predicted)] = sureness
    return collected(CLASSES, [label for label, _, _ in told], logits).answers


def test_the_worst_mistakes_are_those_a_model_was_surest_of() -> None:
    found = worst_mistakes(
        sure(
            [("grass", "moss", 1), ("grass", "grass", 9), ("moss", "grass", 4), ("moss", "moss", 0)]
        )
    )
    assert [(m.sha256, m.label, m.predicted) for m in found] == [
        (image(2), "moss", "grass"),
        (image(0), "grass", "moss"),
        (image(3), "moss", "dandelion"),
    ]
    assert found[0].probability == pytest.approx(0.9647, abs=1e-4)


def test_the_sheet_of_mistakes_shows_picture_label_and_answer() -> None:
    page = Page(mistakes_sheet("lawn, version 4", sure([("grass", "moss", 4)] * 3), picture))
    assert "lawn, version 4" in page.text
    assert "3 of 3" in page.text
    assert "All of its mistakes" in page.text
    assert page.text.count("labelled grass") == 3
    assert page.text.count("✗ moss 96.5 %") == 3
    for content in page.pictures:
        with Image.open(io.BytesIO(content)) as shown:
            assert (shown.format, max(shown.size)) == ("JPEG", 128)


def test_a_model_without_mistakes_has_a_sheet_that_says_so() -> None:
    page = Page(mistakes_sheet("lawn", sure([("grass", "grass", 4)]), picture))
    assert "No mistakes" in page.text
    assert "100.0 %" in page.text
    assert page.pictures == []


def test_an_image_that_cannot_be_read_again_leaves_its_card() -> None:
    gone = mistakes_sheet("lawn", sure([("grass", "moss", 4)]), lambda _: Picture("a.jpg", b""))
    page = Page(gone)
    assert "no picture" in page.text
    assert "labelled grass" in page.text


def test_disagreements_stand_side_by_side_under_who_is_right() -> None:
    truth = ["grass", "grass", "moss", "grass", "grass"]
    challenger = answers(
        CLASSES, list(zip(truth, ["grass", "moss", "moss", "moss", "grass"], strict=True))
    )
    champion = answers(
        CLASSES,
        list(zip(truth, ["moss", "grass", "moss", "dandelion", "grass"], strict=True)),
        CHAMPION,
    )
    page = side_by_side(challenger, champion)
    assert "Challenger lawn 4 against champion lawn 3" in page.text
    assert "60.0 % against 60.0 %" in page.text
    for count in ("Both right 2", "Only challenger 1", "Only champion 1", "Both wrong 1"):
        assert count in page.text
    headings = ("Only the challenger is right", "Only the champion is right", "Neither is right")
    places = [page.text.index(heading) for heading in headings]
    assert places == sorted(places)
    assert "Challenger ✓ grass 78.7 % | Champion ✗ moss 78.7 %" in page.text
    assert "Challenger ✗ moss 78.7 % | Champion ✗ dandelion 78.7 %" in page.text
    assert len(page.pictures) == 3


def test_what_changed_about_the_classes_is_said() -> None:
    challenger = answers(CLASSES, [("grass", "moss"), ("moss", "moss")])
    champion = answers(("grass", "oak"), [("grass", "oak")], CHAMPION)
    page = side_by_side(challenger, champion)
    assert "whose images are not compared: dandelion, moss." in page.text
    assert "that the challenger does not have: oak." in page.text
    assert "Never answered by the challenger: grass." in page.text


def test_a_hundred_new_classes_are_not_all_listed() -> None:
    names = ["grass", *(f"species {number:03}" for number in range(100))]
    page = side_by_side(
        answers(names, [("grass", "grass")]), answers(("grass",), [("grass", "grass")], CHAMPION)
    )
    assert "species 009 and 90 more." in page.text
    assert "species 010" not in page.text


def test_equal_models_have_a_sheet_that_says_so() -> None:
    told = [("grass", "grass"), ("moss", "grass")]
    page = side_by_side(answers(CLASSES, told), answers(CLASSES, told, CHAMPION))
    assert "answered every compared image alike" in page.text


def test_names_from_strangers_are_text_and_nothing_is_fetched() -> None:
    names = (HOSTILE, "grass")
    told = answers(names, [(HOSTILE, "grass"), ("grass", HOSTILE)])
    other = answers(names, [(HOSTILE, HOSTILE), ("grass", "grass")], CHAMPION)
    comparison, pairs = compared(told, other)

    def hostile(_: str) -> Picture:
        return Picture(HOSTILE, thumbnail(np.zeros((9, 9, 3), np.uint8)))

    found = disagreements(told, other, pairs)
    for content in (
        mistakes_sheet(HOSTILE, told, hostile),
        disagreements_sheet(HOSTILE, HOSTILE, comparison, found, hostile),
    ):
        page = Page(content)
        assert HOSTILE in page.text
        assert not {"script", "link", "iframe", "object", "a", "form"} & set(page.tags)
        attributes = dict(page.attributes)
        assert "default-src 'none'" in attributes["content"]
        assert all(not name.startswith("on") for name, _ in page.attributes)
        assert all(value.startswith("data:") for name, value in page.attributes if name == "src")
        assert b"url(" not in content
        assert b"@import" not in content


def test_a_sheet_stays_small_however_many_mistakes_there_are() -> None:
    chance = np.random.default_rng(0)
    truth = [CLASSES[number] for number in chance.integers(3, size=2000)]
    models = [
        answers(
            CLASSES,
            [(label, CLASSES[n]) for label, n in zip(truth, row, strict=True)],
            contract,
        )
        for row, contract in zip(
            chance.integers(3, size=(2, 2000)), ("sha256:" + "a" * 64, CHAMPION), strict=True
        )
    ]
    noise = Picture("k" * 1024, thumbnail(chance.integers(0, 255, (200, 200, 3), np.uint8)))
    content = mistakes_sheet("lawn", models[0], lambda _: noise)
    assert len(Page(content).pictures) == 50
    assert "The 50 it was surest of" in Page(content).text
    comparison, pairs = compared(models[0], models[1])
    found = disagreements(models[0], models[1], pairs)
    both = disagreements_sheet("lawn 4", "lawn 3", comparison, found, lambda _: noise)
    assert len(Page(both).pictures) == 100
    assert max(len(content), len(both)) < 3_000_000


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0 %"), (0.0001, "< 0.1 %"), (0.5, "50.0 %"), (0.99999, "> 99.9 %"), (1, "100.0 %")],
)
def test_only_what_is_certain_is_called_so(share: float, text: str) -> None:
    assert percent(share).replace("\u00a0", " ") == text
