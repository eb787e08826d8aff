"""The review queue in a real Label Studio: a process of its own on this machine, with SQLite.

DANDELION_LABEL_STUDIO is the folder of its programs, which `make` installs.
"""

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3
from dandelion_training.ports.label_studio.api import LabelStudio
from dandelion_training.review.label_studio import project
from given.reviews import BY, Reviewed, digest, image, row

EMAIL = "eve@example.com"
START_SECONDS, END_SECONDS = 600, 60
LONG_AGO = ("--since", "999w")  # the answers have a time of their own

# Forty seconds are usual for the first start; beside other suites it may take minutes.
pytestmark = pytest.mark.timeout(START_SECONDS + END_SECONDS + 120)


@dataclass(frozen=True)
class Studio:
    """Where it answers, and whom it takes for its first user."""

    url: str
    token: str
    http: urllib3.PoolManager

    def asked(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.raw(method, path, body)
        assert 200 <= answer.status < 300, answer.data
        return json.loads(answer.data)

    def raw(self, method: str, path: str, body: Any = None) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Token {self.token}"}
        options = {} if body is None else {"json": body}
        return self.http.request(method, f"{self.url}{path}", headers=headers, **options)

    def project(self) -> int:
        """A new one, with the interface that projects have at first."""
        return int(self.asked("POST", "/api/projects/", {"title": "Ours"})["id"])

    def tasks(self, number: int) -> dict[str, dict[str, Any]]:
        """By the image in them."""
        path = f"/api/tasks/?project={number}&page_size=1000&fields=all&resolve_uri=false"
        tasks = self.asked("GET", path)["tasks"]
        found = {task["data"]["sha256"]: task for task in tasks}
        assert len(found) == len(tasks), "an image is a task twice"
        return found

    def files(self, number: int) -> list[Any]:
        return list(self.asked("GET", f"/api/projects/{number}/file-uploads?all=true"))

    def annotate(self, task: int, *choices: str, skipped: bool = False) -> None:
        """What the page sends when somebody submits a task, or skips it."""
        value = {"choices": list(choices)}
        result = {"type": "choices", "from_name": "label", "to_name": "image", "value": value}
        said = {"result": [result] if choices else [], "was_cancelled": skipped}
        self.asked("POST", f"/api/tasks/{task}/annotations/", said)


def environment(folder: Path, token: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data"),
        "LABEL_STUDIO_USERNAME": EMAIL,
        "LABEL_STUDIO_PASSWORD": secrets.token_hex(8),
        "LABEL_STUDIO_USER_TOKEN": token,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
    }


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    token = secrets.token_hex(20)
    programs = os.environ["DANDELION_LABEL_STUDIO"]
    command = [f"{programs}/label-studio", "start", "--no-browser", "--internal-host", "127.0.0.1"]
    log = folder / "log"
    with (
        socket.socket() as held,
        log.open("wb") as output,
        urllib3.PoolManager(retries=False) as http,
    ):
        # Bound, not listening: nobody else is given the port in the minutes until it starts, and
        # it sets SO_REUSEADDR, and so may have it (socket(7)).
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=folder,
            env=environment(folder, token),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        found = Studio(f"http://127.0.0.1:{port}", token, http)
        try:
            until_up(found, process, log)
            yield found
        finally:
            process.terminate()
            process.wait(END_SECONDS)


def until_up(studio: Studio, process: subprocess.Popen[bytes], log: Path) -> None:
    """Its first start makes its database, which takes long."""
    for _ in range(START_SECONDS):
        if process.poll() is not None:
            break
        try:
            if studio.raw("GET", "/health").status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(1)
    pytest.fail(f"Label Studio does not start:\n{log.read_text(errors='replace')[-5000:]}")


@pytest.fixture
def reviewed(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    studio: Studio,
) -> Reviewed:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio.token)
    found = Reviewed.of_four(tmp_path, capsys)
    found.now = datetime.now(UTC)
    return found


def called(reviewed: Reviewed, *arguments: str) -> list[str]:
    """What is printed of a command that does what it should."""
    reviewed.now = datetime.now(UTC)
    code, lines = reviewed.called(*arguments, *LONG_AGO)
    assert code == 0, lines
    return lines


def said(reviewed: Reviewed) -> dict[str, tuple[str | None, str]]:
    """The label of each image that counts, None where it is rejected, and who said so."""
    kept = sorted(reviewed.kept(), key=lambda found: str(found["time"]))
    return {found["imageSha256"]: (found.get("label"), found["by"]) for found in kept}


def test_the_queue_goes_out_once_and_what_people_say_comes_back_once(
    reviewed: Reviewed, studio: Studio
) -> None:
    first = called(reviewed, "export", studio.url)
    (number,) = (p["id"] for p in studio.asked("GET", "/api/projects/")["results"])
    assert first[0].startswith(f"4 images in {studio.url}/projects/{number}: 3 of the random share")
    tasks = studio.tasks(number)
    assert tasks.keys() == {digest(image) for image in (1, 2, 3, 4)}
    for shown in (1, 2, 3, 4):
        task = tasks[digest(shown)]
        assert studio.raw("GET", task["data"]["image"]).data == image(shown)
        (prediction,) = task["predictions"]
        expected = "grass" if shown == 3 else "dandelion"
        assert prediction["result"][0]["value"] == {"choices": [expected]}
    assert called(reviewed, "export", studio.url)[1:] == ["Tasks there before: 4."]
    assert studio.tasks(number).keys() == tasks.keys()
    assert len(studio.files(number)) == 4

    studio.annotate(tasks[digest(1)]["id"], "grass")
    studio.annotate(tasks[digest(2)]["id"], "_reject")
    studio.annotate(tasks[digest(3)]["id"], skipped=True)
    lines = called(reviewed, "import", studio.url, *BY)
    assert lines[0].endswith(": 0 as answered, 1 with another label, 1 rejected.")
    assert lines[1:] == ["Left undecided: 2."]
    assert said(reviewed) == {digest(1): ("grass", EMAIL), digest(2): (None, EMAIL)}
    assert called(reviewed, "import", studio.url, *BY)[:2] == [
        "Nothing new was decided.",
        "Decided so before: 2.",
    ]
    studio.annotate(tasks[digest(1)]["id"], "dandelion")
    assert "1 as answered" in called(reviewed, "import", studio.url, *BY)[0]
    assert said(reviewed)[digest(1)] == ("dandelion", EMAIL)


def test_an_export_that_is_cut_off_is_completed_by_the_next(
    reviewed: Reviewed, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = studio.project()
    monkeypatch.setattr(project, "BATCH", 2)

    def killed(*_: Any) -> None:
        raise InterruptedError("as by a signal")

    with monkeypatch.context() as patch:
        patch.setattr(LabelStudio, "add", killed)
        assert reviewed.called("export", f"{studio.url}/projects/{number}", *LONG_AGO)[0] == 1
    assert (len(studio.tasks(number)), len(studio.files(number))) == (0, 2)
    called(reviewed, "export", f"{studio.url}/projects/{number}")
    assert (len(studio.tasks(number)), len(studio.files(number))) == (4, 4)


def choices(studio: Studio, number: int) -> Sequence[str]:
    found = studio.asked("GET", f"/api/projects/{number}/")
    labels: Sequence[str] = found["parsed_label_config"]["label"]["labels"]
    return labels


def test_a_class_that_a_model_has_learnt_since_can_be_chosen_too(
    reviewed: Reviewed, studio: Studio
) -> None:
    number = studio.project()
    place = f"{studio.url}/projects/{number}"
    called(reviewed, "export", place)
    assert choices(studio, number) == ["dandelion", "grass", "_reject"]
    studio.annotate(studio.tasks(number)[digest(1)]["id"], "grass")
    scores = {"dandelion": 0.5, "grass": 0.1, '<moss> & "more"': 0.4}
    reviewed.log(row(6, scores=scores))
    called(reviewed, "export", place)
    assert choices(studio, number) == [*scores, "_reject"]
    studio.annotate(studio.tasks(number)[digest(6)]["id"], '<moss> & "more"')
    called(reviewed, "import", place, *BY)
    assert said(reviewed)[digest(6)] == ('<moss> & "more"', EMAIL)


def test_a_personal_access_token_does_as_well(
    reviewed: Reviewed, studio: Studio, tmp_path: Path
) -> None:
    token = studio.asked("POST", "/api/token/", {})["token"]
    (tmp_path / "token").write_text(token)
    place = f"{studio.url}/projects/{studio.project()}"
    lines = called(reviewed, "export", place, "--token-file", str(tmp_path / "token"))
    assert lines[0].startswith(f"4 images in {place}")


@pytest.mark.parametrize(
    ("place", "token", "words"),
    [
        ("", "0" * 40, "does not take the token"),
        ("", "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl", "does not take the token"),
        ("/projects/999", "", "has no project 999"),
        ("/another/place", "", "is no Label Studio"),
    ],
    ids=["a wrong token", "a wrong personal token", "no such project", "no such place"],
)
def test_what_it_refuses_is_told_in_a_sentence(
    reviewed: Reviewed,
    studio: Studio,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    token: str,
    words: str,
) -> None:
    if token:
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", token)
    code, lines = reviewed.called("export", f"{studio.url}{place}", *LONG_AGO)
    assert code == 1
    assert words in lines[0]
