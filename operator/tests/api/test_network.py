"""Whom the pods of a ModelDeployment reach, by what its spec says."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.access.endpoints import Endpoints
from dandelion_operator.api.network import Network, policy_specs

Json = dict[str, Any]
DNS, MLFLOW, MINIO, ASK, WORLD, INTERNET = (
    {"to": [{"podSelector": {"matchLabels": {"app": name}}}]}
    for name in ("dns", "mlflow", "minio", "asked", "world", "internet")
)
NETWORK = Network(
    training=(DNS, MINIO, MLFLOW),
    serving=(DNS, MINIO),
    asking=(ASK,),
    metrics=({"podSelector": {"matchLabels": {"app": "prometheus"}}},),
    outside=tuple(WORLD["to"]),
    internet=tuple(INTERNET["to"]),
)
KEYS = {"secretRef": {"name": "keys"}}
TABLE: Json = {"storageUri": "s3://datasets/lawn", "urls": {"configMapRef": {"name": "urls"}}}
ANY_PORT = {"ports": [{"protocol": "TCP"}]}


def specs(network: Network = NETWORK, **sections: Any) -> dict[str, Any]:
    wanted = given.resource(**sections)
    endpoints = Endpoints(allowed=("169.254.1.1/32",), api_server="10.96.0.1")
    return dict(policy_specs(wanted, network, endpoints))


def added(component: str, base: tuple[Json, ...], **sections: Any) -> list[Json]:
    egress = specs(**sections)[component]["egress"]
    assert egress[: len(base)] == list(base)
    found: list[Json] = egress[len(base) :]
    return found


def block(cidr: str, port: int) -> Json:
    return {"to": [{"ipBlock": {"cidr": cidr}}], "ports": [{"port": port, "protocol": "TCP"}]}


def of_namespace(name: str) -> Json:
    labels = {"kubernetes.io/metadata.name": name}
    return {"to": [{"namespaceSelector": {"matchLabels": labels}}]}


def outside(port: int) -> Json:
    return {**WORLD, "ports": [{"port": port, "protocol": "TCP"}]}


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        pytest.param("https://s3.example.com", [outside(443)], id="a name, by https"),
        pytest.param("http://s3.example.com", [outside(80)], id="a name, by http"),
        pytest.param("http://s3.example.com:9000/", [outside(9000)], id="a name with its port"),
        pytest.param(
            "http://minio.team-b.svc:9000", [of_namespace("team-b")], id="a Service: its pods"
        ),
        pytest.param(
            "https://minio.team-b.svc.cluster.local", [of_namespace("team-b")], id="in full"
        ),
        pytest.param("http://10.1.2.3:9000", [block("10.1.2.3/32", 9000)], id="an address"),
        pytest.param("http://[fd00::7]:9000", [block("fd00::7/128", 9000)], id="of version 6"),
        pytest.param("http://169.254.169.254", [], id="a metadata service gets no rule"),
        pytest.param("http://[fd00:ec2::254]", [], id="of version 6 neither"),
        pytest.param("http://127.0.0.1:9000", [], id="nor loopback"),
        pytest.param("https://10.96.0.1", [], id="nor the API server"),
        pytest.param(
            "http://169.254.1.1", [block("169.254.1.1/32", 80)], id="but what is listed does"
        ),
        pytest.param("http://s3:123456", [], id="no address at all"),
    ],
)
def test_an_endpoint_of_its_own(endpoint: str, expected: list[Json]) -> None:
    storage = {"endpoint": endpoint, **KEYS}
    assert added(naming.TRAINING, NETWORK.training, storage=storage) == expected
    assert added(naming.INFERENCE, NETWORK.serving, storage=storage) == expected


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        pytest.param([], [{**INTERNET, **ANY_PORT}], id="the internet, no private network"),
        pytest.param(
            ["images.example.com"], [{**WORLD, **ANY_PORT}], id="a named host may be private"
        ),
        pytest.param(
            ["images.team-b.svc:8080"],
            [{**WORLD, **ANY_PORT}, of_namespace("team-b")],
            id="or a Service",
        ),
    ],
)
def test_addresses_of_images_are_for_training_alone(hosts: list[str], expected: list[Json]) -> None:
    dataset = {**TABLE, "urls": {**TABLE["urls"], "allowedHosts": hosts}}
    assert added(naming.TRAINING, NETWORK.training, dataset=dataset) == expected
    assert added(naming.INFERENCE, NETWORK.serving, dataset=dataset) == []


def test_without_them_training_has_no_way_out() -> None:
    assert added(naming.TRAINING, NETWORK.training) == []


def test_only_who_is_asked_by_tokens_asks() -> None:
    tokens = {"auth": "ClusterTokens"}
    assert added(naming.INFERENCE, NETWORK.serving, serving=tokens) == [ASK]
    assert added(naming.INFERENCE, NETWORK.serving) == []
    assert added(naming.TRAINING, NETWORK.training, serving=tokens) == []


def test_who_comes_in() -> None:
    scraped = {
        "ports": [{"port": "metrics", "protocol": "TCP"}],
        "from": list(NETWORK.metrics),
    }
    http = {"ports": [{"port": "http", "protocol": "TCP"}]}
    gateway = {"namespaceSelector": {"matchLabels": {"gateway": "yes"}}}
    assert specs()[naming.TRAINING]["ingress"] == [scraped]
    assert specs()[naming.INFERENCE]["ingress"] == [http, scraped]
    narrowed = specs(NETWORK.model_copy(update={"callers": (gateway,)}))
    assert narrowed[naming.INFERENCE]["ingress"] == [{**http, "from": [gateway]}, scraped]


def test_they_are_of_the_pods_that_are_made_and_no_others() -> None:
    selected = {name: spec["podSelector"]["matchLabels"] for name, spec in specs().items()}
    made = {name: naming.labels(given.resource().key, name) for name in selected}
    for name, labels in selected.items():
        assert [item for item in made if labels.items() <= made[item].items()] == [name]
    assert all(spec["policyTypes"] == ["Ingress", "Egress"] for spec in specs().values())


def test_where_they_are_not_wanted_there_are_none() -> None:
    assert specs(Network()) == {}
