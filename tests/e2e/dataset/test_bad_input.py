"""Bad data, bad addresses, bad keys: each shows its cause and the way out, where a user looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.world import COLOURS, TINY, World, colours, picture


def _class(label: str, count: int, colour: str = "red") -> dict[str, bytes]:
    return {f"{label}/{n}.png": picture(COLOURS[colour], n) for n in range(count)}


def _texts() -> dict[str, bytes]:
    return {f"{label}/{n}.txt": b"not a picture %d" % n for label in "ab" for n in range(8)}


def _spec(uri: str, **spec: Any) -> dict[str, Any]:
    return {"dataset": {"storageUri": uri}, "training": TINY, **spec}


def _empty(world: World) -> dict[str, Any]:
    return _spec(f"s3://datasets/{world.namespace}/nothing-here")


def _one_class(world: World) -> dict[str, Any]:
    return _spec(world.upload("one-class", _class("only", 12)))


def _two_images(world: World) -> dict[str, Any]:
    return _spec(world.upload("two-images", {**_class("many", 12), **_class("few", 2, "blue")}))


def _non_images(world: World) -> dict[str, Any]:
    return _spec(world.upload("texts", _texts()))


def _secret(world: World, name: str, key: str, secret: str) -> None:
    world.kubectl(
        *("create", "secret", "generic", name),
        *(
            f"--from-literal=AWS_ACCESS_KEY_ID={key}",
            f"--from-literal=AWS_SECRET_ACCESS_KEY={secret}",
        ),
    )


def _no_bucket(world: World) -> dict[str, Any]:
    """With a key of one's own, as no rule of the installation names such a bucket."""
    key = world.cluster.secret(world.system, f"{world.release}-s3-training")
    _secret(world, "good", key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"])
    return _spec("s3://no-such-bucket/photos", storage={"secretRef": {"name": "good"}})


def _not_allowed(world: World) -> dict[str, Any]:
    return _spec("s3://datasets/of-somebody-else/photos")


def _wrong_key(world: World) -> dict[str, Any]:
    _secret(world, "wrong", "nobody", "not-the-password")
    return _spec(f"s3://datasets/{world.namespace}/x", storage={"secretRef": {"name": "wrong"}})


def _no_secret(world: World) -> dict[str, Any]:
    return _spec(f"s3://datasets/{world.namespace}/x", storage={"secretRef": {"name": "absent"}})


def _unreachable(world: World) -> dict[str, Any]:
    _secret(world, "somewhere", "key", "secret-of-eight")
    # A port of loopback that nobody listens on: refused at once, and nobody's machine.
    storage = {"endpoint": "http://127.0.0.1:9", "secretRef": {"name": "somewhere"}}
    return _spec("s3://datasets/x", storage=storage)


def _no_weights(world: World) -> dict[str, Any]:
    uri = world.upload("colours", colours())
    training = TINY | {"initialWeights": f"s3://models/{world.namespace}/none/model.safetensors"}
    return {"dataset": {"storageUri": uri}, "training": training}


def _half_a_split(world: World) -> dict[str, Any]:
    files = {
        **{f"train/{name}": content for name, content in _class("ants", 8).items()},
        **_class("bees", 8, "blue"),
    }
    return _spec(world.upload("half-a-split", files))


def _two_spellings(world: World) -> dict[str, Any]:
    files = {**_class("grass", 8), **_class("Grass", 8, "green")}
    return _spec(world.upload("two-spellings", files))


@dataclass(frozen=True)
class Case:
    """One mistake: how it is made, and what the user reads."""

    name: str
    spec: Callable[[World], dict[str, Any]]
    condition: str
    reason: str
    says: tuple[str, ...]


CASES = [
    Case(
        "empty",
        _empty,
        "Accepted",
        "DatasetEmpty",
        ("nothing-here", "one folder of images per class"),
    ),
    Case("one-class", _one_class, "Trained", "TrainingFailed", ("TooFewClasses", "only")),
    Case("two-images", _two_images, "Trained", "TrainingFailed", ("TooFewImages", "few", "2")),
    Case("non-images", _non_images, "Trained", "TrainingFailed", ("NoReadableImages",)),
    Case(
        "half-a-split",
        _half_a_split,
        "Trained",
        "TrainingFailed",
        ("LayoutInvalid", "train", "bees"),
    ),
    Case(
        "two-spellings",
        _two_spellings,
        "Trained",
        "TrainingFailed",
        ("ClassNamesInvalid", "grass", "Grass"),
    ),
    Case("no-bucket", _no_bucket, "Accepted", "BucketNotFound", ("no-such-bucket",)),
    Case("not-allowed", _not_allowed, "Accepted", "DatasetNotAllowed", ("tenancy.datasets",)),
    Case("wrong-key", _wrong_key, "Accepted", "CredentialsRejected", ("wrong",)),
    Case("no-secret", _no_secret, "Accepted", "SecretMissing", ("absent",)),
    Case("unreachable", _unreachable, "Accepted", "StorageUnreachable", ("127.0.0.1:9",)),
    Case("no-weights", _no_weights, "Trained", "TrainingFailed", ("WeightsUnavailable",)),
]


@pytest.fixture(scope="module")
def mistakes(world: World) -> World:
    """All of the mistakes, applied side by side, and one that is none yet."""
    for case in CASES:
        world.apply(case.name, case.spec(world))
    world.train("was-good", world.upload("colours", colours()))
    return world


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_condition_names_the_cause(mistakes: World, case: Case) -> None:
    mistakes.until_condition(case.name, case.condition, "False", case.reason)

    def told() -> bool:
        """What its pod said last may be seen after the Job's end."""
        message = mistakes.condition(case.name, case.condition)["message"]
        return all(words in message for words in case.says)

    mistakes.until(f"{case.name} says {', '.join(case.says)}", told)
    ready = mistakes.condition(case.name, "Ready")
    assert ready["status"] == "False"
    assert ready["reason"] == case.reason
    assert mistakes.versions(case.name) == []


def test_nothing_spins(mistakes: World) -> None:
    for case in CASES:
        mistakes.until_condition(case.name, case.condition, "False", case.reason)

    def jobs() -> dict[str, list[str]]:
        return {
            case.name: [job["metadata"]["uid"] for job in mistakes.owned("jobs", case.name)]
            for case in CASES
        }

    def versions() -> dict[str, str]:
        return {
            item["metadata"]["name"]: item["metadata"]["resourceVersion"]
            for item in mistakes.get("mdep")
            if item["metadata"]["name"] != "was-good"
        }

    def at_rest() -> bool:
        before = versions()
        time.sleep(15)
        return versions() == before

    made = jobs()
    mistakes.until("nothing is written for a while", at_rest)
    assert jobs() == made
    assert all(len(found) <= 1 for found in made.values())


@pytest.fixture(scope="module")
def mended(mistakes: World) -> World:
    """Three of them, side by side as well."""
    mistakes.until_condition("empty", "Accepted", "False", "DatasetEmpty")
    mistakes.until_condition("two-images", "Trained", "False", "TrainingFailed")
    mistakes.until_condition("no-secret", "Accepted", "False", "SecretMissing")
    mistakes.upload("nothing-here", colours())
    more = {f"few/{n}.png": picture(COLOURS["blue"], n) for n in range(12)}
    mistakes.upload("two-images", more)
    uri = mistakes.upload("x", colours())
    assert uri.endswith("/x")
    root = mistakes.cluster.secret("dandelion-system", "dandelion-minio-root")
    _secret(mistakes, "absent", root["rootUser"], root["rootPassword"])
    return mistakes


def test_mended_data_is_trained_on_without_another_word(mended: World) -> None:
    mended.until_served("empty", "1")
    mended.until_served("two-images", "1")
    assert len(mended.versions("two-images")) == 1


def test_a_mended_secret_is_used_without_another_word(mended: World) -> None:
    mended.until_served("no-secret", "1")


def test_a_wrong_place_in_a_changed_spec_leaves_the_old_version_serving(mistakes: World) -> None:
    mistakes.until_served("was-good", "1")
    mistakes.train("was-good", "s3://no-such-bucket/photos")
    mistakes.until_condition("was-good", "Accepted", "False", "DatasetNotAllowed")
    assert mistakes.predict("was-good", picture(COLOURS["red"], 3)).status_code == 200
    assert mistakes.condition("was-good", "Ready")["status"] == "True"
