"""An S3 key: read from a mounted folder or from a Secret, never shown.

Files are read at every use, so that a rotated Secret takes effect without a restart. A key that is
for a while has a session token as a third part.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dandelion_operator.api import naming

# Where the chart mounts the keys, in a folder for each purpose.
SECRETS = Path("/var/run/secrets/dandelion")
ACCESS_KEY, SECRET_KEY = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
SESSION_TOKEN = "AWS_SESSION_TOKEN"  # noqa: S105 - a file's name


KEY_PARTS = frozenset({ACCESS_KEY, SECRET_KEY, SESSION_TOKEN})
SIGNING_KEY = "SIGNING_KEY"
# What is signed by purpose, in the words of those who sign and check: training its decisions, and
# serving pods the ids of answers. From the secret key that each had before, so that what was signed
# with that one holds.
SIGNED = {
    naming.TRAINING: b"dandelion review decision, version 1",
    naming.LOG: b"dandelion answer id, version 1",
}


class CredentialsError(Exception):
    """The message names what is missing and where."""


@dataclass(frozen=True)
class Credentials:
    """`holder`: whose identity a key is lent to, which has another one every few hours. What was
    read with one of them was read with the next, so those of one holder are equal.
    """

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    holder: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Credentials) and self._who == other._who

    def __hash__(self) -> int:
        return hash(self._who)

    @property
    def _who(self) -> tuple[str, ...]:
        if self.holder:
            return (self.holder,)
        return ("", self.access_key, self.secret_key, self.session_token)

    @property
    def fingerprint(self) -> str:
        """Tells two keys apart in a cache key without holding either."""
        parts = (self.access_key, self.secret_key, *filter(None, [self.session_token]))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def from_folder(
    folder: Path, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY
) -> Credentials:
    values = []
    for name in (access_key, secret_key):
        try:
            values.append((folder / name).read_text().strip())
        except OSError as error:
            raise CredentialsError(f"{folder / name} cannot be read: {error.strerror}") from None
    with contextlib.suppress(OSError):
        values.append((folder / SESSION_TOKEN).read_text().strip())
    return Credentials(*values)


def from_secret(name: str, data: Mapping[str, str] | None) -> Credentials:
    values = []
    for key in (ACCESS_KEY, SECRET_KEY, SESSION_TOKEN):
        encoded = (data or {}).get(key)
        if not encoded and key == SESSION_TOKEN:
            continue
        if not encoded:
            raise CredentialsError(f"the Secret {name} has no key {key}")
        try:
            values.append(base64.b64decode(encoded).decode().strip())
        except (binascii.Error, UnicodeDecodeError):
            raise CredentialsError(f"the Secret {name} holds no text in {key}") from None
    return Credentials(*values)


def signing_key(purpose: str, secret_key: str) -> dict[str, str]:
    """What lies beside a key that is for a while; nothing where none signs with it."""
    if purpose not in SIGNED:
        return {}
    key = hmac.digest(secret_key.encode(), SIGNED[purpose], "sha256")
    return {SIGNING_KEY: base64.b64encode(key.hex().encode()).decode()}


def signing_keys(files: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """By purpose, where there are no keys to derive them from; raises CredentialsError."""
    found = {}
    for purpose, file in files.items():
        try:
            secret = file.read_text().strip()
        except OSError as error:
            raise CredentialsError(f"{file} cannot be read: {error.strerror}") from None
        if not secret:
            raise CredentialsError(f"{file} is empty, and nothing could be signed")
        found[purpose] = signing_key(purpose, secret)
    return found


def encoded(credentials: Credentials) -> dict[str, str]:
    """The content of a Secret, which `from_secret` reads."""
    parts = {
        ACCESS_KEY: credentials.access_key,
        SECRET_KEY: credentials.secret_key,
        SESSION_TOKEN: credentials.session_token,
    }
    return {
        name: base64.b64encode(part.encode()).decode()
        for name, part in parts.items()
        if part or name != SESSION_TOKEN
    }
