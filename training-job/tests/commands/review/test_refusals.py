"""What cannot be imported, or asked for, is told in the words that help, and changes nothing."""

from pathlib import Path

import pytest
from dandelion_training.commands import main
from given.reviews import BY, Reviewed, digest, fill


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


def test_of_many_wrong_lines_twenty_are_told(reviewed: Reviewed, tmp_path: Path) -> None:
    out = tmp_path / "queue.csv"
    reviewed.called("export", str(out))
    head, line = out.read_text().splitlines()[:2]
    out.write_text("\n".join([head, *[f"{line[:-1]}moss," for _ in range(30)]]))
    code, lines = reviewed.called("import", str(out), *BY)
    assert code == 1
    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == "  … and 10 more"


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
