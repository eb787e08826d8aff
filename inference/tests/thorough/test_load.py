"""The load test is itself run against the real service, for a few seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pictures import BLUE, GREEN, RED, plain
from running.service import Service
from target import refusal

LOCUSTFILE = Path(__file__).parents[2] / "load" / "locustfile.py"
ADDRESSES = {
    "localhost": ["127.0.0.1", "::1"],
    "127.0.0.1": ["127.0.0.1"],
    "node.lan": ["192.168.1.7"],
    "mixed.example": ["10.0.0.1", "93.184.216.34"],
    "example.com": ["93.184.216.34"],
}


def locust(url: str, data: Path | str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "locust", "-f", LOCUSTFILE, "--host", url, "--data", data]
    headless = ["--headless", "--users", "4", "--spawn-rate", "4", "--run-time", "10s", "--json"]
    return subprocess.run(
        [*command, *headless],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "DANDELION_TOKEN": "unused"},
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, colour in (("red", RED), ("green", GREEN), ("blue", BLUE)):
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        (folder / "one.PNG").write_bytes(plain(colour))
        (folder / "notes.txt").write_text("no image")
    return tmp_path / "images"


def test_all_uploads_of_a_load_test_are_answered(running_service: Service, data: Path) -> None:
    result = locust(running_service.url, data)
    assert result.returncode == 0, result.stderr
    [requests] = json.loads(result.stdout)
    assert requests["num_requests"] > 0
    assert requests["num_failures"] == 0
    total = requests["num_requests"]
    assert f"{total} of {total} answers are the class of the folder" in result.stderr


def test_an_answer_that_is_no_prediction_is_a_failure(running_service: Service, data: Path) -> None:
    (data / "red" / "one.PNG").write_bytes(b"no image at all")
    result = locust(running_service.url, data)
    assert result.returncode == 1
    assert "not-an-image" in result.stderr or "not an image" in result.stderr


def test_a_folder_without_images_is_told_of_at_once(tmp_path: Path) -> None:
    result = locust("http://127.0.0.1:9", tmp_path)
    assert result.returncode == 2
    assert "no load test" in result.stderr
    assert "set DATA" in result.stderr


@pytest.mark.parametrize(
    ("url", "allowed", "why"),
    [
        pytest.param("http://localhost:8080", False, None, id="this machine"),
        pytest.param("https://127.0.0.1", False, None, id="this machine by address"),
        pytest.param("http://node.lan", False, None, id="a private network"),
        pytest.param("http://example.com", False, "ALLOW_HOST=1", id="the internet"),
        pytest.param("http://mixed.example", False, "93.184.216.34", id="also the internet"),
        pytest.param("http://example.com", True, None, id="the internet, as the user wants"),
        pytest.param("http://nowhere.example", False, "cannot be resolved", id="nowhere"),
        pytest.param("127.0.0.1:8080", False, "http://host:port", id="no scheme"),
        pytest.param("ftp://localhost", True, "http://host:port", id="another scheme"),
        pytest.param(None, True, "http://host:port", id="nothing"),
    ],
)
def test_only_near_hosts_get_load(url: str | None, allowed: bool, why: str | None) -> None:
    def resolve(name: str) -> list[str]:
        if name not in ADDRESSES:
            raise OSError("unknown name")
        return ADDRESSES[name]

    problem = refusal(url, allowed, resolve)
    assert (problem is None) == (why is None)
    assert why is None or why in (problem or "")
