"""Fewer new images than are asked for are counted, and wait for more: two listings at least."""

from __future__ import annotations

from tests.e2e.dataset.test_new_images import ENOUGH, NAME, Uploads, uploads
from tests.e2e.world import World

__all__ = ["uploads"]


def test_fewer_are_counted_and_start_nothing_until_more_come(
    world: World, uploads: Uploads
) -> None:
    world.until("nothing is new yet", lambda: uploads.new == 0, 150)
    uploads.add(ENOUGH - 10)
    world.until("they are counted", lambda: uploads.new == ENOUGH - 10, 150)
    assert world.status(NAME)["training"]["state"] == "Succeeded"
    assert len(world.versions(NAME)) == 1
    uploads.add(10)
    world.until("a second version", lambda: len(world.versions(NAME)) == 2, 300)
    world.until("none is new", lambda: uploads.new == 0, 150)
    assert world.status(NAME)["training"]["trigger"] == "NewImages"
    assert uploads.in_the_dataset == uploads.count
