"""The node is recognised by more than a number that the kernel may give to somebody else."""

import os
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


def test_only_packages_that_are_fully_installed_count() -> None:
    listing = "runc installed\nbuildah config-files\niptables half-configured\n"
    wanted = ("runc", "buildah", "iptables", "conntrack")
    assert packages.missing(wanted, listing) == ["buildah", "iptables", "conntrack"]


@pytest.mark.parametrize(
    ("elapsed", "text"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (184, "3 min 04 s")]
)
def test_times_are_written_for_people(elapsed: float, text: str) -> None:
    assert seconds(elapsed) == text
