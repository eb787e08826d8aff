"""What Label Studio is asked for, with which token, and what is told where it does not answer."""

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from dandelion_training.ports.label_studio.api import LabelStudio
from dandelion_training.ports.label_studio.connection import Address, Connection, LabelStudioError
from fakes.label_studio import LEGACY, PERSONAL, FakeLabelStudio, running

TITLE = "default/lawn"


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLabelStudio]:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    with running(FakeLabelStudio()) as found:
        yield found


def opened(studio: FakeLabelStudio, token: str = LEGACY, base: str = "") -> LabelStudio:
    return LabelStudio(Connection(base or studio.url, token, pause=0))


def failure(studio: FakeLabelStudio, token: str = LEGACY, base: str = "") -> str:
    with opened(studio, token, base) as client, pytest.raises(LabelStudioError) as caught:
        client.project(7)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "base", "project"),
    [
        ("https://studio.example.org", "https://studio.example.org", None),
        ("https://studio.example.org/", "https://studio.example.org", None),
        ("http://127.0.0.1:8080/projects/7", "http://127.0.0.1:8080", 7),
        ("https://example.org/studio/projects/12/data?tab=3", "https://example.org/studio", 12),
        ("https://example.org/projects/", "https://example.org/projects", None),
    ],
)
def test_an_address_is_that_of_the_service_or_of_a_project(
    text: str, base: str, project: int | None
) -> None:
    assert Address.parse(text) == Address(base, project)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://", "is no address: write https://HOST/projects/NUMBER"),
        ("ftp://studio.example.org", "is no address"),
        ("https://eve:secret@studio.example.org", "everybody on this machine can read"),
    ],
)
def test_what_is_no_address_is_told(text: str, words: str) -> None:
    with pytest.raises(LabelStudioError) as caught:
        Address.parse(text)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_personal_token_is_exchanged_and_again_once_it_has_expired(
    studio: FakeLabelStudio,
) -> None:
    studio.uses = 2
    with opened(studio, PERSONAL) as client:
        project = client.create(TITLE, "<View/>")
        for _ in range(4):
            assert client.project(project.id).title == TITLE
    assert PERSONAL not in " ".join(studio.tokens)
    assert studio.tokens.count("Bearer access-1") == 3
    assert studio.tokens.count("Bearer access-2") == 3


@pytest.mark.parametrize(
    ("token", "said"),
    [("wrong", "Invalid token"), (PERSONAL + "x", "Token is invalid")],
    ids=["legacy", "personal"],
)
def test_a_token_that_does_not_count_is_told_with_the_way_to_one(
    studio: FakeLabelStudio, token: str, said: str
) -> None:
    words = failure(studio, token)
    assert f"does not take the token: {said}" in words
    assert "Account & Settings" in words
    assert token not in words


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            (403, {"detail": "You do not have permission."}),
            "does not let the token's user do this (/api/projects/7/): You do not have permission.",
            id="not for this user",
        ),
        pytest.param((404, {"detail": "Not found."}), "has no project 7", id="no such project"),
        pytest.param((302, ""), "leads to https://elsewhere.example.org/", id="a redirect"),
        pytest.param((200, b"<html>Log in</html>"), "perhaps a login page", id="a login page"),
        pytest.param((200, {"title": "no id"}), "does not answer as Label Studio", id="another"),
        pytest.param((413, b"<html>"), "takes no body of that size", id="a proxy's bound"),
        pytest.param(
            (
                400,
                {"detail": "Validation error", "validation_errors": {"title": ["Too\x1b[1m long"]}},
            ),
            'answers 400 to /api/projects/7/: Validation error: {"title": ["Too\\u001b[1m long"]}.',
            id="a refusal in words",
        ),
        pytest.param((500, b"oops"), "answers 500 to /api/projects/7/.", id="a defect of its own"),
    ],
)
def test_each_refusal_has_words_of_its_own(
    studio: FakeLabelStudio, answer: tuple[int, Any], words: str
) -> None:
    studio.answers["GET /api/projects/7/"] = [answer]
    assert words in failure(studio)
    assert len(studio.requests) == 1


def test_what_is_no_label_studio_is_told(studio: FakeLabelStudio) -> None:
    studio.answers["GET /api/projects/"] = [(404, b"")]
    with opened(studio) as client, pytest.raises(LabelStudioError, match="is no Label Studio"):
        client.projects(TITLE)


@pytest.mark.parametrize("passing", [(503, {}), (429, {}), None], ids=["503", "429", "broken off"])
def test_what_reads_is_attempted_again_and_what_writes_is_not(
    studio: FakeLabelStudio, passing: tuple[int, Any] | None
) -> None:
    with opened(studio) as client:
        project = client.create(TITLE, "<View/>")
        studio.answers["GET /api/projects/1/"] = [passing, passing]
        assert client.project(project.id) == project
        studio.answers["POST /api/projects/"] = [passing]
        with pytest.raises(LabelStudioError):
            client.create(TITLE, "<View/>")
    assert len(studio.projects) == 1


def test_where_nothing_answers_that_is_told(studio: FakeLabelStudio) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and nobody listens; let go, it would be somebody else's soon
        base = f"http://127.0.0.1:{held.getsockname()[1]}"
        assert failure(studio, base=base) == f"Nothing answers at {base}."


def test_a_host_that_nobody_knows_is_told(
    studio: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    words = failure(studio, base="http://studio.example.org")
    assert words == "The host of http://studio.example.org is not known."


def test_the_proxy_of_the_environment_is_used_unless_the_host_is_excepted(
    studio: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", studio.url)
    assert "has no project 7" in failure(studio, base="http://studio.example.org")
    assert studio.requests == ["GET http://studio.example.org/api/projects/7/"]
    monkeypatch.setenv("http_proxy", "http://eve:secret@127.0.0.1:9")
    words = failure(studio, base="http://studio.example.org")
    assert "The proxy of the environment does not lead to http://studio.example.org" in words
    assert "secret" not in words
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert "has no project 7" in failure(studio)


def test_pages_are_read_to_the_end(studio: FakeLabelStudio) -> None:
    with opened(studio) as client:
        projects = [client.create(f"{TITLE} {number}", "<View/>") for number in range(101)]
        assert client.projects(TITLE) == projects
        rows = [{"data": {"sha256": str(number)}} for number in range(250)]
        client.add(projects[0], rows)
        found = [task["data"]["sha256"] for task in client.tasks(projects[0], annotated=False)]
        assert found == [row["data"]["sha256"] for row in rows]
        assert next(client.tasks(projects[0], annotated=True))["annotations"] == []
        assert list(client.tasks(projects[1], annotated=False)) == []


def test_tasks_that_are_deleted_meanwhile_end_the_list(studio: FakeLabelStudio) -> None:
    with opened(studio) as client:
        project = client.create(TITLE, "<View/>")
        client.add(project, [{"data": {}}] * 150)
        reading = client.tasks(project, annotated=False)
        next(reading)
        studio.tasks[1].clear()
        assert len(list(reading)) == 99


def test_who_annotated_is_nobody_where_users_may_not_be_seen(studio: FakeLabelStudio) -> None:
    with opened(studio) as client:
        assert client.people() == {1: "eve@example.com"}
        studio.answers["GET /api/users/"] = [(403, {"detail": "no"})]
        assert client.people() == {}


def test_an_import_in_the_background_is_told(studio: FakeLabelStudio) -> None:
    with opened(studio) as client:
        project = client.create(TITLE, "<View/>")
        studio.answers["POST /api/projects/1/import"] = [(201, {"import": 3})]
        with pytest.raises(LabelStudioError, match="takes files in the background"):
            client.upload(project, "a.png", b"png")
