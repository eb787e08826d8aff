"""The workflows are valid, call commands that exist, and cannot do more than they need to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yaml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")

workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.name))


def tool(name: str) -> str:
    """The path of a program that k8s/local builds from its Go module."""
    printed = subprocess.run(
        [sys.executable, "-m", "dandelion_local", "tools", name],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": "k8s/local"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return dict(line.split("=", 1) for line in printed.splitlines())[name]


def jobs(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from yaml.safe_load(path.read_text())["jobs"].items()


def scripts(path: Path) -> Iterator[str]:
    for _, job in jobs(path):
        yield from (step["run"] for step in job.get("steps", []) if "run" in step)


def make_targets() -> set[str]:
    text = (REPOSITORY / "Makefile").read_text()
    return set(re.findall(r"^([a-z][a-z0-9-]*):(?!=)", text, re.MULTILINE))


def test_there_is_a_workflow_for_checks_clusters_images_and_the_chart() -> None:
    assert [path.stem for path in WORKFLOWS] == ["chart", "check", "cluster", "images"]


def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(
        [tool("actionlint"), "-no-color", *map(str, WORKFLOWS)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@workflow
def test_every_make_command_is_in_the_makefile(path: Path) -> None:
    called = {
        name for script in scripts(path) for name in re.findall(r"\bmake ([a-z][a-z0-9-]*)", script)
    }
    assert called <= make_targets()


@workflow
def test_every_test_folder_that_is_run_exists(path: Path) -> None:
    named = {name for script in scripts(path) for name in re.findall(r"\btests/\w+", script)}
    assert [name for name in named if not (REPOSITORY / name).is_dir()] == []


def test_the_workflows_run_every_stage_of_make_test() -> None:
    text = (REPOSITORY / "Makefile").read_text()
    stages = re.search(r"^test: ([a-z0-9 -]+?) ##", text, re.MULTILINE)
    called = {
        name
        for path in WORKFLOWS
        for script in scripts(path)
        for name in re.findall(r"\bmake ([a-z][a-z0-9-]*)", script)
    }
    assert stages is not None
    assert set(stages[1].split()) <= called


def test_make_runs_every_folder_of_tests() -> None:
    named = set(re.findall(r"\btests/(\w+)", (REPOSITORY / "Makefile").read_text()))
    folders = {path.parent.name for path in (REPOSITORY / "tests").glob("*/test_*.py")}
    assert folders <= named


@workflow
def test_every_action_is_pinned_to_a_commit_and_says_which_release_that_is(path: Path) -> None:
    used = re.findall(r"uses: *(.+)", path.read_text())
    assert [name for name in used if not name.startswith("./") and not PINNED.fullmatch(name)] == []


@workflow
def test_nothing_is_permitted_that_a_job_does_not_ask_for(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    assert [name for name, job in jobs(path) if "permissions" not in job] == []


def test_only_the_jobs_of_a_release_may_write_anything() -> None:
    writing = {
        f"{path.stem}/{name}"
        for path in WORKFLOWS
        for name, job in jobs(path)
        if "write" in job["permissions"].values()
    }
    assert writing == {"images/publish", "images/chart", "chart/push", "chart/release"}


@workflow
def test_every_job_ends_by_itself(path: Path) -> None:
    endless = [n for n, job in jobs(path) if "uses" not in job and "timeout-minutes" not in job]
    assert endless == []


@workflow
def test_no_script_pastes_an_expression_that_a_pull_request_could_write(path: Path) -> None:
    assert [script for script in scripts(path) if "${{" in script] == []


def test_every_image_that_is_published_has_a_dockerfile() -> None:
    for name, job in jobs(REPOSITORY / ".github" / "workflows" / "images.yaml"):
        for image in job.get("strategy", {}).get("matrix", {}).get("include", []):
            assert (REPOSITORY / image["context"] / "Dockerfile").is_file(), f"{name}: {image}"


def test_the_published_images_are_those_that_the_chart_names() -> None:
    values = (REPOSITORY / "charts" / "dandelion" / "values.yaml").read_text()
    named = set(re.findall(r"repository: (ghcr\.io/\S+)", values))
    definition = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "images.yaml").read_text())
    published = {
        f"{definition['env']['REPOSITORY']}-{image['image']}"
        for image in definition["jobs"]["publish"]["strategy"]["matrix"]["include"]
    }
    assert published == named
