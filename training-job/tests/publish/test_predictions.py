"""Every answer as CSV, read back as a spreadsheet would."""

import csv
import io

import pytest
from dandelion_training.publish.predictions import predictions_csv
from given.evaluation.made_up import CHAMPION, answers, image

OLD, NEW = ("dandelion", "grass"), ("dandelion", "grass", "moss")
TOLD = [("grass", "grass"), ("moss", "grass"), ("dandelion", "moss")]
KEYS = {image(n): f"photos/{n}.jpg" for n in range(3)}


def test_a_row_says_what_was_answered_and_what_the_champion_said() -> None:
    champion = answers(OLD, [("grass", "dandelion")], CHAMPION)
    text = "".join(predictions_csv(answers(NEW, TOLD), KEYS, champion))
    rows = {row["key"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert len(rows) == 3
    assert rows["photos/0.jpg"] == {
        "key": "photos/0.jpg",
        "sha256": image(0),
        "label": "grass",
        "predicted": "grass",
        "probability": "0.786986",
        "correct": "true",
        "champion": "dandelion",
    }
    assert (rows["photos/1.jpg"]["correct"], rows["photos/1.jpg"]["champion"]) == ("false", "")


def test_without_a_champion_and_without_keys_the_columns_stay() -> None:
    header, first, *_ = predictions_csv(answers(NEW, TOLD), {})
    assert header == "key,sha256,label,predicted,probability,correct,champion\r\n"
    assert first.startswith(",")
    assert first.endswith(",\r\n")


@pytest.mark.parametrize(
    "name",
    [
        "=HYPERLINK(1)",
        "+1",
        "-2",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "  =1+1",
        "＝1",
        '=1","x',
    ],
)
def test_a_name_that_a_spreadsheet_would_compute_is_text(name: str) -> None:
    told = answers((name, "grass"), [(name, name)])
    text = "".join(predictions_csv(told, {image(0): name}, told))
    _, row = csv.reader(io.StringIO(text, newline=""))
    key, _, label, predicted, _, _, champion = row
    assert key == label == predicted == champion == f"'{name}"


def test_an_ordinary_name_is_left_alone() -> None:
    name = 'Löwenzahn, "wild"\nx'
    text = "".join(predictions_csv(answers((name, "a-b"), [(name, "a-b")]), {}))
    _, row = csv.reader(io.StringIO(text, newline=""))
    assert (row[2], row[3]) == (name, "a-b")
