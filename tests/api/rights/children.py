"""Everything that the operator writes, as its own builders make it, for one ModelDeployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dandelion_operator.api.access.routes import IngressRule, RouteRule
from dandelion_operator.api.location import Defaults, RegistryAccess, Target, location
from dandelion_operator.api.network import Network
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.apply.children import with_notes
from dandelion_operator.loop.decide.plan.jobs import StartEvaluation, StartTraining
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.seen.keys import TemporaryKey

from tests.api.server import ApiServer
from tests.api.test_crd import model_deployment

Json = dict[str, Any]

NAME = "lawn"
TARGET = Target(3, "s3://models/team/lawn/run3/artifact", "sha256:3")
OTHER = Target(4, "s3://models/team/lawn/run4/artifact", "sha256:4")
KEY = Credentials("key", "secret")
TEMPORARY = TemporaryKey(
    access_key="key",
    secret_key="secret",
    session_token="token",
    asked="sha256:asked",
    issued="2026-01-01T00:00:00Z",
    expires="2026-01-01T12:00:00Z",
)
SPEC: Mapping[str, Any] = {
    "training": {
        "search": {"maxTrials": 2, "parameters": {"learningRate": {"min": 0.001, "max": 0.1}}},
        "podTemplate": {
            "spec": {
                "serviceAccountName": "trainer",
                "volumes": [{"name": "work", "emptyDir": {"sizeLimit": "20Gi"}}],
            }
        },
    },
    "serving": {"replicas": 2, "auth": "ClusterTokens"},
}


@dataclass(frozen=True)
class Children:
    """What there is to write in a namespace; `plain` says little, `resource` much."""

    plain: Resource
    resource: Resource
    defaults: Defaults

    def all(self) -> dict[str, Json]:
        """Each by a name of its own; those of `plain` bear the same names in the cluster."""
        plain, much, defaults = self.plain, self.resource, self.defaults
        place, access = location(much, defaults), defaults.registry_access
        assert access is not None
        assert place.route is not None
        assert place.ingress is not None
        assert place.policies is not None
        run = StartTraining("run1", "hash1", "Created", "images-1", "auto", images=1000)
        search = StartTraining("run1", "hash1", "Created", "images-1", "auto", searching=True)
        compare = StartEvaluation("01234abcde", "sha256:d", OTHER, TARGET, "run4", "gate1")
        account = f"{NAME}-training"
        made = {
            "job": builders.job(plain, run, place, defaults),
            "search": builders.job(much, search, place, defaults),
            "evaluation": builders.evaluation_job(much, compare, place, defaults),
            "deployment": builders.deployment(plain, TARGET, place, defaults),
            "next version": builders.deployment(much, OTHER, place, defaults),
            "service": builders.service(much),
            "budget": builders.disruption_budget(much),
            "route": builders.http_route(much, place.route),
            "ingress": builders.ingress(much, place.ingress),
            **{
                f"network policy of {component}": builders.network_policy(much, component, spec)
                for component, spec in place.policies.items()
            },
            "inference account": builders.service_account(much),
            "training account": builders.training_account(much),
            "training binding": builders.training_binding(much, access, account),
            "key": builders.credentials_secret(much, "training", KEY),
            "key for a while": builders.temporary_secret(much, "inference", TEMPORARY, KEY),
        }
        return {name: with_notes(body, "dandelion-system", ()) for name, body in made.items()}


def children(
    api: ApiServer, namespace: str, training_role: str, training_image: str, told: Mapping[str, str]
) -> Children:
    """Of a ModelDeployment that this makes in the namespace; `told` are the operator's settings."""
    api.apply(model_deployment(NAME, **SPEC), "--server-side", "-n", namespace)
    much = api.get("mdep", NAME, "-n", namespace)
    plain = {**much, "spec": {"dataset": much["spec"]["dataset"]}}
    defaults = Defaults(
        training_image=training_image,
        inference_image="ghcr.io/dandelion-ml/dandelion-inference:1",
        image_pull_policy="IfNotPresent",
        tracking_uri="http://mlflow",
        s3_endpoint="http://s3",
        s3_region="us-east-1",
        s3_bucket="models",
        log_uri="s3://predictions",
        registry_access=RegistryAccess("mlflow.dandelion.dev", training_role),
        network=Network.model_validate_json(told["DANDELION_NETWORK_POLICIES"]),
        route=RouteRule.model_validate_json(told["DANDELION_SERVING_ROUTE"]),
        ingress=IngressRule.model_validate_json(told["DANDELION_SERVING_INGRESS"]),
    )
    parsed = [parse(body) for body in (plain, much)]
    little, whole = parsed
    assert isinstance(little, Resource), little
    assert isinstance(whole, Resource), whole
    return Children(little, whole, defaults)
