"""Who has the last word on a version, by spec.promotion, and what is told meanwhile."""

from __future__ import annotations

from small_world import World, played


def test_manual_waits_and_says_what_to_do(world: World) -> None:
    async def scene() -> None:
        world.apply(promotion={"mode": "Manual"})
        await world.settle()
        assert world.condition("Promoted") == ("Unknown", "AwaitingApproval")
        assert "set the alias champion to version 1" in world.message("Promoted")
        assert world.status["challenger"]["version"] == "1"
        assert world.cluster.kind("deployments") == []
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert "challenger" not in world.status
        assert world.decisions()[-1] == ("FollowedAlias", "1")

    played(scene)


def test_observe_reports_what_it_would_have_done(world: World) -> None:
    async def scene() -> None:
        world.apply(promotion={"mode": "Observe"})
        await world.settle()
        assert world.condition("Promoted") == ("Unknown", "ObserveOnly")
        assert "would have been promoted" in world.message("Promoted")
        assert world.mlflow.aliases == {}

    played(scene)


def test_a_lower_minimum_lets_a_rejected_version_through(world: World) -> None:
    async def scene() -> None:
        world.accuracy = 0.7
        world.apply()
        await world.settle()
        assert world.condition("Promoted") == ("False", "GateFailed")
        assert "is below promotion.minimum 0.8: rejected" in world.message("Promoted")
        assert world.status["challenger"]["metrics"] == {"accuracy": 0.7}
        world.apply(promotion={"minimum": 0.6})
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert len(world.cluster.kind("jobs")) == 1

    played(scene)
