"""Keys that are for a while: made, renewed, and kept in trouble."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.access.sts import Mode
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.seen.keys import NoSts
from fakes.cluster import KEY
from given.keys import NAMES, SHARED, access_keys, are_temporary, held
from small_world import World, played

AWAY = Failure(Reason.STORAGE_UNREACHABLE, "http://s3 cannot be asked for a key: away")
WITHOUT = NoSts("http://s3 answers HTTP 405 to AssumeRole")


def test_each_purpose_has_a_key_of_its_own_for_this_model_alone(world: World) -> None:
    async def scene() -> None:
        world.with_sts()
        world.apply()
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert are_temporary(world)
        assert len(set(access_keys(world).values())) == 3
        with_key = {credentials.access_key: policy for policy, credentials in world.tokens.asked}
        assert with_key.keys() == set(SHARED.values())
        for policy in with_key.values():
            assert "default/lawn/*" in json.dumps(json.loads(policy))
        stored = json.dumps(world.cluster.kind("secrets"))
        for purpose in SHARED.values():
            assert base64.b64encode(f"{purpose}-secret".encode()).decode() not in stored

    played(scene)


def test_what_is_signed_with_lies_beside_the_key_and_stays(world: World) -> None:
    async def scene() -> None:
        world.with_sts()
        world.apply()
        await world.settle()
        before = {purpose: held(world, purpose).get("SIGNING_KEY") for purpose in NAMES}
        assert before[naming.INFERENCE] is None
        assert before[naming.TRAINING] != before[naming.LOG]
        world.time += timedelta(hours=7)
        await world.settle()
        assert {purpose: held(world, purpose).get("SIGNING_KEY") for purpose in NAMES} == before

    played(scene)


@pytest.mark.parametrize(
    ("happens", "renewed"),
    [
        pytest.param(lambda world: None, set(), id="nothing"),
        pytest.param(lambda world: pass_time(world, hours=5), set(), id="less than half its life"),
        pytest.param(lambda world: pass_time(world, hours=6), set(NAMES), id="half of its life"),
        pytest.param(
            lambda world: world.apply(dataset={"storageUri": "s3://datasets/park"}),
            {naming.TRAINING},
            id="it learns from elsewhere",
        ),
        pytest.param(
            lambda world: rotate(world, "inference"), {naming.INFERENCE}, id="a key is rotated"
        ),
        pytest.param(
            lambda world: world.with_sts(sts_duration_seconds=3600), set(NAMES), id="another life"
        ),
        pytest.param(
            lambda world: world.cluster.objects.pop(("secrets", KEY.namespace, NAMES["log"])),
            {naming.LOG},
            id="somebody deletes one",
        ),
        pytest.param(lambda world: world.restart(), set(), id="the operator starts anew"),
    ],
)
def test_a_key_is_renewed_when_it_is_due_and_not_sooner(
    world: World, happens: Callable[[World], Any], renewed: set[str]
) -> None:
    async def scene() -> None:
        world.with_sts()
        world.apply()
        await world.settle()
        before = access_keys(world)
        happens(world)
        await world.settle()
        after = access_keys(world)
        assert {purpose for purpose in NAMES if after[purpose] != before[purpose]} == renewed
        assert are_temporary(world)

    played(scene)


def pass_time(world: World, hours: float) -> None:
    world.time += timedelta(hours=hours)


def rotate(world: World, purpose: str) -> None:
    folder = world.settings.inference_credentials_dir.parent / purpose
    (folder / "AWS_SECRET_ACCESS_KEY").write_text("rotated")


@pytest.mark.parametrize("says", [AWAY, WITHOUT], ids=["STS is away", "the endpoint has lost it"])
def test_keys_serve_to_their_end_and_none_that_is_shared_takes_their_place(
    world: World, says: NoSts | Failure
) -> None:
    async def scene() -> None:
        world.with_sts()
        world.apply()
        await world.settle()
        before = access_keys(world)
        world.tokens.says = says
        pass_time(world, hours=7)
        await world.settle()
        assert access_keys(world) == before
        assert world.condition("Accepted") == ("True", "Valid")
        assert "is not renewed" in world.message("Accepted")
        pass_time(world, hours=6)
        await world.settle()
        assert access_keys(world) == before
        status, reason = world.condition("Accepted")
        assert (status, reason) in {
            ("False", "StorageUnreachable"),
            ("False", "CredentialsRejected"),
        }
        assert world.condition("Ready") == ("True", "Serving")
        world.tokens.says = None
        await world.settle()
        assert world.condition("Accepted") == ("True", "Valid")
        assert access_keys(world) != before

    played(scene)


def test_where_there_is_no_sts_the_shared_key_is_copied_and_told(world: World) -> None:
    async def scene() -> None:
        world.with_sts()
        world.tokens.says = WITHOUT
        world.apply()
        await world.settle()
        assert access_keys(world) == SHARED
        assert world.condition("Ready") == ("True", "Serving")
        assert "reaches the data and models of every namespace" in world.message("Accepted")

    played(scene)


def test_where_sts_is_insisted_on_and_there_is_none_no_key_is_copied(world: World) -> None:
    async def scene() -> None:
        world.with_sts(Mode.ON)
        world.tokens.says = WITHOUT
        world.apply()
        await world.settle()
        assert world.cluster.kind("secrets") == []
        assert world.condition("Accepted") == ("False", "CredentialsRejected")
        assert "s3.sts.enabled" in world.message("Accepted")

    played(scene)


def test_while_sts_is_away_a_new_model_waits_and_gets_no_shared_key(world: World) -> None:
    async def scene() -> None:
        world.with_sts()
        world.tokens.says = AWAY
        world.apply()
        await world.settle()
        assert world.cluster.kind("secrets") == []
        assert world.condition("Accepted") == ("False", "StorageUnreachable")
        assert world.cluster.kind("jobs") == []
        world.tokens.says = None
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_keys_that_are_there_outlive_an_sts_that_is_away(world: World) -> None:
    """An upgrade meets it so: nothing that worked stops working."""

    async def scene() -> None:
        world.apply()
        await world.settle()
        world.with_sts()
        world.tokens.says = AWAY
        await world.settle()
        assert access_keys(world) == SHARED
        assert world.condition("Accepted") == ("True", "Valid")
        assert "there is no key of its own for training" in world.message("Accepted")

    played(scene)


def test_own_keys_are_nobody_elses_business(world: World) -> None:
    async def scene() -> None:
        world.with_sts()
        data = {"AWS_ACCESS_KEY_ID": "bWluZQ==", "AWS_SECRET_ACCESS_KEY": "bWluZQ=="}
        world.cluster.put("secrets", {"metadata": {"name": "mine"}, "data": data})
        world.apply(
            storage={"secretRef": {"name": "mine"}}, serving={"logging": {"predictions": False}}
        )
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert world.tokens.asked == []

    played(scene)


def test_somebody_elses_key_in_its_place_is_put_right(world: World) -> None:
    async def scene() -> None:
        world.with_sts()
        world.apply()
        await world.settle()
        secret = world.cluster.one("secrets", NAMES[naming.TRAINING])
        secret["data"]["AWS_ACCESS_KEY_ID"] = "bWluZQ=="
        world.cluster._changed(secret)
        await world.settle()
        assert held(world, naming.TRAINING)["AWS_ACCESS_KEY_ID"].startswith("key-")

    played(scene)
