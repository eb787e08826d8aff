"""Ready pods are of no use to callers while the Service has no ready endpoint."""

from __future__ import annotations

from typing import Any, cast

import given
import pytest
from dandelion_operator.loop.observe import readings
from dandelion_operator.ports.kube.needed import needed
from dandelion_operator.ports.kube.objects import ENDPOINT_SLICE
from dandelion_operator.ports.probes import (
    ENDPOINTS_LAG,
    NO_ENDPOINTS,
    NO_ENDPOINTS_YET,
    Probes,
)
from dandelion_operator.ports.probes.probe import Probe
from fakes.cluster import KEY
from given import serving
from given.report.told import message, told, was_ready, words
from small_world import World, played

Json = dict[str, Any]
NAME = "lawn-inference"


def endpoint(name: str = "", ready: bool | None = True, address: str = "10.0.1.1") -> Json:
    target = {"targetRef": {"kind": "Pod", "name": name, "uid": "1"}} if name else {}
    conditions = {} if ready is None else {"ready": ready, "serving": True}
    more = {"nodeName": "node-1", "zone": "a", "addresses": [address]}
    return {**target, "conditions": conditions, **more}


def slice_of(*endpoints: Json, service: str = NAME) -> Json:
    labels = {"kubernetes.io/service-name": service, "dandelion.dev/modeldeployment": "lawn"}
    metadata = {"name": f"{service}-x", "labels": labels, "managedFields": [{"manager": "them"}]}
    return {"metadata": metadata, "endpoints": list(endpoints) or None, "ports": [{"port": 8080}]}


@pytest.mark.parametrize(
    ("slices", "expected"),
    [
        pytest.param([], None, id="no slice: not known"),
        pytest.param([slice_of()], set(), id="a slice of no endpoint"),
        pytest.param([slice_of(endpoint("a"))], {"a"}, id="a ready pod"),
        pytest.param([slice_of(endpoint("a", ready=False))], set(), id="a pod that is not ready"),
        pytest.param([slice_of(endpoint("a", ready=None))], {"a"}, id="unsaid is ready"),
        pytest.param([slice_of(endpoint())], {"10.0.1.1"}, id="an address that is no pod's"),
        pytest.param(
            [slice_of(endpoint("a")), slice_of(endpoint("b"))], {"a", "b"}, id="several slices"
        ),
        pytest.param([slice_of(endpoint("a"), service="another")], None, id="another Service's"),
    ],
)
def test_whom_the_service_sends_requests_to(slices: list[Json], expected: set[str] | None) -> None:
    kept = [dict(needed(ENDPOINT_SLICE, item)) for item in slices]
    for found in (slices, kept):
        assert readings.ready_endpoints(found, NAME) == expected


def test_of_a_slice_no_more_is_kept_than_is_looked_at() -> None:
    kept = needed(ENDPOINT_SLICE, slice_of(endpoint("a")))
    assert set(kept) == {"metadata", "endpoints"}
    assert "managedFields" not in kept["metadata"]
    assert set(kept["endpoints"][0]) == {"targetRef", "addresses", "conditions"}


def test_that_nobody_is_selected_is_told() -> None:
    found = told(was_ready(3, answer=NO_ENDPOINTS))
    assert words(found, "Ready") == ("False", "NotAnswering")
    assert "no ready endpoints, though pods are ready" in message(found, "Ready")
    assert f"the Service {NAME} select" in message(found, "Ready")
    assert words(found, "RolledOut") == ("True", "ReplicasAvailable")
    assert f"the Service {NAME} has no ready endpoints" in message(found, "RolledOut")


@pytest.mark.parametrize("before", [was_ready(3), serving(3)], ids=["ready", "not yet ready"])
def test_endpoints_that_lag_behind_change_nothing(before: Any) -> None:
    first = told(before)
    after = told(given.serving(3, previous=first, answer=NO_ENDPOINTS_YET))
    assert after.conditions == first.conditions


def test_ready_pods_without_endpoints_are_waited_for_each_time_they_change() -> None:
    now = 0.0
    probes = Probes(cast(Probe, None), monotonic=lambda: now)
    for pods in (frozenset({"a"}), frozenset({"a", "b"})):
        assert probes.without_endpoints(KEY, "10.0.0.1", pods) == NO_ENDPOINTS_YET
        now += ENDPOINTS_LAG
        assert probes.without_endpoints(KEY, "10.0.0.1", pods) == NO_ENDPOINTS


def another_selector(raw: Json) -> None:
    raw["spec"]["selector"] = {"app": "mine"}


def test_a_service_that_selects_nothing_is_not_asked_and_told(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        for _ in range(4):
            world.cluster.edit("services", NAME, another_selector, "their-controller")
            await world.reconcile()
            world.tick()
        await world.reconcile()
        world.tick()
        world.asked.clear()
        await world.settle()
        assert world.asked == []
        assert world.condition("Ready") == ("False", "NotAnswering")
        assert "no ready endpoints" in world.message("Ready")
        assert world.condition("RolledOut") == ("True", "Contested")
        assert "no ready endpoints" in world.message("RolledOut")
        del world.cluster.one("services", NAME)["metadata"]["annotations"][
            "dandelion.dev/corrected"
        ]
        world.cluster._changed(world.cluster.one("services", NAME))
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert world.asked

    played(scene)


def test_a_rollout_over_endpoints_that_come_late_never_looks_unready(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        world.accuracy = 0.95
        world.annotate("again")
        for _ in range(8):
            world.late_endpoints = not world.late_endpoints
            await world.reconcile()
            world.tick()
            assert world.condition("Ready") == ("True", "Serving")
        world.late_endpoints = False
        await world.settle()
        assert world.serving_version() == "2"
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_operator_that_may_read_no_slices_asks_the_service(world: World) -> None:
    async def scene() -> None:
        world.cluster.unreadable = {"endpointslices"}
        world.apply()
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert world.asked

    played(scene)
