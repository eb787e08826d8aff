"""Whatever is done to the operator's requests, a resource's life ends as if nothing had been.

The operator that the chart installed runs behind a proxy. `faults` has what can be done to a
request; a fault is a line of the table. The kinds that take long are in tests/long.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.faults.faults import NO_LEASE, Faults, fail
from tests.e2e.faults.wire import behind_the_proxy
from tests.e2e.lives import End, end, gone, live
from tests.e2e.world import World, colours

#: After the faults have ended, and not counting what trains.
SETTLED_SECONDS = 60


@pytest.fixture(scope="module")
def faults(world: World) -> Iterator[Faults]:
    """The installed operator, behind the proxy."""
    with behind_the_proxy(world.cluster) as found:
        yield found


@pytest.fixture(scope="module")
def uri(world: World) -> str:
    """Images for every life."""
    return world.upload("colours", colours())


@pytest.fixture(scope="module")
def undisturbed(world: World, faults: Faults, uri: str) -> End:
    """How a life ends that nothing disturbs."""
    live(world, "quiet", uri)
    return end(world, "quiet")


def test_killed_at_every_write(world: World, faults: Faults, uri: str, undisturbed: End) -> None:
    """Each write was done, and whoever asked for it never heard."""
    name = "killed-after"
    with faults.killing("after", f"/namespaces/{world.namespace}/|/mlflow/") as at:
        live(world, name, uri)
        world.until(
            f"the end is {undisturbed}",
            lambda: end(world, name) == undisturbed,
            seconds=SETTLED_SECONDS,
        )
        world.kubectl("delete", "mdep", name)
        world.until("nothing is left", lambda: gone(world, name), seconds=SETTLED_SECONDS)
    for moment in ("/jobs Job", "champion 1", "champion 2", "/deployments/", "Serving"):
        assert any(moment in write for write in at), (moment, at)


def test_each_write_refused_once_ends_the_same(
    world: World, faults: Faults, uri: str, undisturbed: End
) -> None:
    name = "refused-once"
    with faults.rules(fail(".*", NO_LEASE, 500, write=True, once_each=True)):
        live(world, name, uri)
    world.until(
        f"the end is {undisturbed}",
        lambda: end(world, name) == undisturbed,
        seconds=SETTLED_SECONDS,
    )
