"""Whatever is done to the operator's requests, a resource's life ends as if nothing had been.

The operator that the chart installed runs behind a proxy. Here each of its writes is refused once;
tests/long has every fault, and a kill at every write, and compares with a life that nothing
disturbed.
"""

from __future__ import annotations

from tests.e2e.faults.faults import NO_LEASE, fail
from tests.e2e.faults.wire import behind_the_proxy
from tests.e2e.lives import end, live
from tests.e2e.world import World, colours

NAME = "refused-once"
HEALTHY = ("Accepted", "Trained", "Promoted", "RolledOut", "Ready")


def test_each_write_refused_once_ends_as_an_undisturbed_life(world: World) -> None:
    with behind_the_proxy(world.cluster) as faults:
        with faults.rules(fail(".*", NO_LEASE, 500, write=True, once_each=True)):
            live(world, NAME, world.upload("colours", colours()))

        def settled() -> bool:
            conditions = end(world, NAME).conditions
            return all(conditions[kind][0] == "True" for kind in HEALTHY)

        world.until("everything is well", settled)
        found = end(world, NAME)
    assert found.jobs == 2
    assert found.versions == ("1", "2")
    assert found.aliases["champion"] == "1"
    assert found.answered == 200
    about_versions = [each for each in found.decisions if each[1] != "None"]
    assert len(about_versions) == len(set(about_versions)), about_versions
    assert {("Promoted", "1"), ("Promoted", "2"), ("FollowedAlias", "1")} <= set(about_versions)
