"""Which version a person asks to have served by the annotation `dandelion.dev/promote`.

Its value is the number of a version, and after a `/` whatever makes it another request than the
last one. Each value is dealt with once: later, the alias may go elsewhere. A value that the
resource was created with asks for nothing, as it may be a copy from long ago. Facts; called by the
gate and `report`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import Status

VALUE = re.compile(r"([1-9][0-9]{0,8})(?:/[-A-Za-z0-9:.]{1,63})?")


@dataclass(frozen=True)
class Wanted:
    """`refused` says why the version is not looked for; `version` is then 0 where none is named."""

    version: int
    refused: str = ""


def wanted_version(resource: Resource, previous: Status) -> Wanted | None:
    """None where nothing is asked for, or no more."""
    if not resource.promote:
        return None
    known = previous.promotion_request
    if known is not None and known.value == resource.promote:
        return None
    named = VALUE.fullmatch(resource.promote)
    if named is None:
        return Wanted(0, "it does not name a version: write its number, for example 3")
    version = int(named[1])
    if not previous.conditions:
        return Wanted(version, "it was there before the ModelDeployment: write another value")
    return Wanted(version)
