"""The commands `review export` and `review import`, as a person types and reads them."""

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest
from dandelion_training.commands import main
from given.reviews import CONTRACT, DECISIONS, HOME, Reviewed, digest, image, row, told

BY = ("--by", "ada")


@pytest.fixture
def reviewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Reviewed:
    """Three answers of the sample, and one that somebody corrected."""
    found = Reviewed(tmp_path, capsys)
    rows = [row(1, 0.9), row(2, 0.6), row(3, 0.25), row(4, 0.8, reviewSample=False)]
    found.log(*rows, row(5, reviewSample=False))
    found.log(told(4, "grass"), kind="feedback")
    return found


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fill(path: Path, **cells: dict[str, str]) -> None:
    """Write into the lines of these images."""
    rows = table(path)
    for found in rows:
        found.update(cells.get(found["id"].replace("-", "_"), {}))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_images_go_out_as_a_folder_and_come_back_as_decisions(
    reviewed: Reviewed, tmp_path: Path
) -> None:
    out = tmp_path / "queue"
    assert reviewed.called("export", str(out)) == (
        0,
        [f"4 images in {out}: 3 of the random share, 1 that somebody corrected, 0 of drift."],
    )
    assert (out / "dandelion" / f"{digest(1)}.png").read_bytes() == image(1)
    assert [line["id"] for line in table(out / "queue.csv")] == [
        *("answer-3", "answer-4", "answer-2", "answer-1"),
    ]
    (out / "dandelion" / f"{digest(2)}.png").rename(out / "grass" / f"{digest(2)}.png")
    (out / "dandelion" / f"{digest(1)}.png").rename(out / "_reject" / f"{digest(1)}.png")
    (out / "dandelion" / f"{digest(4)}.png").unlink()
    (out / ".DS_Store").write_bytes(b"")
    code, lines = reviewed.called("import", str(out), *BY)
    assert code == 0
    assert lines[0].startswith(f"3 decisions in {DECISIONS}/")
    assert lines[0].endswith(": 1 as answered, 1 with another label, 1 rejected.")
    assert lines[1:] == ["Left undecided: 1."]
    kept = {found["id"]: found for found in reviewed.kept()}
    assert kept["answer-1"].pop("signature")
    assert kept["answer-1"] == {
        "id": "answer-1",
        "index": 0,
        "imageSha256": digest(1),
        "reject": True,
        "source": "sample",
        "answered": "dandelion",
        "contract": CONTRACT,
        "version": "3",
        "by": "ada",
        "time": "2026-03-10T12:00:00.000Z",
        "namespace": "default",
        "name": "lawn",
    }
    assert (kept["answer-2"]["label"], kept["answer-3"]["label"]) == ("grass", "grass")


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


def test_a_table_decides_by_label_confirmation_and_rejection(
    reviewed: Reviewed, tmp_path: Path
) -> None:
    out = tmp_path / "queue.csv"
    reviewed.called("export", str(out))
    cells = {"answer_1": {"label": "grass"}, "answer_2": {"decision": "Reject"}}
    fill(out, **cells, answer_3={"decision": "confirm"})
    out.write_text(out.read_text().replace(",", ";"), encoding="utf-8-sig")
    code, lines = reviewed.called("import", str(out), *BY)
    assert code == 0, lines
    said = {found["id"]: found.get("label", "rejected") for found in reviewed.kept()}
    assert said == {"answer-1": "grass", "answer-2": "rejected", "answer-3": "grass"}
    assert lines[1:] == ["Left undecided: 1."]


def test_importing_again_changes_nothing(reviewed: Reviewed, tmp_path: Path) -> None:
    out = tmp_path / "queue.csv"
    reviewed.called("export", str(out))
    fill(out, answer_1={"label": "grass"})
    reviewed.called("import", str(out), *BY)
    before = dict(reviewed.store.objects)
    reviewed.now += timedelta(hours=1)
    assert reviewed.called("import", str(out), *BY) == (
        0,
        ["Nothing new was decided.", "Decided so before: 1.", "Left undecided: 3."],
    )
    assert reviewed.store.objects == before


def test_who_decides_otherwise_later_is_the_one_that_counts(
    reviewed: Reviewed, tmp_path: Path
) -> None:
    for number, label in enumerate(("grass", "dandelion", "grass")):
        out = tmp_path / f"queue-{number}.csv"
        reviewed.now += timedelta(hours=1)
        if not number:
            reviewed.called("export", str(out))
            first = out.read_bytes()
        out.write_bytes(first)
        fill(out, answer_1={"label": label})
        assert "1 decision in" in reviewed.called("import", str(out), *BY)[1][0]
    latest = max(reviewed.kept(), key=lambda found: str(found["time"]))
    assert latest["label"] == "grass"
    assert len(reviewed.kept()) == 3


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        pytest.param(
            {"answer_1": {"label": "moss"}},
            "line 5: 'moss' is none of the classes dandelion, grass; where it shall be a new one,"
            " write --new-label 'moss'",
            id="a class that there is not",
        ),
        pytest.param(
            {"answer_1": {"label": "grass", "id": "answer-77"}},
            "line 5: the log has no answer 'answer-77' with index 0; where it is older, write a"
            " longer --since",
            id="an answer that nobody gave",
        ),
        pytest.param(
            {"answer_1": {"label": "grass", "sha256": digest(9)}},
            f"line 5: the answer 'answer-1' was of another image than {digest(9)}",
            id="another image",
        ),
        pytest.param(
            {"answer_1": {"label": "grass", "index": "first"}},
            "line 5: index is 'first' and no number",
            id="an index in words",
        ),
        pytest.param(
            {"answer_1": {"label": "grass", "source": "me"}},
            "line 5: source is 'me': put sample or correction or drift back",
            id="another source",
        ),
        pytest.param(
            {"answer_1": {"label": "grass", "decision": "reject"}},
            "line 5: it has a label and reject: keep one of the two",
            id="a label and a rejection",
        ),
        pytest.param(
            {"answer_1": {"decision": "maybe"}},
            "line 5: decision is 'maybe': write reject or confirm",
            id="no decision",
        ),
        pytest.param(
            {
                "answer_1": {"label": "grass"},
                "answer_2": {"label": "dandelion", "id": "answer-1", "sha256": digest(1)},
            },
            "line 5: it says 'grass', and line 4 says 'dandelion' of the same image: keep one of"
            " the two",
            id="two labels for one image",
        ),
    ],
)
def test_where_one_line_is_wrong_nothing_is_kept(
    reviewed: Reviewed, tmp_path: Path, cells: dict[str, dict[str, str]], words: str
) -> None:
    out = tmp_path / "queue.csv"
    reviewed.called("export", str(out))
    fill(out, answer_3={"label": "grass"})
    fill(out, **cells)
    code, lines = reviewed.called("import", str(out), *BY)
    assert code == 1
    assert words in "\n".join(lines)
    assert reviewed.kept() == []


def test_a_new_class_is_taken_where_it_is_named(reviewed: Reviewed, tmp_path: Path) -> None:
    out = tmp_path / "queue.csv"
    reviewed.called("export", str(out))
    fill(out, answer_1={"label": "moss"})
    assert reviewed.called("import", str(out), *BY, "--new-label", "moss")[0] == 0
    assert [found["label"] for found in reviewed.kept()] == ["moss"]


def test_of_many_wrong_lines_twenty_are_told(reviewed: Reviewed, tmp_path: Path) -> None:
    out = tmp_path / "queue.csv"
    reviewed.called("export", str(out))
    head, line = out.read_text().splitlines()[:2]
    out.write_text("\n".join([head, *[f"{line[:-1]}moss," for _ in range(30)]]))
    code, lines = reviewed.called("import", str(out), *BY)
    assert code == 1
    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == "  … and 10 more"


def test_after_the_key_was_changed_decisions_do_not_count_until_imported_again(
    reviewed: Reviewed, tmp_path: Path
) -> None:
    out = tmp_path / "queue.csv"
    reviewed.called("export", str(out))
    fill(out, answer_1={"label": "grass"})
    reviewed.called("import", str(out), *BY)
    reviewed.use_key("another secret")
    assert reviewed.called("export", str(tmp_path / "next.csv"))[1] == [
        f"4 images in {tmp_path}/next.csv: 3 of the random share, 1 that somebody corrected,"
        " 0 of drift.",
        "Decisions that do not count, as this key did not sign them: 1.",
    ]
    assert "1 decision in" in reviewed.called("import", str(out), *BY)[1][0]
    _, lines = reviewed.called("export", str(tmp_path / "after.csv"))
    assert lines[0].startswith("3 images")


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


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing.csv", "There is no "),
        ("queue.txt", "is none of what can be read: a folder of images, a table (*.csv)"),
        ("empty", "there is no queue.csv in it: give the exported folder back whole"),
        ("other.csv", "line 1: the columns id, index, sha256, source are missing"),
    ],
)
def test_what_cannot_come_back_is_told(
    reviewed: Reviewed, tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "queue.txt").write_text("")
    (tmp_path / "other.csv").write_text("file,label\na,b\n")
    code, lines = reviewed.called("import", str(tmp_path / name), *BY)
    assert code == 1
    assert words in lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "yesterday"), "write hours, days or weeks: 12h, 7d, 4w"),
        (("--model", "lawn"), "--model is 'lawn'; write NAMESPACE/NAME"),
        (("--log", "predictions"), "--log: 'predictions' is not an S3 URI"),
        (("--log", ""), "Where is it? Write --log, or set DANDELION_LOG_URI."),
    ],
)
def test_a_wrong_option_is_one_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, str],
    words: str,
) -> None:
    (tmp_path / "AWS_ACCESS_KEY_ID").write_text("key")
    (tmp_path / "AWS_SECRET_ACCESS_KEY").write_text("secret")
    usual = {
        "--model": "default/lawn",
        "--log": "s3://predictions",
        "--decisions": "s3://models",
        "--endpoint": "http://127.0.0.1:9",
        "--credentials-dir": str(tmp_path),
    } | dict([arguments])
    options = [part for pair in usual.items() for part in pair]
    assert main(["review", "export", str(tmp_path / "out.csv"), *options]) == 1
    assert words in capsys.readouterr().err


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
