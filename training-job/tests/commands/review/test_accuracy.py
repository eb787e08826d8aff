"""`review accuracy`, and what an import keeps for the operator, as a person sees both."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from given.reviews import CONTRACT, Reviewed, digest, row, told

KEPT = f"s3://models/default/lawn/live/{CONTRACT.removeprefix('sha256:')}.json"
NOON, LATER = "2026-03-10T12:00:00Z", "2026-03-10T13:00:00Z"


@pytest.fixture
def reviewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Reviewed:
    """Four answers of the sample, and one that somebody corrected."""
    found = Reviewed(tmp_path, capsys)
    found.log(*(row(number) for number in range(1, 5)), row(5, reviewSample=False))
    found.log(told(5, "grass"), kind="feedback")
    return found


def decided(reviewed: Reviewed, folder: Path, *moved: int, left: tuple[int, ...] = ()) -> list[str]:
    """Those in `moved` show grass, and those in `left` are left undecided."""
    assert reviewed.called("export", str(folder))[0] == 0
    for number in moved:
        place = folder / "dandelion" / f"{digest(number)}.png"
        place.rename(folder / "grass" / place.name)
    for number in left:
        (folder / "dandelion" / f"{digest(number)}.png").unlink()
    code, lines = reviewed.called("import", str(folder), "--by", "ada")
    assert code == 0, lines
    return lines


def kept(reviewed: Reviewed) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(reviewed.store.objects[KEPT])
    return found


def test_an_import_keeps_how_often_the_version_was_right(
    reviewed: Reviewed, tmp_path: Path
) -> None:
    decided(reviewed, tmp_path / "queue", 1, 5)
    found = kept(reviewed)
    assert (found.pop("lower") > 0, found.pop("upper") < 1) == (True, True)
    assert found == {
        "apiVersion": "dandelion.dev/live-accuracy/v1",
        "contract": CONTRACT,
        "version": "3",
        "reviewed": 4,
        "right": 3,
        "rejected": 0,
        "corrections": 1,
        "accuracy": 0.75,
        "confidence": 0.95,
        "computedAt": NOON,
    }


def test_the_command_tells_it_with_what_waits(reviewed: Reviewed, tmp_path: Path) -> None:
    decided(reviewed, tmp_path / "queue", 1, left=(2, 5))
    code, (line,) = reviewed.called("accuracy")
    assert code == 0
    assert line.startswith("Version 3: 2 of 3 right (66.7%), ")
    assert line.endswith(
        "% with 95% confidence; 1 wait, 0 rejected, 0 corrections, which do not count."
    )


def test_without_a_review_it_says_so(reviewed: Reviewed) -> None:
    assert reviewed.called("accuracy") == (
        0,
        ["4 answers of the sample wait, of versions that nobody reviewed."],
    )
    assert KEPT not in reviewed.store.objects


def test_importing_again_writes_nothing_and_more_reviews_do(
    reviewed: Reviewed, tmp_path: Path
) -> None:
    decided(reviewed, tmp_path / "queue", left=(2, 5))
    before = dict(reviewed.store.objects)
    reviewed.now += timedelta(hours=1)
    reviewed.called("import", str(tmp_path / "queue"), "--by", "eve")
    assert reviewed.store.objects == before
    decided(reviewed, tmp_path / "next", left=(5,))
    assert (kept(reviewed)["reviewed"], kept(reviewed)["computedAt"]) == (4, LATER)


def test_one_more_complaint_is_told_and_is_no_news_of_the_sample(
    reviewed: Reviewed, tmp_path: Path
) -> None:
    decided(reviewed, tmp_path / "queue", 1, left=(5,))
    reviewed.now += timedelta(hours=1)
    decided(reviewed, tmp_path / "next", 5)
    assert (kept(reviewed)["corrections"], kept(reviewed)["computedAt"]) == (1, NOON)


@pytest.mark.parametrize("content", [b"", b"{half", b"[]", b'{"reviewed": 4}'])
def test_what_was_lost_or_spoilt_is_made_again(
    reviewed: Reviewed, tmp_path: Path, content: bytes
) -> None:
    decided(reviewed, tmp_path / "queue", 1)
    before = kept(reviewed)
    reviewed.store.objects[KEPT] = content
    assert reviewed.called("accuracy")[0] == 0
    assert kept(reviewed) == before


def test_a_table_in_which_a_complaint_is_called_sample_does_not_make_it_one(
    reviewed: Reviewed, tmp_path: Path
) -> None:
    out = tmp_path / "queue.csv"
    reviewed.called("export", str(out))
    text = out.read_text().replace(",correction,", ",sample,")
    head, *rows = text.splitlines()
    out.write_text("\n".join([head, *(f"{line[:-1]},reject" for line in rows)]))
    assert reviewed.called("import", str(out), "--by", "ada")[0] == 0
    assert (kept(reviewed)["rejected"], kept(reviewed)["corrections"]) == (4, 1)
