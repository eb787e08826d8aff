"""`review export`: what is handed out, in which form, and what is not."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from given.reviews import BY, HOME, Reviewed, digest, image, row, table


def test_what_was_decided_is_handed_out_no_more(reviewed: Reviewed, tmp_path: Path) -> None:
    reviewed.called("export", str(tmp_path / "queue"))
    (tmp_path / "queue" / "dandelion" / f"{digest(4)}.png").unlink()
    reviewed.called("import", str(tmp_path / "queue"), *BY)
    assert reviewed.called("export", str(tmp_path / "next.csv"))[1] == [
        f"1 image in {tmp_path}/next.csv: 0 of the random share, 1 that somebody corrected,"
        " 0 of drift."
    ]
    (line,) = table(tmp_path / "next.csv")
    assert (line["id"], line["source"], line["told"]) == ("answer-4", "correction", "grass")
    assert line["image"] == f"{HOME}/images/{digest(4)}"


def test_only_so_many_are_handed_out_and_the_rest_is_counted(
    reviewed: Reviewed, tmp_path: Path
) -> None:
    assert reviewed.called("export", str(tmp_path / "two.csv"), "--limit", "2")[1] == [
        f"2 images in {tmp_path}/two.csv: 1 of the random share, 1 that somebody corrected,"
        " 0 of drift.",
        "Left for the next time, or not kept in the log: 2.",
    ]


def test_what_is_older_than_was_asked_for_is_not_read(reviewed: Reviewed, tmp_path: Path) -> None:
    reviewed.now += timedelta(days=2)
    assert reviewed.called("export", str(tmp_path / "old.csv"), "--since", "24h") == (
        0,
        ["There is nothing to review."],
    )
    assert not (tmp_path / "old.csv").exists()
    assert reviewed.called("export", str(tmp_path / "old.csv"), "--since", "1w")[0] == 0


def test_images_that_are_not_what_their_name_says_are_not_handed_out(
    reviewed: Reviewed, tmp_path: Path
) -> None:
    reviewed.store.objects[f"{HOME}/images/{digest(1)}"] = image(2)
    del reviewed.store.objects[f"{HOME}/images/{digest(2)}"]
    _, lines = reviewed.called("export", str(tmp_path / "queue"))
    assert lines[1] == "Left for the next time, or not kept in the log: 2."
    assert not list((tmp_path / "queue").rglob(f"{digest(1)}*"))


def test_what_cannot_be_read_of_the_log_is_counted(reviewed: Reviewed, tmp_path: Path) -> None:
    folder = f"{HOME}/predictions/date=2026-03-10/hour=10"
    reviewed.store.objects[f"{folder}/other-1-1.jsonl.gz"] = b"no gzip"
    reviewed.log(row(6) | {"imageSha256": "../../somewhere"})
    _, lines = reviewed.called("export", str(tmp_path / "queue.csv"))
    assert lines[0].startswith("4 images")
    assert lines[1] == "Objects or rows of the log that cannot be read: 2."


def test_a_former_resource_of_the_name_is_another(reviewed: Reviewed, tmp_path: Path) -> None:
    reviewed.log(row(6) | {"uid": "uid-2"})
    reviewed.called("export", str(tmp_path / "queue.csv"))
    assert [line["id"] for line in table(tmp_path / "queue.csv")] == ["answer-6"]


@pytest.mark.parametrize("name", ["queue", "queue.csv", "queue.json"])
def test_nothing_that_is_there_is_written_over(
    reviewed: Reviewed, tmp_path: Path, name: str
) -> None:
    assert reviewed.called("export", str(tmp_path / name))[0] == 0
    code, lines = reviewed.called("export", str(tmp_path / name))
    assert code == 1
    assert "is there already: name another" in lines[0]


def test_tasks_of_label_studio_have_the_answers_as_predictions(
    reviewed: Reviewed, tmp_path: Path
) -> None:
    out = tmp_path / "tasks.json"
    assert reviewed.called("export", str(out))[0] == 0
    first = json.loads(out.read_text())[2]
    assert first["data"]["image"] == f"{HOME}/images/{digest(2)}"
    (prediction,) = first["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("3", 0.6)
    assert prediction["result"] == [
        {
            "from_name": "label",
            "to_name": "image",
            "type": "choices",
            "value": {"choices": ["dandelion"]},
        }
    ]
    interface = (tmp_path / "tasks.xml").read_text()
    assert '<Choices name="label" toName="image" choice="single">' in interface
    assert '<Choice value="_reject"/>' in interface
