"""Whoever reads pictures installs what that takes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

PICTURES = Path(__file__).resolve().parents[1]
REPOSITORY = PICTURES.parents[1]


def dependencies(folder: Path) -> set[str]:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return {re.split(r"[^a-z-]", line)[0] for line in project["dependencies"]}


@pytest.mark.parametrize("component", ["inference", "training-job"])
def test_a_component_that_reads_pictures_installs_what_they_need(component: str) -> None:
    needed = dependencies(PICTURES)
    assert needed == {"numpy", "pi-heif", "pillow"}
    assert needed <= dependencies(REPOSITORY / component)
    locked = (REPOSITORY / component / "requirements.txt").read_text()
    assert all(re.search(rf"^{name}==", locked, re.MULTILINE) for name in needed)
