"""The service as the console calls it, over the log of one model."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dandelion_training.ports.storage import Location, StoredObject
from given.console import MODEL, Console
from given.reviews import CONTRACT, Reviewed, digest, row
from structlog.testing import capture_logs

LIVE = f"s3://models/default/lawn/live/{CONTRACT.removeprefix('sha256:')}.json"


def test_a_decision_counts_as_an_imported_one_does(console: Console, reviewed: Reviewed) -> None:
    first, second, third = console.queue()
    (corrected,) = console.queue("uncertain")
    assert console.decide(first, first["label"]).json() == {"decided": 1, "voted": 0, "known": 0}
    assert console.decide(second, "grass").status_code == 200
    assert console.decide(third, None).status_code == 200
    assert console.decide(corrected, "grass", by="bob").status_code == 200
    assert (console.queue(), console.queue("uncertain")) == ([], [])
    kept = {row["id"]: row for row in reviewed.kept()}
    assert {row["by"] for row in kept.values()} == {"ada", "bob"}
    assert (kept["answer-3"].get("label"), kept["answer-3"]["reject"]) == (None, True)
    assert kept["answer-4"]["source"] == "correction"
    code, lines = reviewed.called("accuracy")
    assert (code, lines[0].split(";")[0].split(" (")[0]) == (0, "Version 3: 1 of 2 right")


def test_the_same_row_is_written_as_by_an_import(
    console: Console, reviewed: Reviewed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for item in [*console.queue(), *console.queue("uncertain")]:
        console.decide(item, item["label"])
    other = Reviewed.of_four(_folder(tmp_path, "other"), capsys)
    other.called("export", str(tmp_path / "queue"))
    assert other.called("import", str(tmp_path / "queue"), "--by", "ada")[0] == 0

    def without_time(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        named = [
            {key: value for key, value in row.items() if key not in ("time", "signature")}
            for row in rows
        ]
        return sorted(named, key=lambda row: str(row["id"]))

    assert without_time(reviewed.kept()) == without_time(other.kept())


def _folder(work: Path, name: str) -> Path:
    (work / name).mkdir()
    return work / name


def test_what_an_import_decided_is_not_asked(
    console: Console, reviewed: Reviewed, tmp_path: Path
) -> None:
    assert len(console.queue()) == 3
    reviewed.called("export", str(tmp_path / "queue"))
    assert reviewed.called("import", str(tmp_path / "queue"), "--by", "eve")[0] == 0
    assert console.queue() == []


def test_decisions_in_a_row_do_not_list_all_of_them_each_time(
    console: Console, reviewed: Reviewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = console.queue()
    listed: list[str] = []
    whole = reviewed.store.list

    def counted(prefix: Location, beginning: str = "") -> Iterator[StoredObject]:
        listed.append(str(prefix))
        return whole(prefix, beginning)

    monkeypatch.setattr(reviewed.store, "list", counted)
    for item in items:
        assert console.decide(item, "grass").json()["decided"] == 1
        assert console.decide(item, "grass").json()["known"] == 1
    assert not [place for place in listed if place.startswith("s3://models")]
    assert console.queue() == []
    assert "s3://models/default/lawn/decisions" in listed


def test_thinking_better_of_it_is_another_decision(console: Console, reviewed: Reviewed) -> None:
    item = console.queue()[0]
    console.decide(item, "grass")
    assert console.decide(item, "grass").json() == {"decided": 0, "voted": 0, "known": 1}
    assert console.decide(item, "dandelion").json()["decided"] == 1
    assert len(reviewed.kept()) == 2


def test_the_operator_is_told_the_live_accuracy_a_moment_later(
    console: Console, reviewed: Reviewed
) -> None:
    item = console.queue()[0]
    console.decide(item, item["label"])
    console.reviews.keep_accuracies()
    assert json.loads(reviewed.store.objects[LIVE])["reviewed"] == 1


def test_what_was_not_kept_yet_is_kept_at_the_end(console: Console, reviewed: Reviewed) -> None:
    item = console.queue()[0]

    async def ended() -> None:
        async with console.app.router.lifespan_context(console.app):
            await asyncio.to_thread(console.decide, item, item["label"])
            assert LIVE not in reviewed.store.objects

    asyncio.run(ended())
    assert json.loads(reviewed.store.objects[LIVE])["reviewed"] == 1


def test_two_people_where_two_are_asked_for(console: Console, reviewed: Reviewed) -> None:
    item = console.queue(people=2)[0]
    assert item["people"] == 0
    assert console.decide(item, "grass", "ada", people=2).json()["voted"] == 1
    # Not again before ada, and bob is not told what she said.
    assert item["id"] not in {each["id"] for each in console.queue(people=2)}
    again = next(each for each in console.queue(by="bob", people=2) if each["id"] == item["id"])
    assert again == item | {"people": 1}
    assert reviewed.kept() == []
    assert console.decide(item, "dandelion", "bob", people=2).json()["voted"] == 1
    assert reviewed.kept() == []
    assert console.decide(item, "grass", "eve", people=2).json()["decided"] == 1
    (row,) = reviewed.kept()
    assert (row["label"], row["by"]) == ("grass", "ada, eve")
    assert len(console.queue(by="bob", people=2)) == 2


def test_a_person_is_no_second_person(console: Console, reviewed: Reviewed) -> None:
    item = console.queue(people=2)[0]
    for label in ("grass", "grass", "dandelion", "grass"):
        assert console.decide(item, label, people=2).json()["decided"] == 0
    assert reviewed.kept() == []


def test_a_vote_among_the_decisions_counts_for_nothing(
    console: Console, reviewed: Reviewed
) -> None:
    console.decide(console.queue(people=2)[0], "grass", people=2)
    for uri, content in list(reviewed.store.objects.items()):
        if "/votes/" in uri:
            reviewed.store.objects[uri.replace("/votes/", "/decisions/")] = content
    _, lines = reviewed.called("accuracy")
    assert lines[0] == "3 answers of the sample wait, of versions that nobody reviewed."
    assert lines[1] == "Decisions that do not count, as this key did not sign them: 1."


@pytest.mark.parametrize(
    ("about", "status", "said"),
    [
        ({"label": "moss"}, 409, "'moss' is none of the classes dandelion, grass"),
        ({"image": digest(9)}, 409, "was of another image"),
        ({"id": "answer-9"}, 409, "has no such answer any more"),
        ({"where": "../../other/predictions/x"}, 409, "has no such answer any more"),
        ({"label": ""}, 400, "label"),
        ({"source": "mine"}, 400, "source"),
        ({"person": "eve"}, 400, "person"),
    ],
)
def test_what_fits_nothing_is_refused_and_not_kept(
    console: Console, reviewed: Reviewed, about: dict[str, Any], status: int, said: str
) -> None:
    answer = console.decide(console.queue()[0], "grass", **about)
    assert (answer.status_code, reviewed.kept()) == (status, [])
    assert said in answer.json()["message"]


def test_the_likeliest_others_are_named(console: Console, reviewed: Reviewed) -> None:
    scores = {"dandelion": 0.5, "daisy": 0.1, "grass": 0.3, "moss": 0.05, "oak": 0.05}
    reviewed.log(row(6, scores=scores | {f"class {n}": 0.0 for n in range(9)}))
    item = next(item for item in console.queue() if item["id"] == "answer-6")
    assert item["likely"] == ["grass", "daisy", "moss", "oak", "class 0"]
    assert len(item["classes"]) == 14


def test_a_correction_is_never_made_a_sample(console: Console, reviewed: Reviewed) -> None:
    (corrected,) = console.queue("uncertain")
    sampled = console.queue()[0]
    console.decide(corrected, "grass", source="sample")
    console.decide(sampled, "grass", source="correction")
    assert {row["id"]: row["source"] for row in reviewed.kept()} == {
        "answer-4": "correction",
        "answer-1": "sample",
    }


def test_another_resource_of_the_name_has_another_queue(console: Console) -> None:
    assert console.queue(uid="uid-2") == []


@pytest.mark.parametrize("token", ["", "of-a-pod", "invented"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{MODEL}/queue?uid=uid-1&by=ada&share=sample"),
        ("GET", f"{MODEL}/images/{digest(1)}"),
        ("POST", f"{MODEL}/decisions"),
    ],
)
def test_nobody_but_the_console_is_heard(
    console: Console, token: str, method: str, path: str
) -> None:
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-User": "ada"}
    answer = console.ask(method, path, headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {"message": "This is for the console alone."}


def test_without_an_answer_of_the_api_server_nobody_is_let_in(console: Console) -> None:
    answer = console.ask(
        "GET", f"{MODEL}/images/{digest(1)}", headers={"Authorization": "Bearer unanswered"}
    )
    assert answer.status_code == 503


def test_a_body_without_end_is_not_read_to_the_end(console: Console) -> None:
    answer = console.ask("POST", f"{MODEL}/decisions", content=b"x" * 70_000)
    assert answer.status_code == 413


def test_who_decided_is_in_the_log(console: Console) -> None:
    with capture_logs() as lines:
        console.decide(console.queue()[0], "grass")
    (line,) = lines
    assert (line["by"], line["name"], line["decided"]) == ("ada", "lawn", 1)


def test_a_name_may_be_as_long_as_providers_make_them(console: Console) -> None:
    ada = f"https://sso.example.com/realms/{'garden' * 60}#ada"
    (first, *_) = console.queue(by=ada)
    assert console.decide(first, "grass", by=ada).json()["decided"] == 1
