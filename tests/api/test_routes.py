"""The ways in from outside on a real API server with Gateway API's own kinds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dandelion_operator.api.access.routes import IngressRule, RouteRule
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.loop.apply.builders import http_route, ingress

from tests.api.server import ApiServer, KubectlError
from tests.chart import kubernetes_schemas
from tests.chart.rendering import FROM_OUTSIDE, NAMESPACE, render

WAYS = {"HTTPRoute", "Ingress"}


@pytest.fixture(scope="module")
def with_gateways(api: ApiServer) -> ApiServer:
    for crd in kubernetes_schemas.gateway_crds():
        api.apply(dict(crd), "--server-side")
        name = f"crd/{crd['metadata']['name']}"
        api.kubectl("wait", "--for=condition=Established", name, "--timeout=60s")
    api.kubectl("create", "namespace", "routes")
    return api


def created(api: ApiServer, content: dict[str, Any]) -> str:
    content = {**content, "metadata": {**content["metadata"], "namespace": "routes"}}
    return api.kubectl("create", "--validate=strict", "-f", "-", stdin=json.dumps(content))


def test_the_charts_ways_in_are_accepted(with_gateways: ApiServer) -> None:
    found = [item for item in render(FROM_OUTSIDE) if item.kind in WAYS]
    assert {(item.kind, item.name) for item in found} == {
        (kind, f"dandelion-{part}") for kind in WAYS for part in ("console", "mlflow")
    }
    for item in found:
        assert item.content["metadata"]["namespace"] == NAMESPACE
        assert " created" in created(with_gateways, dict(item.content))


def test_a_route_with_an_address_for_a_hostname_would_be_refused(with_gateways: ApiServer) -> None:
    route = render(FROM_OUTSIDE).one("HTTPRoute", "dandelion-mlflow").content
    wrong = {
        **route,
        "metadata": {"name": "wrong"},
        "spec": {**route["spec"], "hostnames": ["https://a"]},
    }
    with pytest.raises(KubectlError, match="hostnames"):
        created(with_gateways, wrong)


def told() -> dict[str, str]:
    """The operator's settings."""
    (container,) = render(FROM_OUTSIDE).one("Deployment", "dandelion-operator").containers
    return {item["name"]: item.get("value", "") for item in container["env"]}


def lawn() -> Resource:
    resource = parse(
        {
            "metadata": {"namespace": "routes", "name": "lawn", "uid": "u", "generation": 1},
            "spec": {"dataset": {"storageUri": "s3://datasets/routes/lawn"}},
        }
    )
    assert isinstance(resource, Resource)
    return resource


def test_a_models_ingress_is_accepted_as_the_operator_makes_it(with_gateways: ApiServer) -> None:
    rule = IngressRule.model_validate_json(told()["DANDELION_SERVING_INGRESS"])
    assert " created" in created(with_gateways, ingress(lawn(), rule))
    found = with_gateways.get("ingress", "lawn-inference", "-n", "routes")
    assert [rule["host"] for rule in found["spec"]["rules"]] == ["lawn.routes.models.example.org"]
    assert found["spec"]["tls"] == [
        {"hosts": ["lawn.routes.models.example.org"], "secretName": "lawn-tls"}
    ]


def test_a_models_route_is_accepted_as_the_operator_makes_it(with_gateways: ApiServer) -> None:
    rule = RouteRule.model_validate_json(told()["DANDELION_SERVING_ROUTE"])
    resource = lawn()
    assert " created" in created(with_gateways, http_route(resource, rule))
    found = with_gateways.get("httproute", "lawn-inference", "-n", "routes")
    assert found["spec"]["hostnames"] == ["lawn.routes.models.example.com"]
    (backend,) = found["spec"]["rules"][0]["backendRefs"]
    assert (backend["kind"], backend["name"], backend["port"]) == ("Service", "lawn-inference", 80)
