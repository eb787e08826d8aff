"""Every pod of the chart has one NetworkPolicy of both directions, and none reaches more than it
needs. What the operator is told of pods that train and serve is held to the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from dandelion_operator.api.access.endpoints import CLOSED, Endpoints
from dandelion_operator.api.network import Network, policy_specs
from dandelion_operator.api.resource import Resource, parse

from tests.chart.rendering import EXTERNAL_S3, NAMESPACE, PROFILES, TUNED, Rendered, render

Json = Mapping[str, Any]
WITH_POLICIES = {
    name: values
    for name, values in PROFILES.items()
    if values.get("networkPolicy", {}).get("enabled", True)
}
METADATA = [str(network[0]) for network in CLOSED["a metadata service"]]
AGENT_OF_ROLES = {"169.254.170.23", "fd00:ec2::23"}  # of EKS: a pod gets from it its own role
METADATA_OF_ONE = {"namespace": "team-a", "name": "lawn", "uid": "1", "generation": 1}
ASKS_FOR_ALL = {
    "serving": {"auth": "ClusterTokens"},
    "dataset": {
        "storageUri": "s3://datasets/lawn",
        "urls": {"configMapRef": {"name": "urls"}, "allowedHosts": ["10.0.0.1"]},
    },
    "storage": {"endpoint": "http://s3.example.com", "secretRef": {"name": "keys"}},
}
ASK_THE_API_SERVER = {
    "operator",
    "token-reviewer",
    "mlflow",
    "console",
    "review",
    "credentials",
    "test",
}


def holds(selector: Json, labels: Mapping[str, str]) -> bool:
    assert selector.keys() <= {"matchLabels"}, selector
    return bool(selector["matchLabels"].items() <= labels.items())


@cache
def rendered(profile: str = "the defaults") -> Rendered:
    return render(PROFILES[profile])


def policies_of(chart: Rendered, labels: Mapping[str, str]) -> list[Json]:
    found = (policy.spec for policy in chart.of("NetworkPolicy"))
    return [spec for spec in found if holds(spec["podSelector"], labels)]


def component(chart: Rendered, name: str) -> Json:
    return chart.one("NetworkPolicy", f"dandelion-{name}").spec


def network(chart: Rendered, deployment: str = "dandelion-operator") -> Network:
    """What the operator reads of it."""
    (container,) = chart.one("Deployment", deployment).containers
    told = {item["name"]: item.get("value") for item in container["env"]}
    return Network.model_validate_json(told["DANDELION_NETWORK_POLICIES"])


def egress(chart: Rendered, deployment: str = "dandelion-operator") -> Iterator[list[Json]]:
    """Of each policy, those that the operator makes for the most that a spec can ask for too."""
    for policy in chart.of("NetworkPolicy"):
        yield policy.spec.get("egress", [])
    asks_for_all = parse({"metadata": METADATA_OF_ONE, "spec": ASKS_FOR_ALL})
    assert isinstance(asks_for_all, Resource)
    specs = policy_specs(asks_for_all, network(chart, deployment), Endpoints())
    for spec in specs.values():
        yield spec["egress"]


def leads_to(rule: Json, address: str) -> bool:
    """Whether a rule is for that address outside the cluster, on the port of metadata services."""
    ports = [item.get("port", 80) for item in rule.get("ports", [{"port": 80}])]
    if 80 not in ports:
        return False
    if "to" not in rule:
        return True
    wanted = ip_address(address)
    return any(
        wanted in ip_network(block["cidr"])
        and not any(wanted in ip_network(item) for item in block.get("except", []))
        for block in (peer["ipBlock"] for peer in rule["to"] if "ipBlock" in peer)
    )


@pytest.mark.parametrize("profile", WITH_POLICIES)
def test_each_pod_is_of_one_policy_for_both_directions(profile: str) -> None:
    chart = rendered(profile)
    pods = [(workload.name, workload.pod) for workload in chart.workloads()]
    assert pods
    for name, pod in pods:
        (policy,) = policies_of(chart, pod["metadata"]["labels"])
        assert policy["policyTypes"] == ["Ingress", "Egress"], name
        named = {
            item["name"]
            for container in pod["spec"]["containers"]
            for item in container.get("ports", [])
        }
        let_in = {item["port"] for rule in policy.get("ingress", []) for item in rule["ports"]}
        assert let_in <= named, name


@pytest.mark.parametrize("profile", WITH_POLICIES)
def test_each_policy_is_of_a_pod(profile: str) -> None:
    chart = rendered(profile)
    labels = [workload.pod["metadata"]["labels"] for workload in chart.workloads()]
    for policy in chart.of("NetworkPolicy"):
        assert any(holds(policy.spec["podSelector"], pod) for pod in labels), policy.name


@pytest.mark.parametrize("profile", WITH_POLICIES)
def test_no_pod_reaches_a_metadata_service(profile: str) -> None:
    operator = "dandelion-lawns-operator" if "nameOverride" in WITH_POLICIES[profile] else None
    found = list(egress(rendered(profile), operator or "dandelion-operator"))
    assert len(found) > 5
    values = WITH_POLICIES[profile]
    by_account = values.get("s3", {}).get("identity", {}).get("enabled")
    for address in METADATA:
        if by_account and address in AGENT_OF_ROLES:
            continue
        assert not [rule for rules in found for rule in rules if leads_to(rule, address)], address


@pytest.mark.parametrize("which", ["operator", "training", "serving", "mlflow", "setup"])
def test_where_one_is_named_its_pods_reach_it(which: str) -> None:
    metadata = [{"ipBlock": {"cidr": "169.254.169.254/32"}}]
    found = egress(render({"networkPolicy": {which: {"extraTo": metadata}}}))
    reached = [any(leads_to(rule, METADATA[0]) for rule in rules) for rules in found]
    assert reached.count(True) == (4 if which == "setup" else 1)
    everywhere = egress(render({"networkPolicy": {"extraTo": metadata}}))
    assert all(any(leads_to(rule, METADATA[0]) for rule in rules) for rules in everywhere)


def test_the_clusters_ranges_are_not_outside_of_it() -> None:
    ranges = {"networkPolicy": {"clusterCIDRs": ["52.95.0.0/16", "2600:1f00::/32"]}}
    narrowed = render(ranges)
    for address in ("52.95.110.1", "2600:1f00::1"):
        assert any(leads_to(rule, address) for rules in egress(rendered()) for rule in rules)
        closed = egress(narrowed)
        assert not [rule for rules in closed for rule in rules if leads_to(rule, address)]


@pytest.mark.parametrize("profile", ["the defaults", "the console"])
def test_who_asks_the_api_server(profile: str) -> None:
    chart = rendered(profile)
    ports = [{"port": 443, "protocol": "TCP"}, {"port": 6443, "protocol": "TCP"}]
    asking = {
        policy.labels["app.kubernetes.io/component"]
        for policy in chart.of("NetworkPolicy")
        if {"ports": ports} in policy.spec.get("egress", [])
    }
    there = {policy.labels["app.kubernetes.io/component"] for policy in chart.of("NetworkPolicy")}
    assert asking == ASK_THE_API_SERVER & there


def test_pods_that_serve_ask_the_token_reviewer_and_no_api_server() -> None:
    """A rule for the API server has no address: it would let them out to the world on its ports."""
    (rule,) = network(rendered("the defaults")).asking
    (peer,) = rule["to"]
    labels = peer["podSelector"]["matchLabels"]
    assert labels["app.kubernetes.io/component"] == "token-reviewer"


def test_mlflow_asks_it_only_where_it_asks_about_tokens() -> None:
    rules = component(render({"mlflow": {"auth": {"mode": "None"}}}), "mlflow")["egress"]
    ports = {port["port"] for rule in rules for port in rule["ports"]}
    assert ports == {53, 9000}


def test_pods_without_keys_reach_who_gives_them_a_role() -> None:
    s3 = {"endpoint": "https://s3.example.com", "identity": {"enabled": True}}
    for rules in egress(render({"minio": {"enabled": False}, "s3": s3})):
        if any(leads_to(rule, "169.254.170.23") for rule in rules):
            assert not any(leads_to(rule, "169.254.169.254") for rule in rules)
            break
    else:
        pytest.fail("none does")


def test_minio_goes_nowhere() -> None:
    assert "egress" not in component(rendered(), "minio")


@pytest.mark.parametrize(
    ("endpoint", "port"),
    [
        ("https://s3.example.com", 443),
        ("http://s3.example.com", 80),
        ("https://s3.example.com:8443", 8443),
    ],
)
def test_an_endpoint_outside_is_reached_on_its_port(endpoint: str, port: int) -> None:
    values = {**EXTERNAL_S3, "s3": {**EXTERNAL_S3["s3"], "endpoint": endpoint}}
    rules = component(render(values), "storage-setup")["egress"]
    assert rules[-1]["ports"] == [{"port": port, "protocol": "TCP"}]
    assert all("ipBlock" in peer for peer in rules[-1]["to"])


@pytest.mark.parametrize("host", ["minio.storage.svc", "minio.storage.svc.cluster.local"])
def test_an_endpoint_that_is_a_service_is_reached_in_its_namespace(host: str) -> None:
    values = {**EXTERNAL_S3, "s3": {**EXTERNAL_S3["s3"], "endpoint": f"http://{host}:9000"}}
    rules = component(render(values), "storage-setup")["egress"]
    labels = {"kubernetes.io/metadata.name": "storage"}
    assert rules[-1] == {"to": [{"namespaceSelector": {"matchLabels": labels}}]}


def test_every_setting_reaches_the_policies() -> None:
    """A setting that reaches none would be one without effect."""
    chart = render(TUNED)
    told = network(chart, "dandelion-lawns-operator").model_dump_json()
    everything = json.dumps([policy.spec for policy in chart.of("NetworkPolicy")]) + told
    for name in ("dns", "metrics", "gateway"):
        assert f'"{name}":"here"' in everything.replace(": ", ":"), name
    for name in ("all", "operator", "mlflow", "setup", "training", "serving"):
        assert f'"for":"{name}"' in everything.replace(": ", ":"), name
    for what in ("10.0.0.1/32", "6543", "5353", "10.96.0.0/12", "fd00:10::/64"):
        assert what in everything, what


def test_where_they_are_turned_off_the_operator_makes_none() -> None:
    chart = render({"networkPolicy": {"enabled": False}})
    assert chart.of("NetworkPolicy") == []
    assert not network(chart).enabled
    assert network(rendered()).enabled


def test_pods_that_train_and_serve_are_let_in_where_they_go() -> None:
    """What the operator lets out, the chart lets in."""
    told = network(rendered())
    for rules, kind in ((told.training, "training"), (told.serving, "inference")):
        peers = [
            peer["podSelector"] for rule in rules for peer in rule["to"] if "podSelector" in peer
        ]
        assert peers
        for selector in peers:
            (policy,) = policies_of(rendered(), selector["matchLabels"])
            assert any(
                kind in expression["values"]
                for rule in policy["ingress"]
                for peer in rule["from"]
                for expression in peer["podSelector"].get("matchExpressions", [])
            )


def test_the_operator_may_ask_pods_that_train_and_serve() -> None:
    labels = rendered().one("Deployment", "dandelion-operator").pod["metadata"]["labels"]
    (peer,) = (item for item in network(rendered()).metrics if item["namespaceSelector"])
    assert holds(peer["podSelector"], labels)
    namespace = {"kubernetes.io/metadata.name": NAMESPACE}
    assert holds(peer["namespaceSelector"], namespace)


@pytest.mark.parametrize("console", [True, False], ids=["with a console", "without"])
def test_where_not_everybody_may_call_the_operator_still_asks_whether_a_model_answers(
    console: bool,
) -> None:
    """Without that, no model would ever be Ready; and people show images by the console."""
    gateway = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateways"}}}
    values = {"networkPolicy": {"serving": {"from": [gateway]}}, "console": {"enabled": console}}
    (container,) = render(values).one("Deployment", "dandelion-operator").containers
    told = {item["name"]: item.get("value", "") for item in container["env"]}
    callers = Network.model_validate_json(told["DANDELION_NETWORK_POLICIES"]).callers
    assert gateway in callers
    components = {
        peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
        for peer in callers
        if "podSelector" in peer
    }
    assert components == ({"operator", "console"} if console else {"operator"})
    assert len(callers) == len(components) + 1
