"""What was seen of the Secrets of a resource whose pods reach S3 by their accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class AccountSecrets:
    """Purposes, by what is to become of their Secret.

    `stale`: it is to hold what is signed with, or nothing, and holds something else. `held`: it
    holds keys of a time before, and pods of that time use them; `unsigned`: of those, where what
    newer pods sign with is missing. `raw`: those that can be compared with what was applied.
    """

    stale: frozenset[str] = frozenset()
    unsigned: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    raw: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
