"""The NetworkPolicies of what trains and what serves: made before there are pods.

But for serving pods of a former release that ask the API server who calls: no policy has a way
there, so theirs is made once they are replaced.
"""

from __future__ import annotations

from collections.abc import Iterator

from dandelion_operator.api import digests, naming
from dandelion_operator.api.location import Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.serving import Auth
from dandelion_operator.loop.decide import contest
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.children import ApplyPolicy, RemovePolicy
from dandelion_operator.seen.observed import Observed

COMPONENTS = (naming.TRAINING, naming.INFERENCE)


def policies(resource: Resource, observed: Observed, location: Location) -> tuple[Action, ...]:
    """None where the installation has no say in them, or the operator may not read them."""
    return tuple(_actions(resource, observed, location))


def _actions(resource: Resource, observed: Observed, location: Location) -> Iterator[Action]:
    if location.policies is None or observed.policies is None:
        return
    for component in COMPONENTS:
        if component == naming.INFERENCE and _would_cut_off(resource, observed):
            continue
        drift = observed.drift(naming.policy_child(component))
        if component not in location.policies:
            if component in observed.policies:
                yield RemovePolicy(component)
        elif contest.writes(drift, _is_out_of_date(observed, location, component)):
            yield ApplyPolicy(component, contest.corrected(drift))


def _would_cut_off(resource: Resource, observed: Observed) -> bool:
    deployment = observed.deployment
    return (
        deployment is not None
        and deployment.may_ask_api_server
        and resource.spec.serving.auth is Auth.CLUSTER_TOKENS
        and naming.INFERENCE not in (observed.policies or {})
    )


def contested_policies(
    resource: Resource, observed: Observed, location: Location
) -> tuple[str, ...]:
    if observed.policies is None:
        return ()
    return tuple(
        found
        for component in location.policies or ()
        for found in contest.words(
            "NetworkPolicy",
            naming.network_policy(resource.key, component),
            observed.drift(naming.policy_child(component)),
            _is_out_of_date(observed, location, component),
        )
    )


def _is_out_of_date(observed: Observed, location: Location, component: str) -> bool:
    seen, wanted = observed.policies or {}, location.policies or {}
    return seen.get(component) != digests.digest(wanted[component])
