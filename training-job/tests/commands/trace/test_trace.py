"""The command `trace`, as a person types and reads it."""

from typing import Any

import pytest
from dandelion_training.commands import main
from given.evaluation.traced import ANSWER, LOG, ROWS, Traced, answer_id
from given.runs import DATASET, MODELS, sha256


def states(links: list[dict[str, str]]) -> dict[str, str]:
    return {link["link"]: link["state"] for link in links}


def test_every_link_of_an_answer_is_checked_and_told(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = found.called(capsys)
    assert code == 0
    assert [
        [line[:7].strip(), line[8:19].strip()] for line in lines[:-2] if not line.startswith(" ")
    ] == [
        *(["ok", name] for name in ("answer id", "row", "image", "version", "run", "contract")),
        ["ok", "origin"],
        *[["ok", "file"]] * 4,
        *(["ok", name] for name in ("dataset", "ancestor", "evaluation", "answers")),
        ["told", "verdict"],
        ["ok", "comparison"],
        ["told", "alias"],
    ]
    assert lines[-2:] == ["", "Whole: 16 links checked."]
    text = "\n".join(lines)
    for words in (
        "says version 2, given 2026-11-26T09:23:10Z; signed by default.lawn",
        "blue (0.7500) at 2026-11-26T09:23:10.004Z, uid 0f0c6a5e",
        "FINISHED, begun 2026-09-21T14:13:20Z; trigger Schedule: due 2026-11-26T03:00:00Z",
        "code revision abc123, image training:1, training hash 0123456789",
        "41 images of 2 classes from s3://datasets/lawn",
        "promoted (rules aa11bb22cc): accuracy 1.000, the champion's 1.000",
        "accuracy 1.0000, version 1 1.0000 on 8 images",
        "first given to this version by the operator's gate; names version 2 now",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--images"], "41 images by size and ETag, 0 by SHA-256"),
        (["--images=hash"], "0 images by size and ETag, 41 by SHA-256"),
    ],
)
def test_images_are_checked_on_request(
    found: Traced, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, links = found.links(capsys, *arguments)
    (images,) = (link for link in links if link["link"] == "images")
    assert (images["state"], images["place"], images["words"]) == ("ok", DATASET, words)
    assert bool(found.store.fetched) is ("hash" in arguments[0])


def test_an_image_of_which_a_copy_was_kept_is_whole(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = f"{DATASET}/blue/003.png"
    content = found.objects.pop(uri)
    found.objects[f"{MODELS}/datasets/images/{sha256(content)}"] = content
    assert states(found.links(capsys, "--images")[1])["images"] == "ok"


def test_an_id_with_a_time_costs_its_hour_alone(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = f"{LOG}/predictions/date=2026-11-26"
    for place in (f"{folder}/hour=08/pod-1795680000000-1", f"{folder}/hour=09/pod-1795684000000-1"):
        found.objects[f"{place}.jsonl.gz"] = b"is not read"
    assert found.called(capsys)[0] == 0


def test_a_row_that_was_written_in_the_next_hour_is_found(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    found.objects[ROWS.replace("hour=09", "hour=10")] = found.objects.pop(ROWS)
    assert found.called(capsys)[0] == 0


@pytest.mark.parametrize(("since", "code"), [("7d", 0), ("12h", 2)])
def test_an_id_of_an_earlier_release_is_looked_for_from_the_newest_on(
    found: Traced, since: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    former = answer_id(None)
    del found.objects[ROWS]
    found.log(found.row(id=former), place=ROWS.replace("-26/", "-24/"))
    told = found.called(capsys, former, "--since", since)
    assert told[0] == code
    if code:
        assert "0 objects (0 bytes) of 2026-11-25 to 2026-11-26 were read" in told[1][0]
        assert "Look further back with --since" in told[1][0]


def test_objects_that_may_have_held_the_answer_are_named_where_it_is_not_found(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    found.objects[ROWS] = found.objects[ROWS][:20]
    code, lines = found.called(capsys)
    assert code == 1
    assert f"BROKEN  row         {ROWS}" in lines


def test_an_answer_of_several_images_has_a_row_for_each(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    several = answer_id(images=0b101)
    found.log(*(found.row(id=several, index=index) for index in (0, 2)))
    _, links = found.links(capsys, several)
    rows = [link["place"] for link in links if link["link"] == "row"]
    assert rows == [f"{ROWS}, index 0", f"{ROWS}, index 2"]


def test_what_was_not_kept_is_unknown_and_no_fault(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    for uri in [uri for uri in found.objects if "/images/" in uri]:
        del found.objects[uri]
    for tags in (found.tags, found.run_tags):
        del tags["dandelion.dev/evaluation-digest"]
    del found.tags["dandelion.dev/comparison-digest"]
    code, links = found.links(capsys)
    told = states(links)
    assert code == 0
    assert {told[name] for name in ("image", "evaluation", "comparison")} == {"unknown"}


def test_a_version_that_was_registered_again_is_found_by_its_contract(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = found.mlflow.versions["default.lawn"]
    first.version, second.version = "2", "1"
    first.run_id = second.run_id = ""
    second.tags |= {"dandelion.dev/promoted-by": "Operator", "dandelion.dev/replaces": ""}
    code, lines = found.called(capsys)
    assert code == 0
    assert "ok      version     MLflow: default.lawn version 1" in lines
    assert "unknown run         MLflow: default.lawn version 1" in lines
    text = "\n".join(lines)
    assert "answered as version 2, lies in s3://models/default/lawn/two/artifact" in text
    assert "given back to this version after MLflow had lost it" in text


def test_a_first_version_was_compared_with_none(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    found.tags["dandelion.dev/replaces"] = ""
    _, links = found.links(capsys)
    assert "comparison" not in states(links)


def test_names_that_a_terminal_would_act_on_are_harmless(
    found: Traced, capsys: pytest.CaptureFixture[str]
) -> None:
    found.tags["dandelion.dev/verdict-reason"] = "class \x1b[2J\nok"
    lines = found.called(capsys)[1]
    assert any(line.endswith("class ?[2J ok") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "is no id of an answer: copy it whole"),
        ([answer_id(images=0)], "was an error"),
        ([ANSWER, "--since", "yesterday"], "write hours, days or weeks"),
        ([answer_id(1_795_000_000_000)], "There is no row of"),
    ],
)
def test_what_cannot_be_looked_for_is_one_sentence_and_exit_code_2(
    found: Traced, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = found.called(capsys, *arguments)
    assert code == 2
    (line,) = lines
    assert line.startswith("error: ")
    assert words in line


def test_an_outage_is_no_broken_link(found: Traced, capsys: pytest.CaptureFixture[str]) -> None:
    found.mlflow.outages["get_run"] = [ConnectionError("refused")] * 10
    code, lines = found.called(capsys)
    assert (code, len(lines)) == (2, 1)
    assert "MLflow at http://mlflow cannot be asked: refused" in lines[0]


VARIABLES = {
    "DANDELION_NAMESPACE": "default",
    "DANDELION_NAME": "lawn",
    "DANDELION_LOG_URI": "s3://predictions",
    "DANDELION_S3_ENDPOINT": "http://127.0.0.1:9",
    "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
}


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("DANDELION_NAME", "Write --model, or set DANDELION_NAME"),
        ("DANDELION_LOG_URI", "Write --log, or set DANDELION_LOG_URI"),
        ("DANDELION_S3_ENDPOINT", "Write --endpoint, or set DANDELION_S3_ENDPOINT"),
        ("MLFLOW_TRACKING_URI", "Write --mlflow, or set MLFLOW_TRACKING_URI"),
        ("", "AWS_ACCESS_KEY_ID"),
    ],
)
def test_places_come_from_the_environment_of_a_run(
    missing: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DANDELION_S3_CREDENTIALS_DIR", str(tmp_path))
    if missing:
        monkeypatch.delenv(missing)
    assert main(["trace", ANSWER]) == 2
    assert words in capsys.readouterr().err
