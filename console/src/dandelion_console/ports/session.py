"""Who is logged in, encrypted in a cookie that only this program can read.

Nothing is kept here, so sessions survive a restart and every replica knows them. The key is a file
that is read anew each time: another key ends every session. Used by `front.visitor`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

# What browsers store of one cookie, its name and attributes among it (RFC 6265, section 6.1).
COOKIE_BYTES = 4096
NAME_AND_ATTRIBUTES_BYTES = 200
# In which somebody comes back from the identity provider.
LOGIN_SECONDS = 600


class KeyFileError(Exception):
    """The key cannot be used; the message says why, and holds nothing of it."""


class TokenTooLongError(Exception):
    """No cookie can hold this."""


@dataclass(frozen=True)
class Person:
    """Whose page it is. What they may do is for the API server to say.

    Either with a token of theirs, and it knows them; or, where the cluster takes no tokens of the
    identity provider, by the name and groups that this vouches for, `until` then (seconds since
    1970): the API server is asked about those, and nothing is done in their name.
    """

    name: str
    token: str | None = field(repr=False)
    groups: tuple[str, ...] = ()
    until: float | None = None


class Sessions:
    def __init__(self, key_file: Path, seconds: int, now: Callable[[], float]) -> None:
        """`now` is in seconds since 1970."""
        self._key_file = key_file
        self._now = now
        self.seconds = seconds

    def seal(self, person: Person) -> str:
        """The cookie's value; raises KeyFileError and TokenTooLongError."""
        return self._sealed([person.name, person.token, person.groups, person.until])

    def open(self, value: str) -> Person | None:
        """None for what this key did not seal, or sealed too long ago; raises KeyFileError."""
        content = self._opened(value, self.seconds)
        if not isinstance(content, list):
            return None
        name, token, groups, until = (*content, (), None)[:4]
        if until is not None and self._now() >= until:
            return None
        return Person(name, token, tuple(groups), until)

    def seal_login(self, begun: Mapping[str, str]) -> str:
        """What a login that is under way has to remember; raises as `seal` does."""
        return self._sealed(dict(begun))

    def open_login(self, value: str) -> dict[str, str] | None:
        """None for what is no login under way; raises KeyFileError."""
        content = self._opened(value, LOGIN_SECONDS)
        return content if isinstance(content, dict) else None

    def _sealed(self, content: Any) -> str:
        # A JWT is Base64 of JSON: compressing it makes up for most of what the encryption adds.
        packed = zlib.compress(json.dumps(content).encode(), 9)
        value = self._cipher().encrypt_at_time(packed, int(self._now())).decode()
        if len(value) > COOKIE_BYTES - NAME_AND_ATTRIBUTES_BYTES:
            raise TokenTooLongError
        return value

    def _opened(self, value: str, seconds: int) -> Any:
        try:
            packed = self._cipher().decrypt_at_time(value, seconds, int(self._now()))
        except (InvalidToken, ValueError):  # ValueError: not ASCII
            return None
        return json.loads(zlib.decompress(packed))

    def check(self) -> None:
        """Raises KeyFileError where nobody could log in."""
        self._cipher()

    def _cipher(self) -> Fernet:
        try:
            return Fernet(self._key_file.read_bytes().strip())
        except OSError as error:
            raise KeyFileError(f"cannot read {self._key_file}: {error.strerror}") from error
        except ValueError:
            raise KeyFileError(
                f"{self._key_file} holds no key: write 32 random bytes as URL-safe Base64, as "
                "`openssl rand -base64 32 | tr '+/' '-_'` prints them"
            ) from None
