"""Who promotes: the gate by itself, a person, or nobody; and what `suspend` holds back."""

from __future__ import annotations

import time

import pytest

from tests.e2e.world import World, colours


@pytest.fixture(scope="module")
def uri(world: World) -> str:
    """Images that any of these models can learn."""
    return world.upload("colours", colours())


@pytest.fixture(scope="module")
def applied(world: World, uri: str) -> World:
    """Four ModelDeployments that train side by side."""
    # The labels say nothing about the pictures: nobody reaches an accuracy of 1 on them.
    pictures = list(colours().values())
    noise = world.upload(
        "noise", {f"{'ab'[n % 2]}/{n:03}.png": content for n, content in enumerate(pictures)}
    )
    world.train("below", noise, promotion={"minimum": 1.0})
    world.train("manual", uri, promotion={"mode": "Manual"})
    world.train("observe", uri, promotion={"mode": "Observe"})
    world.train("suspended", uri, suspend=True)
    return world


def test_a_model_below_the_minimum_is_registered_and_not_served(applied: World) -> None:
    world = applied
    condition = world.until_condition("below", "Promoted", "False", "GateFailed")
    assert "accuracy" in condition["message"]
    assert "is below promotion.minimum 1" in condition["message"]
    assert len(world.versions("below")) == 1
    assert world.aliases("below") == {}
    assert world.owned("deployments", "below") == []
    assert world.condition("below", "Ready")["reason"] == "GateFailed"
    # Not tried again: nothing has changed that could make it better.
    time.sleep(10)
    assert len(world.owned("jobs", "below")) == 1


def test_manual_waits_for_a_persons_alias(applied: World) -> None:
    world = applied
    condition = world.until_condition("manual", "Promoted", "Unknown", "AwaitingApproval")
    assert "champion" in condition["message"], "says which alias to set"
    assert world.aliases("manual") == {"challenger": "1"}
    assert world.status("manual")["challenger"]["version"] == "1"
    assert world.condition("manual", "Ready")["status"] == "False"
    world.move_alias("manual", "1")
    world.until_served("manual", "1")


def test_observe_says_what_it_would_have_done(applied: World) -> None:
    world = applied
    condition = world.until_condition("observe", "Promoted", "Unknown", "ObserveOnly")
    assert "would" in condition["message"]
    assert world.aliases("observe") == {}
    assert world.owned("deployments", "observe") == []


def test_suspended_trains_nothing_until_released(applied: World) -> None:
    world = applied
    world.until_condition("suspended", "Trained", "Unknown", "Suspended")
    time.sleep(5)
    running = [j for j in world.owned("jobs", "suspended") if not j["spec"].get("suspend")]
    assert running == []
    world.kubectl("patch", "mdep/suspended", "--type=merge", "-p", '{"spec":{"suspend":false}}')
    world.until_served("suspended", "1")


def test_newest_spec_wins(world: World, uri: str) -> None:
    world.train("newest", uri, training={"epochs": 500})
    world.until("the long training runs", lambda: world.owned("jobs", "newest"))
    (first,) = world.owned("jobs", "newest")
    world.train("newest", uri, training={"epochs": 1})
    world.until_served("newest", "1")
    names = [job["metadata"]["name"] for job in world.owned("jobs", "newest")]
    assert first["metadata"]["name"] not in names
    assert len(world.versions("newest")) == 1


def test_an_evicted_training_goes_on_from_its_checkpoint(world: World, uri: str) -> None:
    world.train("evicted", uri, training={"epochs": 80})

    def half_way() -> bool:
        training = world.status("evicted").get("training", {})
        return 10 <= int(training.get("progressPercent", 0)) < 75

    # So long that it is seen by who hears of it late, and is not over before its pod is.
    world.until("training is under way", half_way, every=0.2)
    (pod,) = world.owned("pods", "evicted")
    world.kubectl("delete", "pod", pod["metadata"]["name"], "--grace-period=5")
    world.until_served("evicted", "1")
    (job,) = world.owned("jobs", "evicted")
    log = world.kubectl("logs", f"job/{job['metadata']['name']}")
    assert "resum" in log.lower(), log
    assert len(world.versions("evicted")) == 1
