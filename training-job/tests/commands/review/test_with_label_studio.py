"""The queue in a project of Label Studio: sent once, whatever happens, and read back once."""

import hashlib
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from dandelion_training.review.label_studio import project
from fakes.label_studio import EMAIL, LEGACY, PERSONAL, FakeLabelStudio, running
from given.reviews import BY, DECISIONS, HOME, Reviewed, digest, image, row

LATER = "2026-03-10T11:30:00.000000Z"


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLabelStudio]:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", LEGACY)
    with running(FakeLabelStudio()) as found:
        yield found


def task_of(studio: FakeLabelStudio, number: int) -> int:
    """The task of image `number`."""
    (found,) = (task["id"] for task in studio.tasks[1] if task["data"]["sha256"] == digest(number))
    return int(found)


def choices(studio: FakeLabelStudio) -> list[str]:
    return list(studio.projects[1]["parsed_label_config"]["label"]["labels"])


def test_a_project_is_made_with_images_answers_and_choices(
    reviewed: Reviewed, studio: FakeLabelStudio
) -> None:
    assert reviewed.called("export", studio.url) == (
        0,
        [
            f"4 images in {studio.url}/projects/1: 3 of the random share,"
            " 1 that somebody corrected, 0 of drift."
        ],
    )
    assert studio.projects[1]["title"] == "default/lawn"
    assert choices(studio) == ["dandelion", "grass", "_reject"]
    assert [task["data"]["answer_id"] for task in studio.tasks[1]] == [
        *("answer-3", "answer-4", "answer-2", "answer-1"),
    ]
    third = studio.tasks[1][2]
    assert studio.content[third["data"]["image"]] == image(2)
    (prediction,) = third["predictions"]
    assert prediction["result"][0]["value"] == {"choices": ["dandelion"]}
    assert (prediction["model_version"], prediction["score"]) == ("3", 0.6)


def test_a_second_export_sends_only_what_is_new(
    reviewed: Reviewed, studio: FakeLabelStudio
) -> None:
    reviewed.called("export", studio.url)
    before = [dict(task) for task in studio.tasks[1]]
    reviewed.log(row(6))
    code, lines = reviewed.called("export", f"{studio.url}/")
    assert code == 0
    assert lines[1:] == ["Tasks there before: 4."]
    assert studio.tasks[1][:4] == before
    assert [task["data"]["sha256"] for task in studio.tasks[1][4:]] == [digest(6)]
    assert (len(studio.projects), len(studio.uploads)) == (1, 5)


@pytest.mark.parametrize("loses", [False, True], ids=["before it arrives", "before it is answered"])
@pytest.mark.parametrize("posts", range(8))
def test_an_export_that_is_cut_off_anywhere_is_completed_by_the_next(
    reviewed: Reviewed,
    studio: FakeLabelStudio,
    monkeypatch: pytest.MonkeyPatch,
    posts: int,
    loses: bool,
) -> None:
    """Of one project, four files, and tasks in two portions."""
    monkeypatch.setattr(project, "BATCH", 2)
    studio.posts, studio.loses = posts, loses
    code, lines = reviewed.called("export", studio.url)
    assert code == (1 if posts < 7 else 0)
    if code:
        assert lines == [
            f"error: {studio.url} broke off or fell silent; what was sent may have arrived. Try"
            " again."
        ]
    studio.posts = 1000
    assert reviewed.called("export", studio.url)[0] == 0
    images = [task["data"]["sha256"] for task in studio.tasks[1]]
    assert sorted(images) == sorted(digest(number) for number in (1, 2, 3, 4))
    assert all(studio.content[task["data"]["image"]] for task in studio.tasks[1])
    assert (len(studio.projects), len(studio.uploads)) == (1, 4)


def test_a_class_that_a_model_has_learnt_since_can_be_chosen_too(
    reviewed: Reviewed, studio: FakeLabelStudio
) -> None:
    reviewed.called("export", studio.url)
    reviewed.log(row(6, scores={"dandelion": 0.5, "grass": 0.1, "moss": 0.4}))
    assert reviewed.called("export", studio.url)[0] == 0
    assert choices(studio) == ["dandelion", "grass", "moss", "_reject"]


def test_an_interface_that_somebody_wrote_is_used_where_it_offers_all_and_left_alone(
    reviewed: Reviewed, studio: FakeLabelStudio
) -> None:
    reviewed.called("export", studio.url)
    own = studio.projects[1]["label_config"].replace("<View>", '<View><Header value="Lawns"/>')
    studio.projects[1]["label_config"] = own
    assert reviewed.called("export", studio.url)[0] == 0
    reviewed.log(row(6, scores={"dandelion": 0.5, "grass": 0.1, "moss": 0.4}))
    code, lines = reviewed.called("export", studio.url)
    assert code == 1
    assert "does not offer 'moss': it needs <Choices name=\"label\"" in lines[0]
    assert studio.projects[1]["label_config"] == own


def test_what_people_said_becomes_decisions_once(
    reviewed: Reviewed, studio: FakeLabelStudio
) -> None:
    reviewed.called("export", studio.url)
    studio.annotate(task_of(studio, 1), "grass", at=LATER)
    studio.annotate(task_of(studio, 2), "_reject", at=LATER, completed_by=7)
    studio.annotate(task_of(studio, 3), was_cancelled=True, at=LATER)
    studio.tasks[1].append({"id": 1, "data": {"image": "of somebody"}, "annotations": []})
    code, lines = reviewed.called("import", studio.url, *BY)
    assert code == 0
    assert lines[0].startswith(f"2 decisions in {DECISIONS}/")
    assert lines[0].endswith(": 0 as answered, 1 with another label, 1 rejected.")
    assert lines[1:] == ["Left undecided: 2.", "Tasks that are none of a review: 1."]
    said = {found["id"]: (found.get("label"), found["by"]) for found in reviewed.kept()}
    assert said == {"answer-1": ("grass", EMAIL), "answer-2": (None, "ada")}
    assert reviewed.called("import", studio.url, *BY)[1][:2] == [
        "Nothing new was decided.",
        "Decided so before: 2.",
    ]
    assert len(reviewed.kept()) == 2
    assert reviewed.called("export", studio.url)[1][0].startswith("2 images")


def test_of_several_people_the_last_word_counts(
    reviewed: Reviewed, studio: FakeLabelStudio
) -> None:
    reviewed.called("export", studio.url)
    studio.annotate(task_of(studio, 1), "_reject", at="2026-03-10T11:40:00Z", completed_by=2)
    studio.annotate(task_of(studio, 1), "grass", at=LATER)
    reviewed.called("import", studio.url, *BY)
    assert [found["reject"] for found in reviewed.kept()] == [True]
    studio.annotate(task_of(studio, 1), "grass", at="2026-03-10T11:50:00Z")
    reviewed.called("import", studio.url, *BY)
    latest = max(reviewed.kept(), key=lambda found: str(found["time"]))
    assert (latest["label"], latest["by"]) == ("grass", EMAIL)


def test_what_was_decided_long_ago_stays_in_the_project_and_is_in_nobodys_way(
    reviewed: Reviewed, studio: FakeLabelStudio
) -> None:
    reviewed.called("export", studio.url)
    studio.annotate(task_of(studio, 1), "grass", at=LATER)
    reviewed.called("import", studio.url, *BY)
    reviewed.now += timedelta(days=60)
    code, lines = reviewed.called("import", studio.url, *BY)
    assert (code, lines[1]) == (0, "Decided so before: 1.")
    studio.annotate(task_of(studio, 2), "grass", at="2026-05-09T00:00:00Z")
    code, lines = reviewed.called("import", studio.url, *BY)
    assert code == 1
    assert "write a longer --since" in lines[1]
    assert reviewed.called("import", studio.url, *BY, "--since", "12w")[0] == 0
    assert len(reviewed.kept()) == 2


def test_a_project_is_named_by_its_address_too(reviewed: Reviewed, studio: FakeLabelStudio) -> None:
    place = f"{studio.url}/projects/1/data?tab=2"
    assert "has no project 1" in reviewed.called("export", place)[1][0]
    studio.projects[1] = {"id": 1, "title": "Ours", "label_config": "<View></View>"}
    studio.tasks[1] = []
    assert reviewed.called("export", place)[0] == 0
    assert choices(studio) == ["dandelion", "grass", "_reject"]
    studio.annotate(task_of(studio, 1), "grass", at=LATER)
    assert (
        "There is no project called 'default/lawn': export to it first"
        in (reviewed.called("import", studio.url, *BY)[1][0])
    )
    assert "1 decision in" in reviewed.called("import", place, *BY)[1][0]


def test_two_projects_of_one_title_are_told_apart_by_address(
    reviewed: Reviewed, studio: FakeLabelStudio
) -> None:
    for number in (1, 2):
        studio.projects[number] = {"id": number, "title": "default/lawn"}
    code, lines = reviewed.called("export", studio.url)
    assert code == 1
    assert f"name one by its address, for example {studio.url}/projects/1" in lines[0]


def test_an_image_that_browsers_do_not_show_is_left_for_another_form(
    reviewed: Reviewed, studio: FakeLabelStudio
) -> None:
    content = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
    sha256 = hashlib.sha256(content).hexdigest()
    reviewed.log(row(6, imageSha256=sha256))
    reviewed.store.objects[f"{HOME}/images/{sha256}"] = content
    code, lines = reviewed.called("export", studio.url)
    assert code == 0
    assert lines[1] == "Of a form that Label Studio does not show: 1."
    assert len(studio.tasks[1]) == 4


def test_a_token_comes_from_a_file_or_the_environment_and_is_shown_nowhere(
    reviewed: Reviewed, studio: FakeLabelStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{PERSONAL}\n")
    assert reviewed.called("export", studio.url, "--token-file", str(file))[0] == 0
    assert set(studio.tokens) == {"Bearer access-1"}
    for content, words in (
        ("", "holds no token of Label Studio. Its page shows or makes one"),
        ("two words", "is no token: it has characters that no token has"),
        ("not-this-one", "does not take the token: Invalid token"),
    ):
        file.write_text(content)
        code, lines = reviewed.called("export", studio.url, "--token-file", str(file))
        assert code == 1
        assert words in lines[0]
        assert "not-this-one" not in lines[0]
    file.unlink()
    code, lines = reviewed.called("export", studio.url, "--token-file", str(file))
    assert (code, "cannot be read" in lines[0]) == (1, True)
    monkeypatch.delenv("LABEL_STUDIO_API_KEY")
    code, lines = reviewed.called("export", studio.url)
    assert code == 1
    assert "LABEL_STUDIO_API_KEY holds no token" in lines[0]
