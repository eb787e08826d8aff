"""What a build context holds, so that an image can be named by its content.

Reads .dockerignore the way that a build does (its common subset) and hashes what is left. Called
by `images` for each component folder.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

ALWAYS_IGNORED = ("**/__pycache__", "**/*.pyc", "**/.pytest_cache", "**/.mypy_cache")


def ignore_patterns(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _expression(pattern: str) -> re.Pattern[str]:
    parts = []
    for piece in re.split(r"(\*\*/?|\*|\?)", pattern.strip("/")):
        if piece.startswith("**"):
            parts.append("(?:.*/)?" if piece.endswith("/") else ".*")
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece)))
    return re.compile("".join(parts) + r"(?:/.*)?$")


def is_ignored(path: str, patterns: Iterable[str]) -> bool:
    """The last pattern that matches decides; one that begins with ``!`` takes a file back in."""
    ignored = False
    for pattern in patterns:
        if _expression(pattern.removeprefix("!")).match(path):
            ignored = not pattern.startswith("!")
    return ignored


def context_files(folder: Path) -> list[str]:
    """Every file of the context, relative, sorted."""
    listing = folder / ".dockerignore"
    own = ignore_patterns(listing.read_text()) if listing.exists() else []
    patterns = [*ALWAYS_IGNORED, *own]
    found = []
    for base, folders, files in os.walk(folder):
        folders.sort()
        for name in files:
            path = str((Path(base) / name).relative_to(folder))
            if not is_ignored(path, patterns):
                found.append(path)
    return sorted(found)


def hash_files(folder: Path, files: Iterable[str]) -> str:
    """Names, executable bits and content; times and owners do not make a different image."""
    digest = hashlib.sha256()
    for name in files:
        path = folder / name
        if path.is_symlink():
            content, kind = str(path.readlink()).encode(), "link"
        else:
            content, kind = path.read_bytes(), "exec" if os.access(path, os.X_OK) else "file"
        digest.update(f"{kind} {name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
