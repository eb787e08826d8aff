"""Replicas belong to an autoscaler while there is one, and to the spec otherwise."""

from __future__ import annotations

from typing import Any

from fakes.cluster import KEY
from given.worlds import two_replicas
from small_world import World, played

NAME = "lawn-inference"


def pod(raw: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = raw["spec"]["template"]["spec"]
    return spec


def autoscaler(target: str = NAME) -> dict[str, Any]:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}
    return {"metadata": {"name": "mine"}, "spec": {"scaleTargetRef": reference}}


def scaled_to(world: World, replicas: int, manager: str) -> None:
    world.cluster.edit(
        "deployments", NAME, lambda raw: raw["spec"].update(replicas=replicas), manager, "scale"
    )


def test_replicas_belong_to_an_autoscaler_while_there_is_one(world: World) -> None:
    async def scene() -> None:
        await two_replicas(world)
        world.cluster.put("horizontalpodautoscalers", autoscaler())
        scaled_to(world, 5, "kube-controller-manager")
        await world.settle()
        assert world.cluster.one("deployments", NAME)["spec"]["replicas"] == 5
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")
        assert "set by kube-controller-manager" in world.message("RolledOut")
        world.accuracy = 0.95
        world.annotate("again")
        await world.settle()
        assert world.serving_version() == "2"
        assert world.cluster.one("deployments", NAME)["spec"]["replicas"] == 5
        del world.cluster.objects["horizontalpodautoscalers", KEY.namespace, "mine"]
        await world.settle()
        assert world.cluster.one("deployments", NAME)["spec"]["replicas"] == 2

    played(scene)


def test_another_autoscaler_than_kubernetes_own_is_let_be_as_well(world: World) -> None:
    async def scene() -> None:
        await two_replicas(world)
        scaled_to(world, 4, "their-autoscaler")
        await world.settle()
        assert world.cluster.one("deployments", NAME)["spec"]["replicas"] == 4

    played(scene)


def test_a_person_who_scales_the_deployment_is_told_after_the_second_time(world: World) -> None:
    async def scene() -> None:
        await two_replicas(world)
        world.cluster.put("horizontalpodautoscalers", autoscaler("another"))
        generation = pod(world.cluster.one("deployments", NAME))
        scaled_to(world, 3, "kubectl")
        await world.settle()
        assert world.cluster.one("deployments", NAME)["spec"]["replicas"] == 2
        assert pod(world.cluster.one("deployments", NAME)) == generation, "no pod is restarted"
        scaled_to(world, 3, "kubectl")
        await world.settle()
        assert world.cluster.one("deployments", NAME)["spec"]["replicas"] == 3
        assert world.condition("RolledOut") == ("True", "Contested")
        assert "kubectl also writes spec.replicas" in world.message("RolledOut")
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)
