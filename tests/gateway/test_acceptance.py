"""What a real gateway has against a model's route stands in the model's status, and no address."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from dandelion_operator.loop.apply import builders

from tests.api.server import ApiServer
from tests.console.served import OTHER, TEAM
from tests.gateway.backends import publish
from tests.gateway.contour import ADMITTED, DOMAIN, NAME, NAMESPACE, PARENT, Gateway
from tests.gateway.models import ROUTE, Model, model, until

NOWHERE = "http://192.0.2.1:9"
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a Gateway that is not there": (
        TEAM,
        {"parent_refs": ({"name": "privat", "namespace": NAMESPACE},)},
        f"no Gateway has taken it yet: is there a Gateway {NAMESPACE}/privat, and who",
    ),
    "a listener that is not there": (
        TEAM,
        {"parent_refs": (PARENT | {"sectionName": "tls"},)},
        f"its Gateway {NAMESPACE}/{NAME} does not take it: NoMatchingParent",
    ),
    "a hostname that no listener has": (
        TEAM,
        {"hostnames": ("{name}.{namespace}.models.example.net",)},
        f"its Gateway {NAMESPACE}/{NAME} does not take it: NoMatchingListenerHostname",
    ),
    "a namespace that the listener does not let in": (
        OTHER,
        {},
        f"its Gateway {NAMESPACE}/{NAME} does not take it: NotAllowedByListeners",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_route_that_is_not_taken_says_why_and_has_no_address(
    team: ApiServer, gateway: Gateway, case: str
) -> None:
    namespace, changes, words = REFUSED[case]
    made = served(team, "refused", namespace)
    rule = ROUTE.model_copy(update=changes)
    made.route(rule)
    seen = until(made.route_seen, lambda seen: words in seen.trouble)
    assert seen.url is None
    (name,) = rule.names(made.resource.key)
    with gateway.client(f"https://{name}") as caller, pytest.raises(httpx.ConnectError):
        caller.get("/")


def test_a_route_that_leads_to_no_service_has_no_address(team: ApiServer, gateway: Gateway) -> None:
    made = model(team, "orphan")
    made.route()
    words = f"its Gateway {NAMESPACE}/{NAME} does not find what it leads to: BackendNotFound"
    assert until(made.route_seen, lambda seen: words in seen.trouble).url is None


def test_the_address_comes_and_goes_with_the_gateways_consent(
    team: ApiServer, gateway: Gateway
) -> None:
    made = served(team, "guest", OTHER)
    made.route()
    until(made.route_seen, lambda seen: "NotAllowedByListeners" in seen.trouble)
    (label,) = ADMITTED.items()
    team.kubectl("label", "namespace", OTHER, "=".join(label))
    try:
        taken = until(made.route_seen, lambda seen: seen.url)
        assert (taken.url, taken.trouble) == (f"https://guest.{OTHER}.models.{DOMAIN}", "")
    finally:
        team.kubectl("label", "namespace", OTHER, f"{label[0]}-")
    until(made.route_seen, lambda seen: seen.url is None and seen.trouble)


def test_a_changed_route_has_no_address_by_what_was_said_of_it_before(
    team: ApiServer, gateway: Gateway
) -> None:
    made = served(team, "moved")
    made.route()
    until(made.route_seen, lambda seen: seen.url)
    elsewhere = ROUTE.model_copy(update={"hostnames": ("{name}.{namespace}.models.example.net",)})
    made.route(elsewhere)
    # Whatever the gateway has looked at meanwhile, the new name is never told for the old one's.
    assert made.route_seen().url is None
    until(made.route_seen, lambda seen: "NoMatchingListenerHostname" in seen.trouble)


def served(api: ApiServer, name: str, namespace: str = TEAM) -> Model:
    """With a Service that has an endpoint."""
    made = model(api, name, namespace)
    publish(api, builders.service(made.resource), namespace, NOWHERE)
    return made
