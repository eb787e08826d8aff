"""What to do about what was seen: pure functions, one ordered list of facts per concern.

`decide` is called by `reconcile`. Nothing here knows kopf, Kubernetes, HTTP or the clock.
"""

from __future__ import annotations

from dandelion_operator.api.location import Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.accept import accept
from dandelion_operator.loop.decide.gate.compare import outlived_evaluations
from dandelion_operator.loop.decide.gate.promote import promote
from dandelion_operator.loop.decide.identity import identity
from dandelion_operator.loop.decide.ingest import expiring_ingests, ingest, outlived_ingests
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.loop.decide.policies import contested_policies, policies
from dandelion_operator.loop.decide.rollout.children import roll_out
from dandelion_operator.loop.decide.secrets import contested_secrets, secrets
from dandelion_operator.loop.decide.train.phase import expiring_jobs, outlived_jobs, train
from dandelion_operator.seen.observed import Observed

__all__ = ["decide"]


def decide(resource: Resource, observed: Observed, location: Location) -> Plan:
    acceptance = accept(resource, observed, location)
    return Plan(
        secrets=(*identity(observed), *secrets(observed)),
        policies=policies(resource, observed, location),
        acceptance=acceptance,
        promote=promote(resource, observed, location.image_denied),
        rollout=roll_out(resource, observed, location),
        train=train(resource, observed, acceptance),
        ingest=ingest(resource, observed, acceptance),
        tidy=(
            *expiring_jobs(resource, observed),
            *outlived_jobs(observed),
            *outlived_evaluations(resource, observed),
            *expiring_ingests(resource, observed),
            *outlived_ingests(resource, observed),
        ),
        contested=(
            *contested_secrets(resource, observed),
            *contested_policies(resource, observed, location),
        ),
    )
