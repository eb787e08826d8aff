"""How long the temporary S3 keys beside a ModelDeployment last, by what was seen in their Secrets.

A key is renewed at half of its life, so one that has little left has not been renewed for a while.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from dandelion_operator.api import moments
from dandelion_operator.ports.metrics.series import Family, Figure
from dandelion_operator.seen.observed import Observed

EXPIRATION = Family(
    "dandelion_key_expiration_timestamp_seconds",
    "When the temporary S3 key for a purpose (training, inference, log) ends",
    ["namespace", "name", "purpose"],
)
LIFETIME = Family(
    "dandelion_key_lifetime_seconds",
    "From when that key was issued to its end; another is due at half of it",
    ["namespace", "name", "purpose"],
)
FAMILIES = (EXPIRATION, LIFETIME)


def figures(observed: Observed) -> Iterator[Figure]:
    for purpose, look in observed.keys.items():
        seen = look.seen
        issued, expires = moments.moment(seen.issued), moments.moment(seen.expires)
        if seen.temporary and issued is not None and expires is not None:
            yield EXPIRATION.of(expires.timestamp(), purpose)
            yield LIFETIME.of((expires - issued).total_seconds(), purpose)
