"""A model has a way in from outside where the installation has one, and is asked who calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.access.routes import RouteRule
from dandelion_operator.api.location import location
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.children import ApplyRoute, RemoveRoute
from dandelion_operator.loop.observe import readings
from dandelion_operator.seen.serving import RouteSeen
from small_world import World, played

Json = dict[str, Any]
PUBLIC = {"name": "public", "namespace": "gateways"}
RULE = RouteRule(
    parent_refs=(PUBLIC,),
    hostnames=("{name}.{namespace}.models.example.com",),
    annotations={"example.com/a": "b"},
)
OPEN = RULE.model_copy(update={"open": True})
ASKS, ASKS_NOBODY = {"auth": "ClusterTokens"}, {"auth": "None"}
HOST = "lawn.default.models.example.com"
OURS = RouteSeen(exists=True, ours=True, digest=digests.route(given.resource(), RULE))
THEIRS = RouteSeen(exists=True, ours=False)


@pytest.mark.parametrize(
    ("rule", "serving", "seen", "expected"),
    [
        pytest.param(RULE, ASKS, RouteSeen(), (ApplyRoute(),), id="who calls is asked"),
        pytest.param(RULE, ASKS_NOBODY, RouteSeen(), (), id="nobody is asked"),
        pytest.param(OPEN, ASKS_NOBODY, RouteSeen(), (ApplyRoute(),), id="open all the same"),
        pytest.param(None, ASKS, RouteSeen(), (), id="no routes in this installation"),
        pytest.param(RULE, ASKS, OURS, (), id="it is there"),
        pytest.param(
            RULE, ASKS, replace(OURS, digest="older"), (ApplyRoute(),), id="an older one is renewed"
        ),
        pytest.param(RULE, ASKS_NOBODY, OURS, (RemoveRoute(),), id="nobody is asked any more"),
        pytest.param(RULE, ASKS, THEIRS, (), id="somebody else's of that name stays"),
        pytest.param(RULE, ASKS_NOBODY, THEIRS, (), id="and is not taken away"),
        pytest.param(RULE, ASKS, RouteSeen(unknown=True), (), id="no such kind"),
    ],
)
def test_whether_there_is_a_route(
    rule: RouteRule | None, serving: Json, seen: RouteSeen, expected: tuple[Action, ...]
) -> None:
    wanted = given.resource(serving=serving)
    where = location(wanted, replace(given.DEFAULTS, route=rule))
    observed = given.serving(3, deployment=given.deployment(3, wanted), route=seen)
    actions = decide(wanted, observed, where).rollout.actions
    found = tuple(item for item in actions if isinstance(item, ApplyRoute | RemoveRoute))
    assert found == expected


def test_it_leads_from_the_gateway_to_the_service_and_its_owner_takes_it_along() -> None:
    wanted = given.resource()
    built = builders.http_route(wanted, RULE)
    assert built["spec"]["parentRefs"] == [PUBLIC]
    assert built["spec"]["hostnames"] == [HOST]
    service = builders.service(wanted)
    (backend,) = built["spec"]["rules"][0]["backendRefs"]
    (port,) = service["spec"]["ports"]
    assert backend == {"name": service["metadata"]["name"], "port": port["port"]}
    assert built["metadata"]["annotations"]["example.com/a"] == "b"
    assert built["metadata"]["ownerReferences"][0]["uid"] == wanted.uid


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"hostnames": ("{name}.{namespace}.example.org",)}, id="a name"),
        pytest.param({"parent_refs": ({"name": "other"},)}, id="the gateway"),
        pytest.param({"annotations": {}}, id="an annotation"),
    ],
)
def test_what_the_installation_changes_reaches_the_route(changed: Json) -> None:
    wanted = given.resource()
    assert digests.route(wanted, RULE.model_copy(update=changed)) != OURS.digest
    assert digests.route(wanted, RULE.model_copy(update={"scheme": "http"})) == OURS.digest


def raw(*parents: Json, uid: str = "uid-1", generation: int = 2) -> Json:
    owners = [{"uid": uid, "controller": True}]
    about = {"name": "lawn-inference", "namespace": "default", "generation": generation}
    return {
        "metadata": {**about, "ownerReferences": owners},
        "spec": {"hostnames": [HOST, "lawn.example.org"], "parentRefs": [PUBLIC]},
        "status": {"parents": list(parents)},
    }


def says(type_: str, status: str, reason: str = "", message: str = "", of: int = 2) -> Json:
    told = {"type": type_, "status": status, "reason": reason, "message": message}
    return {**told, "observedGeneration": of}


def parent(*conditions: Json, ref: Json | None = None) -> Json:
    return {"parentRef": PUBLIC if ref is None else ref, "conditions": list(conditions)}


ACCEPTED = says("Accepted", "True", "Accepted", "all is well")
NOT_ALLOWED = says("Accepted", "False", "NotAllowedByListeners", "not from here")
OTHER_NAME = says("Accepted", "False", "NoMatchingListenerHostname")
RESOLVED = says("ResolvedRefs", "True", "ResolvedRefs")
NO_SERVICE = says("ResolvedRefs", "False", "BackendNotFound", "service not found")
NOBODY = "no Gateway has taken it yet: is there a Gateway gateways/public, and who looks after it?"
IS_NOT = "its Gateway gateways/public"


@pytest.mark.parametrize(
    ("found", "url", "trouble"),
    [
        pytest.param(raw(parent(ACCEPTED, RESOLVED)), f"https://{HOST}", "", id="taken"),
        pytest.param(raw(parent(ACCEPTED)), f"https://{HOST}", "", id="taken, and no more said"),
        pytest.param(raw(), None, NOBODY, id="nobody looked at it"),
        pytest.param(raw(parent()), None, f"{IS_NOT} has not looked at it yet", id="nothing said"),
        pytest.param(
            raw(parent(NOT_ALLOWED)),
            None,
            f"{IS_NOT} does not take it: NotAllowedByListeners: not from here",
            id="refused in this namespace",
        ),
        pytest.param(
            raw(parent(OTHER_NAME, ref={"name": "own"})),
            None,
            "its Gateway default/own does not take it: NoMatchingListenerHostname",
            id="refused under this name",
        ),
        pytest.param(
            raw(parent(ACCEPTED, NO_SERVICE)),
            None,
            f"{IS_NOT} does not find what it leads to: BackendNotFound: service not found",
            id="taken, and leads nowhere",
        ),
        pytest.param(
            raw(parent(NOT_ALLOWED), parent(ACCEPTED, RESOLVED, ref={"name": "own"})),
            f"https://{HOST}",
            f"{IS_NOT} does not take it: NotAllowedByListeners: not from here",
            id="by one of two",
        ),
        pytest.param(
            raw(parent(ACCEPTED, RESOLVED), generation=3),
            None,
            f"{IS_NOT} has not looked at it yet",
            id="as it was before it changed",
        ),
        pytest.param(raw(parent(ACCEPTED), uid="other"), None, "", id="somebody else's"),
        pytest.param(None, None, "", id="none there"),
    ],
)
def test_an_address_is_told_where_a_gateway_leads_from_it_to_the_service(
    found: Json | None, url: str | None, trouble: str
) -> None:
    seen = readings.route(found, "uid-1", "https")
    assert (seen.url, seen.trouble) == (url, trouble)


def with_routes(world: World) -> None:
    world.settings = world.settings.model_copy(update={"serving_route": RULE})
    world.restart()


def test_a_route_comes_is_taken_and_goes_with_the_question_who_calls(world: World) -> None:
    async def scene() -> None:
        with_routes(world)
        world.apply(serving=ASKS)
        await world.settle()
        (route,) = world.cluster.kind("httproutes")
        assert route["spec"]["hostnames"] == [HOST]
        assert "externalUrl" not in world.status
        assert world.condition("RolledOut")[0] == "True"
        assert "from outside: no Gateway has taken it yet" in world.message("RolledOut")
        route["status"] = {"parents": [parent(says("Accepted", "True", of=1))]}
        await world.settle()
        assert world.status["externalUrl"] == f"https://{HOST}"
        assert "route" not in world.message("RolledOut")
        world.apply(serving=ASKS_NOBODY)
        await world.settle()
        assert world.cluster.kind("httproutes") == []
        assert "externalUrl" not in world.status

    played(scene)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        pytest.param("unknown", "the cluster knows no HTTPRoute", id="no Gateway API"),
        pytest.param("unreadable", "cannot list httproutes", id="no right to look"),
        pytest.param("refuse", "no more routes", id="a quota"),
    ],
)
def test_without_a_route_it_serves_in_the_cluster_all_the_same(
    world: World, trouble: str, words: str
) -> None:
    async def scene() -> None:
        with_routes(world)
        if trouble == "refuse":
            world.cluster.refuse = {"httproutes": "no more routes"}
        else:
            setattr(world.cluster, trouble, {"httproutes"})
        world.apply(serving=ASKS)
        await world.settle()
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")
        assert f"its route from outside: {words}" in world.message("RolledOut")

    played(scene)


def test_a_look_reads_the_models_own_route_and_none_of_its_neighbours(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a thousand models in a namespace, each would read a thousand routes."""
    asked: list[dict[str, str]] = []
    request = world.cluster.request

    async def noted(method: str, path: str, query: Any = None, **more: Any) -> tuple[int, Any]:
        if method == "GET" and path.endswith("/httproutes"):
            asked.append(query)
        return await request(method, path, query=query, **more)

    async def scene() -> None:
        with_routes(world)
        monkeypatch.setattr(world.cluster, "request", noted)
        world.apply(serving=ASKS)
        await world.settle()

    played(scene)
    assert asked
    assert all(query == {"fieldSelector": "metadata.name=lawn-inference"} for query in asked)


def test_an_installation_without_routes_asks_for_none(world: World) -> None:
    async def scene() -> None:
        world.cluster.unknown = {"httproutes"}
        world.apply(serving=ASKS)
        await world.settle()
        assert "route" not in world.message("RolledOut")

    played(scene)
