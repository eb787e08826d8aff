"""Documents that are named by their content: one way of writing them, and the digest of that.

The dataset's manifest, the contract and what people read in MLflow are written with it.
"""

import hashlib
import json


def canonical_json(value: object) -> bytes:
    """The one way a document is written: equal content has equal bytes and an equal digest."""
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
