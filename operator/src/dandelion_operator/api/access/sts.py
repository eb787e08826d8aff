"""How the installation asks for keys that are for one purpose, one place and a while.

STS is the part of an S3 service that gives such keys: AWS has it, MinIO, Ceph and others too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LIFE_SECONDS = 12 * 60 * 60
# MinIO's and AWS's bounds: AWS gives twelve hours at most, MinIO a year.
SHORTEST_LIFE, LONGEST_LIFE = 15 * 60, 365 * 24 * 60 * 60


class Mode(StrEnum):
    """`auto`: where the endpoint has STS; where it has none, the shared key is copied."""

    AUTO = "auto"
    ON = "true"
    OFF = "false"


@dataclass(frozen=True)
class Sts:
    """`role_arn` is what AWS wants to be told; MinIO needs none."""

    mode: Mode = Mode.OFF
    endpoint: str = ""
    role_arn: str = ""
    life_seconds: int = LIFE_SECONDS
