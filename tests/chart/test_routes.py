"""Console and MLflow are reached from outside where the chart is told so, and never unguarded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from dandelion_operator.api.access.routes import IngressRule, RouteRule
from dandelion_operator.api.resource import NamespacedName

from tests.chart.rendering import FROM_OUTSIDE, INGRESS, ROUTE, HelmError, Rendered, render

PORTS = {"console": 80, "mlflow": 5000}


@pytest.fixture(scope="module")
def outside() -> Rendered:
    return render(FROM_OUTSIDE)


def test_nothing_is_reached_from_outside_unless_it_is_asked_for(default: Rendered) -> None:
    assert default.of("HTTPRoute") == []
    assert default.of("Ingress") == []


@pytest.mark.parametrize("component", PORTS)
def test_a_route_leads_from_the_gateway_to_the_service(outside: Rendered, component: str) -> None:
    name = f"dandelion-{component}"
    route = outside.one("HTTPRoute", name)
    (port,) = outside.one("Service", name).spec["ports"]
    assert route.spec["parentRefs"] == ROUTE["parentRefs"]
    assert route.spec["hostnames"] == [f"{component}.example.com"]
    assert route.annotations == ROUTE["annotations"]
    (rule,) = route.spec["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]
    assert rule["backendRefs"] == [{"name": name, "port": port["port"]}]


@pytest.mark.parametrize("component", PORTS)
def test_so_does_an_ingress(outside: Rendered, component: str) -> None:
    name = f"dandelion-{component}"
    ingress = outside.one("Ingress", name)
    (rule,) = ingress.spec["rules"]
    (path,) = rule["http"]["paths"]
    (port,) = outside.one("Service", name).spec["ports"]
    assert ingress.spec["ingressClassName"] == INGRESS["className"]
    assert rule["host"] == f"{component}.example.org"
    assert (path["path"], path["pathType"]) == ("/", "Prefix")
    assert path["backend"]["service"] == {"name": name, "port": {"name": port["name"]}}
    told = FROM_OUTSIDE[component]["ingress"].get("tls")
    assert ingress.spec.get("tls") == told


def test_mlflow_answers_to_the_names_of_its_ways_in(outside: Rendered) -> None:
    (container,) = outside.one("Deployment", "dandelion-mlflow").containers
    told = {item["name"]: item.get("value", "") for item in container["env"]}
    hosts = told["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    origins = told["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"].split(",")
    for name in ("mlflow.example.com", "mlflow.example.org"):
        assert name in hosts
        assert f"https://{name}" in origins


NAMED = {"parentRefs": [{"name": "public"}], "hostnames": ["a.example.com"]}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a route without a gateway": (
        {"mlflow": {"route": {"enabled": True, "hostnames": ["a.example.com"]}}},
        "name your Gateway in mlflow.route.parentRefs",
    ),
    "a route without a name": (
        {"mlflow": {"route": {"enabled": True, "parentRefs": [{"name": "public"}]}}},
        "in mlflow.route.hostnames, for example [mlflow.example.com]",
    ),
    "an Ingress without a name": (
        {"console": {"enabled": True, "ingress": {"enabled": True}}},
        "in console.ingress.hostnames, for example [console.example.com]",
    ),
    "a route to a console that is not there": (
        {"console": {"route": {"enabled": True, **NAMED}}},
        "write console.enabled=true too",
    ),
    "a gateway without a name": (
        {"mlflow": {"route": {"enabled": True, "parentRefs": [{}]}}},
        "parentRefs",
    ),
    "an address for a hostname": (
        {"mlflow": {"route": {"hostnames": ["https://mlflow.example.com"]}}},
        "hostnames",
    ),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_way_in_that_leads_nowhere_is_refused(mistake: str) -> None:
    values, said = REFUSED[mistake]
    with pytest.raises(HelmError) as refused:
        render(values)
    assert said in str(refused.value)


MODELS = "{name}.{namespace}.models.example.com"
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no gateway": ({"hostnames": [MODELS], "parentRefs": []}, "name your Gateway"),
    "no name": ({"hostnames": []}, '"{name}.{namespace}.models.example.com"'),
    "one name for several namespaces": (
        {"hostnames": ["{name}.models.example.com"]},
        "one name for the models of several namespaces",
    ),
    "two models of one name": ({"hostnames": ["{name}-{namespace}.example.com"]}, "hostnames"),
    "one name for all": ({"hostnames": ["models.example.com"]}, "hostnames"),
    "a scheme": ({"hostnames": [MODELS], "scheme": "grpc"}, "scheme"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_models_are_not_given_names_that_lead_nowhere_or_to_anothers(mistake: str) -> None:
    values, said = WRONG[mistake]
    with pytest.raises(HelmError) as refused:
        render({"serving": {"route": {**ROUTE, **values}}})
    assert said in str(refused.value)


WRONG_INGRESS: dict[str, tuple[dict[str, Any], str]] = {
    **{name: WRONG[name] for name in ("no name", "one name for several namespaces")},
    **{name: WRONG[name] for name in ("two models of one name", "one name for all", "a scheme")},
    "a Secret's address": ({"hostnames": [MODELS], "tls": [{"secretName": "a/b"}]}, "secretName"),
    "a host with a port": ({"hostnames": [MODELS], "tls": [{"hosts": ["a.example:1"]}]}, "hosts"),
    "a class that is none": ({"hostnames": [MODELS], "className": "Nginx_"}, "className"),
}


@pytest.mark.parametrize("mistake", WRONG_INGRESS)
def test_nor_by_an_ingress(mistake: str) -> None:
    values, said = WRONG_INGRESS[mistake]
    with pytest.raises(HelmError) as refused:
        render({"serving": {"ingress": {**INGRESS, **values}}})
    assert said in str(refused.value)


@pytest.mark.parametrize("secret", ["", "models-tls", "{name}-tls", "{namespace}.{name}", "{name}"])
@pytest.mark.parametrize("host", ["{name}.{namespace}.models.example.com", "*.example.com"])
def test_an_ingress_may_have_certificates_of_its_own(secret: str, host: str) -> None:
    tls = [{"hosts": [host], **({"secretName": secret} if secret else {})}]
    told_of_ingress(
        render({"serving": {"ingress": {**INGRESS, "hostnames": [MODELS], "tls": tls}}})
    )


def test_in_a_single_namespace_models_need_not_name_it() -> None:
    values = {
        "operator": {"watchNamespaces": ["team-a"]},
        "serving": {"route": {**ROUTE, "hostnames": ["{name}.models.example.com"]}},
    }
    assert told(render(values)).names(NamespacedName("team-a", "lawn")) == (
        "lawn.models.example.com",
    )


def told(rendered: Rendered) -> RouteRule:
    """What the operator reads."""
    (container,) = rendered.one("Deployment", "dandelion-operator").containers
    (value,) = (
        item["value"] for item in container["env"] if item["name"] == "DANDELION_SERVING_ROUTE"
    )
    return RouteRule.model_validate_json(value)


def test_the_operator_is_told_how_models_are_reached(outside: Rendered) -> None:
    rule = told(outside)
    assert list(rule.parent_refs) == ROUTE["parentRefs"]
    assert rule.names(NamespacedName("team-a", "lawn")) == ("lawn.team-a.models.example.com",)
    assert (rule.scheme, rule.open, rule.annotations) == ("https", False, ROUTE["annotations"])


def told_of_ingress(rendered: Rendered) -> IngressRule:
    (container,) = rendered.one("Deployment", "dandelion-operator").containers
    (value,) = (
        item["value"] for item in container["env"] if item["name"] == "DANDELION_SERVING_INGRESS"
    )
    return IngressRule.model_validate_json(value)


def test_the_operator_is_told_of_the_ingress_of_models(outside: Rendered) -> None:
    rule, key = told_of_ingress(outside), NamespacedName("team-a", "lawn")
    assert rule.names(key) == ("lawn.team-a.models.example.org",)
    (certificate,) = rule.certificates(key)
    assert certificate == {"hosts": ["lawn.team-a.models.example.org"], "secretName": "lawn-tls"}
    assert (rule.class_name, rule.reached_by, rule.open) == (INGRESS["className"], "https", False)
    assert rule.annotations == INGRESS["annotations"]


@pytest.mark.parametrize(
    ("way", "resource"), [("route", "httproutes"), ("ingress", "ingresses")], ids=str
)
def test_it_may_write_a_way_in_only_where_there_are_to_be_some(
    outside: Rendered, default: Rendered, way: str, resource: str
) -> None:
    alone = render({"serving": {way: FROM_OUTSIDE["serving"][way]}})
    for rendered, granted in (
        (outside, {"httproutes", "ingresses"}),
        (alone, {resource}),
        (default, set()),
    ):
        rules = rendered.one("ClusterRole", "dandelion-operator-namespace").content["rules"]
        may = {name for rule in rules for name in rule["resources"]}
        assert may & {"httproutes", "ingresses"} == granted
        policy = rendered.one("ValidatingAdmissionPolicy", "dandelion-operator").content
        variables = {item["name"]: item["expression"] for item in policy["spec"]["variables"]}
        for name in ("httproutes", "ingresses"):
            assert (name in variables["is_child"]) is (name in granted)


@pytest.mark.parametrize("way", ["route", "ingress"])
@pytest.mark.parametrize(
    "asks_nobody",
    [
        pytest.param({"mlflow": {"auth": {"mode": "None"}}}, id="by its mode"),
        pytest.param({"operator": {"watchNamespaces": ["team-a"]}}, id="without cluster roles"),
    ],
)
def test_mlflow_that_asks_nobody_is_not_reached_from_outside(
    way: str, asks_nobody: Mapping[str, Any]
) -> None:
    door = {way: {**FROM_OUTSIDE["mlflow"][way]}}
    values = {**asks_nobody, "mlflow": {**asks_nobody.get("mlflow", {}), **door}}
    with pytest.raises(HelmError, match="ask nobody who they are") as refused:
        render(values)
    assert f"write mlflow.auth.mode=Kubernetes, or leave mlflow.{way} out" in str(refused.value)
