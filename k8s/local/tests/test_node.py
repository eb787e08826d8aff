"""The node is recognised by more than a number that the kernel may give to somebody else."""

import os
import subprocess
from pathlib import Path

import pytest
from dandelion_local import packages
from dandelion_local.node import lifecycle
from dandelion_local.progress import seconds


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = tmp_path / "dandelion"
    folder.mkdir()
    return folder


def test_no_pid_file_means_no_node(state: Path) -> None:
    assert lifecycle.running() is None


def test_a_live_process_with_the_recorded_start_is_the_node(state: Path) -> None:
    (state / "node.pid").write_text(f"{os.getpid()} {lifecycle.start_time(os.getpid())}\n")
    assert lifecycle.running() == os.getpid()


def test_a_process_that_only_has_the_same_number_is_not(state: Path) -> None:
    (state / "node.pid").write_text(f"{os.getpid()} 1\n")
    assert lifecycle.running() is None


def test_a_damaged_pid_file_means_no_node(state: Path) -> None:
    (state / "node.pid").write_text("")
    assert lifecycle.running() is None


def test_it_has_ended_once_its_first_process_has(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one outlives the root, and its programs write into the folders that are removed."""
    alive: list[str | None] = []
    with subprocess.Popen(["sleep", "60"]) as root, subprocess.Popen(["sleep", "60"]) as first:
        for name, process in (("node.pid", root), ("first.pid", first)):
            (state / name).write_text(f"{process.pid} {lifecycle.start_time(process.pid)}\n")
        both = (root.pid, first.pid)
        monkeypatch.setattr(
            lifecycle, "clean", lambda: alive.extend(map(lifecycle.start_time, both))
        )
        try:
            lifecycle.stop()
        finally:
            root.kill()
            first.kill()
    assert alive == [None, None]


def test_one_question_without_an_answer_ends_no_node(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, True])
    monkeypatch.setattr(lifecycle, "running", os.getpid)
    monkeypatch.setattr(lifecycle, "is_ready", lambda: next(answers))
    assert lifecycle.comes_to_answer()


def test_only_packages_that_are_fully_installed_count() -> None:
    listing = "runc installed\nbuildah config-files\niptables half-configured\n"
    wanted = ("runc", "buildah", "iptables", "conntrack")
    assert packages.missing(wanted, listing) == ["buildah", "iptables", "conntrack"]


@pytest.mark.parametrize(
    ("elapsed", "text"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (184, "3 min 04 s")]
)
def test_times_are_written_for_people(elapsed: float, text: str) -> None:
    assert seconds(elapsed) == text
