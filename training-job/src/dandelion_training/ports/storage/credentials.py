"""The S3 key in a mounted Secret or of the pod's account, and the key that is signed with.

Read at each use, so that a rotated or renewed key takes effect in a running Job. A key is two files
or, where it is for a while, three; Kubernetes replaces them all at once by pointing the link
`..data` to another folder, so all are read from what it points to.
"""

import hmac
import os
import time
from pathlib import Path

import structlog
import urllib3
from minio.credentials.credentials import Credentials
from minio.credentials.providers import Provider

from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import account

log = structlog.get_logger()

ACCESS_KEY, SECRET_KEY = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
SESSION_TOKEN = "AWS_SESSION_TOKEN"  # noqa: S105 - a file's name
SIGNING_KEY, SIGNING_SECRET = "SIGNING_KEY", "SIGNING_SECRET"

# A replaced folder is removed at once: who was about to read there looks for the next one.
LOOKS = 3


class PodCredentials(Provider):
    """The key in the folder, or where none is mounted the one that is lent to the account."""

    def __init__(self, folder: Path, http: urllib3.PoolManager, region: str) -> None:
        self._folder = folder
        self._mounted = MountedCredentials(folder)
        self._lent = account.AccountCredentials(http, region)

    def retrieve(self) -> Credentials:
        """Raises TrainingFailure where there is none."""
        if not is_mounted(self._folder) and account.is_meant(os.environ):
            return self._lent.retrieve()
        return self._mounted.retrieve()


class MountedCredentials(Provider):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def retrieve(self) -> Credentials:
        """Raises TrainingFailure where there is none."""
        found = _texts(self._folder)
        for name in (ACCESS_KEY, SECRET_KEY):
            if not found.get(name):
                raise TrainingFailure(
                    Reason.CREDENTIALS_REJECTED,
                    f"The S3 key is empty or cannot be read: {self._folder / name}."
                    f" The Secret must hold {ACCESS_KEY} and {SECRET_KEY}.",
                )
        return Credentials(found[ACCESS_KEY], found[SECRET_KEY], found.get(SESSION_TOKEN) or None)


def is_mounted(folder: Path) -> bool:
    """Whether there is a key, or a part of one."""
    return bool({ACCESS_KEY, SECRET_KEY} & _texts(folder).keys())


def is_followed(key: Credentials, keys: Provider, patience: float) -> bool:
    """Whether another key comes after one that was refused, within `patience` seconds.

    A key for a while may end between being read and being looked at: a process is stopped, or a
    machine sleeps. Then one is due already, where a key for good would be refused again.
    """
    patience = patience if key.session_token else 0
    deadline, waiting = time.monotonic() + patience, False
    while keys.retrieve().access_key == key.access_key:
        if time.monotonic() >= deadline:
            return False
        if not waiting:
            log.warning("the S3 key has ended, and the next one is waited for", seconds=patience)
            waiting = True
        time.sleep(1)
    return True


def signing_key(folder: Path, purpose: bytes) -> bytes | None:
    """32 bytes, or None where the folder holds nothing to sign with.

    Beside a key that is for a while lies what stays: hexadecimal HMAC-SHA256 of the purpose, by the
    secret key of the installation. Beside any other it is made here from that one, and so both are
    the same. Where pods go by their accounts, a secret of the installation's stands for that key.
    """
    found = _texts(folder)
    try:
        kept = bytes.fromhex(found.get(SIGNING_KEY, ""))
    except ValueError:
        kept = b""
    if kept:
        return kept
    secret = found.get(SECRET_KEY) or found.get(SIGNING_SECRET)
    return hmac.digest(secret.encode(), purpose, "sha256") if secret else None


def _texts(folder: Path) -> dict[str, str]:
    """What the files hold that are there, all of one moment."""
    for _ in range(LOOKS):
        current = _current(folder)
        found = {
            name: text
            for name in (ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, SIGNING_KEY, SIGNING_SECRET)
            if (text := _text(current / name)) is not None
        }
        if current == _current(folder):
            break
    return found


def _current(folder: Path) -> Path:
    data = folder / "..data"
    return data.resolve() if data.is_symlink() else folder


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
