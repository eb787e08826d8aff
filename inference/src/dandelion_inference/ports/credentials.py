"""The S3 key in a mounted Secret, and the key that is signed with.

A key is two files or, where it is for a while, three. Kubernetes replaces them all at once by
pointing the link `..data` to another folder, so all are read from what it points to: a key that is
half of one and half of the next would be refused.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path

ACCESS_KEY, SECRET_KEY = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
SESSION_TOKEN = "AWS_SESSION_TOKEN"  # noqa: S105 - a file's name
SIGNING_KEY = "SIGNING_KEY"
REQUIRED = (ACCESS_KEY, SECRET_KEY)

# A replaced folder is removed at once: who was about to read there looks for the next one.
LOOKS = 3


def mounted(folder: Path) -> Mapping[str, str]:
    """What the files hold that are there and can be read, all of one moment."""
    for _ in range(LOOKS):
        current = _current(folder)
        found = {
            name: text
            for name in (*REQUIRED, SESSION_TOKEN, SIGNING_KEY)
            if (text := _text(current / name)) is not None
        }
        if current == _current(folder):
            break
    return found


def signing_key(folder: Path, purpose: bytes) -> bytes | None:
    """32 bytes, or None where the folder holds nothing to sign with.

    Beside a key that is for a while lies what stays: hexadecimal HMAC-SHA256 of the purpose, by the
    secret key of the installation. Beside any other it is made here from that one, and so both are
    the same.
    """
    found = mounted(folder)
    try:
        kept = bytes.fromhex(found.get(SIGNING_KEY, ""))
    except ValueError:
        kept = b""
    if kept:
        return kept
    secret = found.get(SECRET_KEY)
    return hmac.digest(secret.encode(), purpose, "sha256") if secret else None


def _current(folder: Path) -> Path:
    data = folder / "..data"
    return data.resolve() if data.is_symlink() else folder


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
