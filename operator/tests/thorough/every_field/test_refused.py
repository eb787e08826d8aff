"""A spec that is refused changes nothing that serves, and leaves nothing once it is put right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_world import World
from small_world.end_state import pod_template
from small_world.fresh import differences, prepared, reached
from spec_fields import DATASET, FIELDS, merged, nested, plain

# No field takes it. A schema that is older or newer than the operator lets through what is not its.
OF_ANOTHER_TYPE: Any = [["of another type"]]


@pytest.mark.parametrize("path", FIELDS)
def test_a_value_that_gets_past_the_schema_changes_nothing(path: str, tmp_path: Path) -> None:
    field = FIELDS[path]
    bad = field.spec(OF_ANOTHER_TYPE)
    asyncio.run(_there_and_back(prepared(tmp_path), plain(field), bad, ("InvalidSpec", "Accepted")))


def nothing(world: World) -> None:
    pass


def a_dataset_is_gone(world: World) -> None:
    world.storage.unreadable.add("s3://datasets/gone")


def no_log_is_set_up(world: World) -> None:
    world.settings = world.settings.model_copy(update={"log_uri": ""})
    world.restart()


def no_reviewer_is_set_up(world: World) -> None:
    world.settings = world.settings.model_copy(update={"token_reviewer_url": ""})
    world.restart()


def deployments_are_refused(world: World) -> None:
    world.cluster.refuse["deployments"] = "admission webhook denied the request"


def training_fails(world: World) -> None:
    world.train_fails = ("WeightsUnavailable", "there is nothing at s3://models/gone.safetensors")


def allowed_again(world: World) -> None:
    world.cluster.refuse.clear()
    world.train_fails = None


@pytest.mark.parametrize(
    ("before", "path", "bad", "told"),
    [
        pytest.param(
            nothing,
            "dataset.storageUri",
            "s3://datasets/lawn\N{NO-BREAK SPACE}",
            ("InvalidSpec", "Accepted"),
            id="white space that only the operator takes for such",
        ),
        pytest.param(
            a_dataset_is_gone,
            "dataset.storageUri",
            "s3://datasets/gone",
            ("DatasetEmpty", "Accepted"),
            id="a dataset of no objects",
        ),
        pytest.param(
            nothing,
            "storage.secretRef.name",
            "missing",
            ("SecretMissing", "Accepted"),
            id="a Secret that there is not",
        ),
        pytest.param(
            nothing,
            "storage.servingSecretRef.name",
            "missing",
            ("SecretMissing", "Accepted"),
            id="a Secret for serving that there is not",
        ),
        pytest.param(
            no_log_is_set_up,
            "serving.logging.images",
            True,
            ("LogUnavailable", "Accepted"),
            id="images without a place for them",
        ),
        pytest.param(
            no_reviewer_is_set_up,
            "serving.auth",
            "ClusterTokens",
            ("AuthUnavailable", "RolledOut"),
            id="tokens that nobody may check",
        ),
        pytest.param(
            deployments_are_refused,
            "serving.podTemplate.spec.priorityClassName",
            "none-such",
            ("ChildRefused", "RolledOut"),
            id="a Deployment that is refused",
        ),
        pytest.param(
            training_fails,
            "training.initialWeights",
            "s3://models/gone.safetensors",
            ("TrainingFailed", "Trained"),
            id="weights that there are not",
        ),
    ],
)
def test_what_the_schema_cannot_know_changes_nothing(
    before: Callable[[World], None],
    path: str,
    bad: Any,
    told: tuple[str, str],
    tmp_path: Path,
) -> None:
    """As what is there now says no, and not the shape of what is written."""
    world = prepared(tmp_path)
    good = plain(FIELDS[path])
    wrong = merged(good, nested(path, bad))
    asyncio.run(_there_and_back(world, good, wrong, told, before))


@pytest.mark.parametrize("before", [nothing, no_log_is_set_up])
def test_a_place_for_the_log_without_a_key_of_its_own_changes_nothing(
    before: Callable[[World], None], tmp_path: Path
) -> None:
    wrong = merged(DATASET, nested("serving.logging.storageUri", "s3://seen"))
    told = ("LogUnavailable", "Accepted")
    asyncio.run(_there_and_back(prepared(tmp_path), DATASET, wrong, told, before))


async def _there_and_back(
    world: World,
    good: dict[str, Any],
    bad: dict[str, Any],
    told: tuple[str, str],
    before: Callable[[World], None] = nothing,
) -> None:
    if before is no_log_is_set_up:
        before(world)
    fresh = await reached(world, good)
    before(world)
    served = pod_template(world)
    world.apply(**bad)
    for _ in range(8):
        await world.reconcile()
        world.tick()
        assert pod_template(world) == served
    reason, condition = told
    assert world.condition(condition)[1] == reason
    assert world.condition("Ready")[0] == "True", "what serves goes on serving"
    allowed_again(world)
    lines = list(differences(await reached(world, good), fresh))
    assert not lines, "\n".join(lines)
