"""A receipt for every decision: in the history, and in MLflow on the version it was about."""

from __future__ import annotations

from typing import Any

from fakes.cluster import KEY
from small_world import World, played

Receipt = tuple[str, str, str | None, tuple[float, ...]]


def receipts(world: World) -> list[Receipt]:
    """Decision, version, who decided and the figures, oldest first, of what is about a version."""
    return [
        (item["decision"], item["version"], item.get("by"), figures(item.get("figures", {})))
        for item in reversed(world.status["history"])
        if item["decision"] != "TrainingSucceeded" and "version" in item
    ]


def figures(found: dict[str, Any]) -> tuple[float, ...]:
    """The challenger's and the champion's accuracy, whose difference lies in the interval."""
    if not found:
        return ()
    assert found["metric"] == "accuracy"
    if "champion" not in found:
        assert found["interval"] == []
        return (found["challenger"],)
    low, high = found["interval"]
    assert low < found["challenger"] - found["champion"] < high
    return (found["challenger"], found["champion"])


def tag(world: World, number: int, name: str) -> str | None:
    found: str | None = world.mlflow.versions[number]["tags"].get(f"dandelion.dev/{name}")
    return found


def test_gate_and_person_leave_receipts_with_figures(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        assert receipts(world) == [("Promoted", "1", "Gate", (0.9,))]
        world.accuracy = 0.95
        world.annotate("better")
        await world.settle()
        world.accuracy = 0.8
        world.annotate("worse")
        await world.settle()
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert receipts(world)[1:] == [
            ("Promoted", "2", "Gate", (0.95, 0.9)),
            ("Rejected", "3", "Gate", (0.8, 0.95)),
            ("FollowedAlias", "1", "Person", ()),
        ]
        assert [tag(world, number, "promoted-by") for number in (1, 2, 3)] == ["Gate", "Gate", None]
        assert [tag(world, number, "comparison-digest") for number in (1, 2, 3)] == [
            "",
            "sha256:of 950 and 900",
            "sha256:of 800 and 950",
        ]

    played(scene)


def test_a_version_that_a_person_promotes_says_so(world: World) -> None:
    async def scene() -> None:
        world.apply(promotion={"mode": "Manual"})
        await world.settle()
        assert receipts(world)[-1][:3] == ("AwaitingApproval", "1", "Gate")
        assert tag(world, 1, "promoted-by") is None
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        assert receipts(world)[-1][:3] == ("FollowedAlias", "1", "Person")
        assert tag(world, 1, "promoted-by") == "Person"

    played(scene)


def test_receipts_of_an_earlier_release_stay_as_they_are(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        stored = world.cluster.one("modeldeployments", KEY.name)["status"]
        for item in stored["history"]:
            item.pop("by", None)
            item.pop("figures", None)
        before = [dict(item) for item in stored["history"]]
        world.restart()
        world.annotate("again")
        await world.settle()
        assert world.status["history"][-len(before) :] == before

    played(scene)
