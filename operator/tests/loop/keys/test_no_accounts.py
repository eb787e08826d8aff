"""What is told where there can be no account, or nobody who lends the operator a key."""

from __future__ import annotations

import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Failure, Reason
from given.accounts import by_accounts, generation
from given.keys import SHARED, held
from small_world import World, played


def test_an_operator_that_may_not_look_at_accounts_tells(world: World) -> None:
    async def scene() -> None:
        by_accounts(world)
        world.cluster.unreadable = {"serviceaccounts"}
        world.apply()
        await world.settle()
        assert world.condition("Accepted") == ("False", "IdentityMissing")
        assert "cannot list serviceaccounts" in world.message("Accepted")
        world.cluster.unreadable = set()
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_account_that_is_refused_is_told(world: World) -> None:
    async def scene() -> None:
        by_accounts(world)
        world.cluster.refuse = {"serviceaccounts": "no more accounts"}
        world.apply()
        await world.settle()
        told = {kind: world.message(kind) for kind in ("Trained", "RolledOut")}
        assert any("no more accounts" in words for words in told.values()), told

    played(scene)


def test_an_account_of_somebody_else_by_that_name_is_left_alone_and_told(world: World) -> None:
    async def scene() -> None:
        world.cluster.put("serviceaccounts", {"metadata": {"name": "lawn-inference"}})
        by_accounts(world)
        world.apply()
        await world.settle()
        assert world.condition("Accepted")[0] == "False"
        assert "lawn-inference" in world.message("Accepted")
        found = world.cluster.one("serviceaccounts", "lawn-inference")
        assert "annotations" not in found["metadata"]

    played(scene)


@pytest.mark.parametrize("reason", [Reason.IDENTITY_MISSING, Reason.CREDENTIALS_REJECTED])
def test_without_an_identity_of_its_own_the_operator_says_so_and_what_serves_stays(
    world: World, reason: Reason
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        before = generation(world)
        world.identity.says = Failure(reason, "neither variable is set")
        by_accounts(world)
        await world.settle()
        assert world.condition("Accepted") == ("False", reason.value)
        assert "neither variable" in world.message("Accepted")
        assert generation(world) == before
        # Of pods that would not come back without them.
        for purpose in (naming.INFERENCE, naming.LOG):
            assert held(world, purpose)["AWS_ACCESS_KEY_ID"] == SHARED[purpose]
        world.identity.says = None
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_without_what_is_signed_with_nothing_is_begun(world: World) -> None:
    async def scene() -> None:
        by_accounts(world, {"training": "one"})
        world.apply()
        await world.settle()
        assert world.condition("Accepted") == ("False", "SecretMissing")
        assert "signing/logs" in world.message("Accepted")
        assert not world.cluster.kind("jobs")

    played(scene)
