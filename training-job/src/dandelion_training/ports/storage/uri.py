"""An S3 URI as a bucket and a key, in the way that S3 itself names objects.

`#`, `?` and `%` are characters of a key like any other: an S3 URI has no query, no fragment and no
escapes, so `urllib.parse` would cut keys short.
"""

import re
import unicodedata

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
MAXIMUM_KEY_BYTES = 1024  # of an S3 object key
_FORM = "write s3://BUCKET/FOLDER"


def parse_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/a/b` or `s3://bucket/a/b/` → `("bucket", "a/b")`; `s3://bucket` → an empty key.

    Raises ValueError with a sentence that names the fault.
    """
    if not uri.startswith("s3://"):
        raise ValueError(f"{uri!r} is not an S3 URI; {_FORM}")
    if uri != uri.strip():
        raise ValueError(f"{uri!r} begins or ends with white space; {_FORM}")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in uri):
        raise ValueError(f"{uri!r} contains a control character; {_FORM}")
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not bucket:
        raise ValueError(f"{uri!r} names no bucket; {_FORM}")
    if not _BUCKET.fullmatch(bucket):
        raise ValueError(
            f"{bucket!r} in {uri!r} is no bucket's name: 3 to 63 lower-case letters, digits, dots"
            " and hyphens, with a letter or digit at both ends"
        )
    key = key.removesuffix("/")
    parts = key.split("/") if key else []
    if "" in parts or uri.endswith("//"):
        raise ValueError(f"{uri!r} contains an empty part; write one / between two names")
    if "." in parts or ".." in parts:
        raise ValueError(
            f"{uri!r} contains the part . or .., which S3 does not resolve; leave it out"
        )
    if len(key.encode()) > MAXIMUM_KEY_BYTES:
        raise ValueError(f"the key in {uri[:80]!r}… is longer than {MAXIMUM_KEY_BYTES} bytes")
    return bucket, key
