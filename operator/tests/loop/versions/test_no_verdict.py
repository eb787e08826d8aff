"""A transient or unrelated failure is never a verdict: it is waited for, and told meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.seen.versions import ContractSeen
from fakes.cluster import KEY
from small_world import World, played

SLOW_DOWN = Failure(Reason.STORAGE_UNREACHABLE, "http://s3 answers SlowDown: Please slow down")
GONE = Failure(Reason.ARTIFACT_REJECTED, "s3://models/…/contract.json does not exist")
NO_BUCKET = Failure(Reason.BUCKET_NOT_FOUND, "there is no bucket models")
SECRET = {"AWS_ACCESS_KEY_ID": "eA==", "AWS_SECRET_ACCESS_KEY": "eA=="}


@dataclass
class Trouble:
    begins: Callable[[World], None]
    ends: Callable[[World], None]


def of_contract(number: int, failure: Failure) -> Trouble:
    kept: dict[str, ContractSeen | Failure] = {}

    def begins(world: World) -> None:
        source = world.mlflow.versions[number]["source"]
        kept[source] = world.storage.contracts[source]
        world.storage.contracts[source] = failure

    return Trouble(begins, lambda world: world.storage.contracts.update(kept))


def of_champion(failure: Failure) -> Trouble:
    """While nothing has compared the two yet."""
    contract = of_contract(1, failure)

    def begins(world: World) -> None:
        world.storage.comparisons.clear()
        contract.begins(world)

    return Trouble(begins, contract.ends)


def of_secret() -> Trouble:
    where = ("secrets", KEY.namespace, "keys")
    return Trouble(
        lambda world: world.cluster.objects.__delitem__(where),
        lambda world: (
            world.cluster.put("secrets", {"metadata": {"name": "keys"}, "data": SECRET}) and None
        ),
    )


def of_comparison() -> Trouble:
    kept = {}

    def begins(world: World) -> None:
        kept.update(world.storage.comparisons)
        world.storage.comparisons.update(dict.fromkeys(kept, SLOW_DOWN))

    return Trouble(begins, lambda world: world.storage.comparisons.update(kept))


def troubles() -> Iterator[object]:
    for words, make in {
        "the challenger's contract, once": lambda: of_contract(2, SLOW_DOWN),
        "the champion's contract, once": lambda: of_champion(SLOW_DOWN),
        "the challenger's files, gone and put back": lambda: of_contract(2, GONE),
        "the champion's files, gone and put back": lambda: of_champion(GONE),
        "the bucket, gone and restored": lambda: of_contract(2, NO_BUCKET),
        "the Secret, missing for one look": of_secret,
        "the comparison, once": of_comparison,
    }.items():
        for accuracy, champion in ((0.95, "2"), (0.85, "1")):
            judged = "passes" if champion == "2" else "is turned down"
            yield pytest.param(make, accuracy, champion, id=f"{words}; then it {judged}")


@pytest.mark.parametrize(("make", "accuracy", "champion"), [*troubles()])
def test_a_version_is_judged_once_the_trouble_is_over_as_if_there_had_been_none(
    make: Callable[[], Trouble], accuracy: float, champion: str, world: World
) -> None:
    async def scene() -> None:
        own = {"storage": {"secretRef": {"name": "keys"}}}
        world.cluster.put("secrets", {"metadata": {"name": "keys"}, "data": SECRET})
        world.apply(**own)
        await world.settle()
        world.accuracy = accuracy
        world.apply(training={"epochs": 20}, **own)
        while 2 not in world.mlflow.versions:
            await world.reconcile()
            world.tick()
        trouble = make()
        trouble.begins(world)
        for _ in range(5):
            await world.reconcile()
            world.tick()
            assert world.mlflow.verdict(2) == ""
            assert world.mlflow.aliases == {"champion": "1"}
            assert world.serving_version() == "1"
        trouble.ends(world)
        await world.settle()
        assert world.mlflow.aliases == {"champion": champion}
        assert world.serving_version() == champion
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_files_that_are_gone_are_told_with_the_version_and_what_serves(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.accuracy = 0.95
        world.annotate("again")
        while 2 not in world.mlflow.versions:
            await world.reconcile()
            world.tick()
        of_contract(2, GONE).begins(world)
        await world.settle()
        assert world.condition("Promoted") == ("False", "ArtifactRejected")
        assert world.message("Promoted") == (
            "version 2 cannot be served: s3://models/…/contract.json does not exist; "
            "version 1 stays the champion"
        )
        assert world.decisions().count(("ArtifactRejected", "2")) == 1
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)
