"""`review import`: what people did to what was exported is kept as decisions, and once."""

from datetime import timedelta
from pathlib import Path

from given.reviews import BY, CONTRACT, DECISIONS, Reviewed, digest, fill, image, table


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


def test_a_new_class_is_taken_where_it_is_named(reviewed: Reviewed, tmp_path: Path) -> None:
    out = tmp_path / "queue.csv"
    reviewed.called("export", str(out))
    fill(out, answer_1={"label": "moss"})
    assert reviewed.called("import", str(out), *BY, "--new-label", "moss")[0] == 0
    assert [found["label"] for found in reviewed.kept()] == ["moss"]


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
