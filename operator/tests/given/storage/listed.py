"""What a run notes of the objects that it listed, for those that lie below a folder of a fake."""

from __future__ import annotations

from hashlib import md5

from dandelion_operator.api import naming
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.s3.documents.listed import HEADER, digest, line_digest
from fakes.s3 import FakeS3

VERSION = f"sha256:{'a' * 64}"
KEY = NamespacedName("default", "lawn")


def document(
    s3: FakeS3, bucket: str = "datasets", folder: str = "lawn/", table: bytes | None = None
) -> bytes:
    """Of all that lies there now, and of what a table of addresses says."""
    digests = [
        digest(name.removeprefix(folder), len(content), md5(content).hexdigest())
        for name, content in s3.buckets[bucket].items()
        if name.startswith(folder) and not name.endswith("/")
    ]
    if table is not None:
        digests += map(line_digest, {b"", *table.splitlines()})
    return HEADER + b"".join(number.to_bytes(8) for number in sorted(digests))


def note(
    s3: FakeS3, folder: str = "lawn/", version: str = VERSION, table: bytes | None = None
) -> None:
    """As a run does that has just made the version from what lies in the folder."""
    s3.put("models", naming.listed_objects(KEY, version), document(s3, "datasets", folder, table))
