"""Where there is no Gateway, a model's way in is an Ingress, under the same conditions."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.access.routes import IngressRule, RouteRule
from dandelion_operator.api.location import location
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.children import (
    ApplyIngress,
    ApplyRoute,
    RemoveIngress,
    RemoveRoute,
)
from dandelion_operator.loop.observe import readings
from dandelion_operator.seen.drift import Drift
from dandelion_operator.seen.serving import RouteSeen
from small_world import World, played

Json = dict[str, Any]
RULE = IngressRule.model_validate(
    {
        "className": "nginx",
        "hostnames": ["{name}.{namespace}.models.example.com"],
        "tls": [{"hosts": ["{name}.{namespace}.models.example.com"], "secretName": "{name}-tls"}],
        "annotations": {"example.com/a": "b"},
    }
)
OPEN = RULE.model_copy(update={"open": True})
ROUTE = RouteRule(parent_refs=({"name": "public"},), hostnames=("{name}.{namespace}.example.org",))
ASKS, ASKS_NOBODY = {"auth": "ClusterTokens"}, {"auth": "None"}
HOST = "lawn.default.models.example.com"
OURS = RouteSeen(exists=True, ours=True, digest=digests.ingress(given.resource(), RULE))
THEIRS = RouteSeen(exists=True, ours=False)
RIVAL = ("the installation in other",)
WAYS = ApplyIngress | RemoveIngress | ApplyRoute | RemoveRoute


@pytest.mark.parametrize(
    ("rule", "serving", "seen", "expected"),
    [
        pytest.param(RULE, ASKS, RouteSeen(), (ApplyIngress(),), id="who calls is asked"),
        pytest.param(RULE, ASKS_NOBODY, RouteSeen(), (), id="nobody is asked"),
        pytest.param(OPEN, ASKS_NOBODY, RouteSeen(), (ApplyIngress(),), id="open all the same"),
        pytest.param(None, ASKS, RouteSeen(), (), id="no Ingress in this installation"),
        pytest.param(RULE, ASKS, OURS, (), id="it is there"),
        pytest.param(
            RULE, ASKS, replace(OURS, digest="older"), (ApplyIngress(),), id="an older one"
        ),
        pytest.param(RULE, ASKS_NOBODY, OURS, (RemoveIngress(),), id="nobody is asked any more"),
        pytest.param(RULE, ASKS, THEIRS, (), id="somebody else's of that name stays"),
        pytest.param(RULE, ASKS_NOBODY, THEIRS, (), id="and is not taken away"),
        pytest.param(RULE, ASKS, RouteSeen(unknown=True), (), id="it may not be read"),
    ],
)
def test_whether_there_is_an_ingress(
    rule: IngressRule | None, serving: Json, seen: RouteSeen, expected: tuple[Action, ...]
) -> None:
    wanted = given.resource(serving=serving)
    where = location(wanted, replace(given.DEFAULTS, ingress=rule))
    observed = given.serving(3, deployment=given.deployment(3, wanted), ingress=seen)
    actions = decide(wanted, observed, where).rollout.actions
    assert tuple(item for item in actions if isinstance(item, WAYS)) == expected


def test_an_installation_may_have_both() -> None:
    wanted = given.resource(serving=ASKS)
    where = location(wanted, replace(given.DEFAULTS, ingress=RULE, route=ROUTE))
    observed = given.serving(3, deployment=given.deployment(3, wanted))
    actions = decide(wanted, observed, where).rollout.actions
    found = {item for item in actions if isinstance(item, WAYS)}
    assert found == {ApplyRoute(), ApplyIngress()}


@pytest.mark.parametrize("rule", [RULE, None], ids=["wanted", "not wanted"])
def test_what_others_write_into_one_that_goes_is_not_told(rule: IngressRule | None) -> None:
    wanted = given.resource(serving=ASKS)
    where = location(wanted, replace(given.DEFAULTS, ingress=rule))
    observed = given.serving(
        3,
        deployment=given.deployment(3, wanted),
        ingress=replace(OURS, digest="older"),
        drifts={"Ingress": Drift(rival="the installation in other", corrected=RIVAL)},
    )
    contested = decide(wanted, observed, where).rollout.contested
    assert bool(contested) is (rule is not None)


def test_it_leads_to_the_service_under_the_models_own_name_and_certificate() -> None:
    wanted = given.resource()
    built = builders.ingress(wanted, RULE)
    service = builders.service(wanted)
    (port,) = service["spec"]["ports"]
    leads_to = {"name": service["metadata"]["name"], "port": {"name": port["name"]}}
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": leads_to}}
    assert built["spec"] == {
        "ingressClassName": "nginx",
        "tls": [{"hosts": [HOST], "secretName": "lawn-tls"}],
        "rules": [{"host": HOST, "http": {"paths": [path]}}],
    }
    assert built["metadata"]["annotations"]["example.com/a"] == "b"
    assert built["metadata"]["ownerReferences"][0]["uid"] == wanted.uid


def test_what_is_left_to_the_cluster_is_not_written() -> None:
    plain = IngressRule(hostnames=("{name}.{namespace}.example.com",))
    assert set(builders.ingress(given.resource(), plain)["spec"]) == {"rules"}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"hostnames": ("{name}.{namespace}.example.org",)}, id="a name"),
        pytest.param({"class_name": "traefik"}, id="the class"),
        pytest.param({"tls": ()}, id="the certificate"),
        pytest.param({"annotations": {}}, id="an annotation"),
    ],
)
def test_what_the_installation_changes_reaches_the_ingress(changed: Json) -> None:
    wanted = given.resource()
    assert digests.ingress(wanted, RULE.model_copy(update=changed)) != OURS.digest
    assert digests.ingress(wanted, RULE.model_copy(update={"scheme": "http"})) == OURS.digest


@pytest.mark.parametrize(
    ("told", "scheme"),
    [
        pytest.param({}, "http", id="nobody ends TLS"),
        pytest.param({"tls": [{"hosts": ["a.example.com"]}]}, "https", id="a certificate"),
        pytest.param({"scheme": "https"}, "https", id="a load balancer's, by its annotations"),
        pytest.param({"tls": [{}], "scheme": "http"}, "http", id="as it was said"),
    ],
)
def test_an_address_begins_with_what_the_controller_listens_for(told: Json, scheme: str) -> None:
    rule = IngressRule.model_validate({"hostnames": ["{name}.{namespace}.example.com"], **told})
    assert rule.reached_by == scheme


def raw(*addresses: Json, uid: str = "uid-1", class_name: str | None = "nginx") -> Json:
    return {
        "metadata": {"name": "lawn-inference", "ownerReferences": [{"uid": uid, "controller": 1}]},
        "spec": {"ingressClassName": class_name, "rules": [{"host": HOST}, {"host": "second"}]},
        "status": {"loadBalancer": {"ingress": list(addresses)}},
    }


@pytest.mark.parametrize(
    ("found", "url", "trouble"),
    [
        pytest.param(raw({"ip": "192.0.2.1"}), f"https://{HOST}", "", id="an address"),
        pytest.param(raw({"hostname": "lb.example.com"}), f"https://{HOST}", "", id="a name"),
        pytest.param(
            raw(),
            None,
            "no ingress controller of class nginx has written its address yet",
            id="nobody took it",
        ),
        pytest.param(
            raw(class_name=None),
            None,
            "no ingress controller of the cluster's default class has written its address yet",
            id="nor by default",
        ),
        pytest.param(raw({"ip": "192.0.2.1"}, uid="other"), None, "", id="somebody else's"),
        pytest.param(None, None, "", id="none there"),
    ],
)
def test_an_address_is_told_once_a_controller_wrote_its_own(
    found: Json | None, url: str | None, trouble: str
) -> None:
    seen = readings.ingress(found, "uid-1", "https")
    assert (seen.url, seen.trouble) == (url, trouble)


def with_ingress(world: World, **more: Any) -> None:
    world.settings = world.settings.model_copy(update={"serving_ingress": RULE, **more})
    world.restart()


def test_an_ingress_comes_is_taken_and_goes_with_the_question_who_calls(world: World) -> None:
    async def scene() -> None:
        with_ingress(world)
        world.apply(serving=ASKS)
        await world.settle()
        (ingress,) = world.cluster.kind("ingresses")
        assert "externalUrl" not in world.status
        assert world.condition("RolledOut")[0] == "True"
        assert "its Ingress from outside: no ingress controller" in world.message("RolledOut")
        ingress["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
        await world.settle()
        assert world.status["externalUrl"] == f"https://{HOST}"
        assert "outside" not in world.message("RolledOut")
        world.apply(serving=ASKS_NOBODY)
        await world.settle()
        assert world.cluster.kind("ingresses") == []
        assert "externalUrl" not in world.status

    played(scene)


def test_of_two_ways_in_the_one_that_is_taken_is_told_and_the_others_trouble(
    world: World,
) -> None:
    async def scene() -> None:
        with_ingress(world, serving_route=ROUTE)
        world.apply(serving=ASKS)
        await world.settle()
        (ingress,) = world.cluster.kind("ingresses")
        ingress["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
        await world.settle()
        assert world.status["externalUrl"] == f"https://{HOST}"
        assert "its route from outside: no Gateway has taken it" in world.message("RolledOut")

    played(scene)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        pytest.param("unreadable", "cannot list ingresses", id="no right to look"),
        pytest.param("refuse", "host is taken", id="refused by a webhook"),
    ],
)
def test_without_an_ingress_it_serves_in_the_cluster_all_the_same(
    world: World, trouble: str, words: str
) -> None:
    async def scene() -> None:
        with_ingress(world)
        if trouble == "refuse":
            world.cluster.refuse = {"ingresses": "host is taken"}
        else:
            setattr(world.cluster, trouble, {"ingresses"})
        world.apply(serving=ASKS)
        await world.settle()
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")
        assert f"its Ingress from outside: {words}" in world.message("RolledOut")

    played(scene)


def test_an_installation_without_ingress_asks_for_none(world: World) -> None:
    async def scene() -> None:
        world.cluster.unreadable = {"ingresses"}
        world.apply(serving=ASKS)
        await world.settle()
        assert "Ingress" not in world.message("RolledOut")

    played(scene)


def to_another_service(raw: Json) -> None:
    (rule,) = raw["spec"]["rules"]
    if "http" in rule:
        rule["http"]["paths"][0]["backend"]["service"]["name"] = "mine"
    else:
        rule["backendRefs"][0]["name"] = "mine"


@pytest.mark.parametrize(
    ("kind", "plural"), [("HTTPRoute", "httproutes"), ("Ingress", "ingresses")], ids=str
)
def test_what_others_write_into_a_way_in_is_put_right_once_and_told_then(
    world: World, kind: str, plural: str
) -> None:
    name = "lawn-inference"

    async def scene() -> None:
        with_ingress(world, serving_route=ROUTE)
        world.apply(serving=ASKS)
        await world.settle()
        before = copy.deepcopy(world.cluster.one(plural, name)["spec"])
        world.cluster.edit(plural, name, to_another_service, "their-controller")
        assert world.cluster.one(plural, name)["spec"] != before
        await world.settle()
        assert world.cluster.one(plural, name)["spec"] == before
        assert "their-controller" not in world.message("RolledOut")
        world.cluster.edit(plural, name, to_another_service, "their-controller")
        await world.settle()
        assert world.cluster.one(plural, name)["spec"] != before
        assert "their-controller also writes" in world.message("RolledOut")
        assert f"of the {kind} {name}" in world.message("RolledOut")

    played(scene)
