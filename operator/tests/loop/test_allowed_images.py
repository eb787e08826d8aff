"""A rule about images holds from the moment it is there, and takes nothing away that serves."""

from __future__ import annotations

import given
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.loop.decide.gate.promote import promote
from dandelion_operator.loop.decide.plan.jobs import StartEvaluation
from given import compared, contract, registry, serving, version
from small_world import World, played

IMAGE = {"image": "elsewhere.example.com/training:1"}


def test_what_serves_goes_on_and_nothing_is_started_with_the_image(world: World) -> None:
    async def scene() -> None:
        world.apply(training=IMAGE)
        await world.settle()
        jobs = len(world.cluster.kind("jobs"))
        assert jobs
        world.settings = world.settings.model_copy(
            update={"training_allowed_images": "registry.example.com/"}
        )
        world.restart()
        world.annotate("again")
        await world.settle()
        assert world.condition("Accepted") == ("False", "ImageNotAllowed")
        assert world.condition("Ready") == ("True", "Serving")
        assert len(world.cluster.kind("jobs")) == jobs
        world.apply(training={"image": "registry.example.com/training:1"})
        await world.settle()
        assert world.condition("Accepted") == ("True", "Valid")
        assert len(world.cluster.kind("jobs")) > jobs

    played(scene)


def test_no_comparison_is_made_with_an_image_that_may_not_be_used() -> None:
    awaited = serving(
        3,
        registry=registry(version(3), version(4, verdict=""), champion=3),
        artifacts={3: contract(), 4: contract()},
        comparisons={compared(): None},
    )
    started = promote(given.resource(), awaited).actions
    assert [type(action) for action in started] == [StartEvaluation]
    denied = Failure(Reason.IMAGE_NOT_ALLOWED, "the words")
    held = promote(given.resource(), awaited, denied)
    assert held.actions == ()
    assert held.waiting == denied
