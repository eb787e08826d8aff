"""Ids of answers that nobody but a pod of this resource can have given.

An id is `UUID.VERSION.IMAGES.MAC`: a UUID of version 7 (RFC 9562), which begins with the time of
the answer, the model version that answered, a bit for each image that has a prediction
(hexadecimal, the first image the lowest bit), and the first half of HMAC-SHA256 (RFC 2104) over
those and the resource. So every replica can tell what was answered, before and after a rollout or a
restart, and none has to remember it; and whoever looks for an answer in the prediction log knows
the hour.

The key of the HMAC is derived from the secret key of the prediction log, which all replicas have
and no client has; `ports/credentials.py` says how. Whoever has it can write rows of feedback into
the log without asking here, so nobody gains by it. Called by `journal`, on the event loop.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote
from uuid import UUID

import structlog

from dandelion_inference.ports.credentials import SECRET_KEY, signing_key

PURPOSE = b"dandelion answer id, version 1"
MAC_BYTES = 16

# The file follows a rotation of the key within about a minute; it is read so often, in seconds.
REREAD_SECONDS = 30.0

log = structlog.get_logger()


@dataclass(frozen=True)
class AnswerId:
    """What an id says of its answer."""

    version: str
    images: tuple[int, ...]
    """The positions of the images that have a prediction."""


class Keys:
    """What ids are signed with now, and what they were signed with before that."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.monotonic) -> None:
        """`folder` has the files of the key of the prediction log."""
        self._folder = folder
        self._now = now
        self._read_at: float | None = None
        self._keys: list[bytes] = []

    def current(self) -> bytes:
        return self.valid()[0]

    def valid(self) -> list[bytes]:
        """The current one first. Before there is any, a key of this process's own."""
        now = self._now()
        if self._read_at is None or now - self._read_at >= REREAD_SECONDS:
            self._read_at = now
            key = self._derived()
            if key is None and not self._keys:
                key = secrets.token_bytes(32)
            if key is not None and key not in self._keys[:1]:
                self._keys = [key, *self._keys[:1]]
        return self._keys

    def _derived(self) -> bytes | None:
        key = signing_key(self._folder, PURPOSE)
        if key is None:
            log.warning(
                "answer ids hold for this pod alone",
                detail=f"{self._folder / SECRET_KEY} is empty or cannot be read",
            )
        return key


class AnswerIds:
    def __init__(
        self,
        namespace: str,
        name: str,
        version: str,
        keys: Keys,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._resource = f"{namespace}\0{name}\0"
        self._version = quote(version, safe="")
        self._keys = keys
        self._now = now

    def new(self, predicted: Sequence[bool]) -> str:
        """An id for an answer; `predicted` says of each image whether it has a prediction."""
        images = sum(1 << index for index, found in enumerate(predicted) if found)
        signed = f"{uuid7(self._now())}.{self._version}.{images:x}"
        return f"{signed}.{self._mac(self._keys.current(), signed)}"

    def read(self, text: str) -> AnswerId | None:
        """What the id says, or None where no pod of this resource gave it."""
        signed, _, mac = text.rpartition(".")
        given = mac.encode("utf-8", "surrogatepass")
        for key in self._keys.valid():
            if hmac.compare_digest(given, self._mac(key, signed).encode()):
                # From here on it is ours, and as `new` wrote it.
                version, _, images = signed.partition(".")[2].rpartition(".")
                bits = int(images, 16)
                found = (index for index in range(bits.bit_length()) if bits >> index & 1)
                return AnswerId(unquote(version), tuple(found))
        return None

    def _mac(self, key: bytes, signed: str) -> str:
        text = (self._resource + signed).encode("utf-8", "surrogatepass")
        digest = hmac.digest(key, text, "sha256")[:MAC_BYTES]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def uuid7(seconds: float) -> UUID:
    """A UUID of version 7: 48 bits of milliseconds since 1970, then 74 bits of chance."""
    chance = secrets.randbits(74)
    value = int(seconds * 1000) << 80 | 0x7 << 76 | chance >> 62 << 64
    return UUID(int=value | 0b10 << 62 | chance & ((1 << 62) - 1))
