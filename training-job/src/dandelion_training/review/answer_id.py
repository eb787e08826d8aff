"""The id of an answer, as serving gives it in the header Dandelion-Answer-Id: when it was answered,
by which version, and which of its images have a prediction, signed with a key that is derived from
the prediction log's. Serving documents the form in its `journal/answer_ids.py`; a test holds the
two together.
"""

import base64
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote
from uuid import UUID

PURPOSE = b"dandelion answer id, version 1"
MAC_BYTES = 16
FORM = re.compile(r"([0-9a-f-]{36})\.(.+)\.([0-9a-f]+)\.([A-Za-z0-9_-]{22})")
BY_TIME = 7  # the version of UUID (RFC 9562) that begins with milliseconds since 1970


@dataclass(frozen=True)
class AnswerId:
    """What an id says; `images` are positions in the request, `time` is None where an earlier
    release gave it.
    """

    text: str
    version: str
    images: tuple[int, ...]
    time: datetime | None

    def is_signed_with(self, key: bytes, namespace: str, name: str) -> bool:
        """Whether a pod of this resource gave it that signs with this key."""
        signed, _, mac = self.text.rpartition(".")
        content = f"{namespace}\0{name}\0{signed}".encode()
        digest = hmac.digest(key, content, "sha256")[:MAC_BYTES]
        return hmac.compare_digest(mac.encode(), base64.urlsafe_b64encode(digest).rstrip(b"="))


def read_answer_id(text: str) -> AnswerId:
    """The id; raises ValueError where it is none."""
    found = FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no id of an answer")
    name, version, images, _ = found.groups()
    bits, uuid = int(images, 16), UUID(name)
    time = None
    if uuid.version == BY_TIME:
        time = datetime.fromtimestamp((uuid.int >> 80) / 1000, UTC)
    positions = tuple(index for index in range(bits.bit_length()) if bits >> index & 1)
    return AnswerId(text, unquote(version), positions, time)
