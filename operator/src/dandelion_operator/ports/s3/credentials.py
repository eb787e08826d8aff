"""A pair of S3 keys: read from a mounted folder or from a Secret, never shown.

Files are read at every use, so that a rotated Secret takes effect without a restart.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Where the chart mounts the keys, in a folder for each purpose.
SECRETS = Path("/var/run/secrets/dandelion")
ACCESS_KEY, SECRET_KEY = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"


class CredentialsError(Exception):
    """The message names what is missing and where."""


@dataclass(frozen=True)
class Credentials:
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Tells two pairs apart in a cache key without holding either."""
        return hashlib.sha256(f"{self.access_key}\0{self.secret_key}".encode()).hexdigest()[:16]


def from_folder(
    folder: Path, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY
) -> Credentials:
    values = []
    for name in (access_key, secret_key):
        try:
            values.append((folder / name).read_text().strip())
        except OSError as error:
            raise CredentialsError(f"{folder / name} cannot be read: {error.strerror}") from None
    return Credentials(*values)


def from_secret(name: str, data: Mapping[str, str] | None) -> Credentials:
    values = []
    for key in (ACCESS_KEY, SECRET_KEY):
        encoded = (data or {}).get(key)
        if not encoded:
            raise CredentialsError(f"the Secret {name} has no key {key}")
        try:
            values.append(base64.b64decode(encoded).decode().strip())
        except (binascii.Error, UnicodeDecodeError):
            raise CredentialsError(f"the Secret {name} holds no text in {key}") from None
    return Credentials(*values)


def encoded(credentials: Credentials) -> dict[str, str]:
    """The content of a Secret, which `from_secret` reads."""
    return {
        ACCESS_KEY: base64.b64encode(credentials.access_key.encode()).decode(),
        SECRET_KEY: base64.b64encode(credentials.secret_key.encode()).decode(),
    }
