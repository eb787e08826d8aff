"""An image is built anew when its context changed, and only then."""

import os
from pathlib import Path

import pytest
from dandelion_local.images.contexts import context_files, hash_files, is_ignored

IGNORED = [
    ("a folder by name", ["tests"], "tests/test_a.py", True),
    ("only at the top", ["tests"], "src/tests/test_a.py", False),
    ("at any depth", ["**/tests"], "src/tests/test_a.py", True),
    ("by ending", ["*.md"], "README.md", True),
    ("an ending stays in its folder", ["*.md"], "docs/README.md", False),
    ("all but one, the last pattern decides", ["*", "!src"], "src/a.py", False),
    ("all but one", ["*", "!src"], "bench/a.py", True),
    ("a name is no pattern", ["a.py"], "abpy", False),
]


@pytest.mark.parametrize(
    ("patterns", "path", "expected"), [r[1:] for r in IGNORED], ids=[r[0] for r in IGNORED]
)
def test_dockerignore(patterns: list[str], path: str, expected: bool) -> None:
    assert is_ignored(path, patterns) is expected


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "src" / "__pycache__").mkdir(parents=True)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "src" / "main.py").write_text("print(1)\n")
    (tmp_path / "src" / "__pycache__" / "main.pyc").write_text("x")
    (tmp_path / "notes.md").write_text("not part of it")
    (tmp_path / ".dockerignore").write_text("# comments and blank lines\n\n*.md\n")
    return tmp_path


def digest(folder: Path) -> str:
    return hash_files(folder, context_files(folder))


def test_what_is_ignored_or_only_touched_changes_nothing(context: Path) -> None:
    before = digest(context)
    (context / "notes.md").write_text("changed")
    (context / "src" / "__pycache__" / "main.pyc").write_text("y")
    os.utime(context / "src" / "main.py", (0, 0))
    assert digest(context) == before


def test_content_names_and_executable_bits_count(context: Path) -> None:
    seen = [digest(context)]
    (context / "src" / "main.py").write_text("print(2)\n")
    seen.append(digest(context))
    (context / "src" / "main.py").chmod(0o755)
    seen.append(digest(context))
    (context / "src" / "main.py").rename(context / "src" / "other.py")
    seen.append(digest(context))
    (context / "src" / "link.py").symlink_to("other.py")
    seen.append(digest(context))
    assert len(set(seen)) == len(seen)
