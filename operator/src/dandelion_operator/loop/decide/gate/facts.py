"""What the decision about promotion rests on."""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import Resource
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen


@dataclass(frozen=True)
class Facts:
    resource: Resource
    observed: Observed
    registry: RegistrySeen
    # Why nothing is compared with the image that trains.
    image_denied: Failure | None = None

    @property
    def gate(self) -> str:
        return digests.gate(self.resource)
