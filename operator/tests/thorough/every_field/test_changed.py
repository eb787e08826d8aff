"""Whichever field of the spec is changed, and changed back, the end is that of a fresh create."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from small_world import World
from small_world.end_state import pod_template
from small_world.fresh import assert_as_fresh, differences, fresh, prepared, reached
from spec_fields import FIELDS, Field, plain

# They say what may come to serve, and take nothing away that was promoted before they said so.
ONLY_OF_WHAT_COMES = {
    "suspend",
    *(path for path in FIELDS if path.startswith("promotion.")),
}
# Artifacts lie where they were written. What serves goes on serving, and the next run writes there.
MOVES_NO_ARTIFACT = {"storage.endpoint", "storage.bucket"}


# A first version is compared with none, and the small world's contracts tell of no single class.
OF_A_COMPARISON = {
    *("promotion.margin", "promotion.confidence", "promotion.minImprovement"),
    *("promotion.onUndecided", "promotion.minClassRecall"),
}
# Not an end, but when the next way to one may begin.
HELD_AGAINST_THE_CLOCK = {
    *("triggers.cooldownSeconds", "triggers.maxRunsPerWeek"),
    *("triggers.newImages", "triggers.quietSeconds", "triggers.maxWaitSeconds"),
    "triggers.driftAbove",
}
# Not an end while nobody has reviewed an answer.
HELD_AGAINST_REVIEWS = {"triggers.accuracyBelow"}
# Not an end, but that every Job is kept for as long as the spec says now.
HELD_AGAINST_THE_SPEC = {"training.ttlSecondsAfterFinished"}
NO_OTHER_END = (
    OF_A_COMPARISON | HELD_AGAINST_THE_CLOCK | HELD_AGAINST_REVIEWS | HELD_AGAINST_THE_SPEC
)


def chosen(field: Field) -> tuple[Any, ...]:
    """All values, or the first alone where time is short and a list or a map is handed on whole."""
    whole = settings().max_examples > settings.get_profile("short").max_examples
    return field.values if whole or "podTemplate" not in field.path else field.values[:1]


@pytest.mark.parametrize("path", FIELDS)
def test_a_changed_field_leaves_nothing_of_what_it_was(path: str, tmp_path: Path) -> None:
    field = FIELDS[path]
    specs = [plain(field), *(field.spec(value) for value in chosen(field)), plain(field)]
    asyncio.run(_one_after_the_other(prepared(tmp_path), path, specs))


@pytest.mark.parametrize("path", sorted(ONLY_OF_WHAT_COMES))
def test_what_held_a_version_back_and_does_no_more_leaves_nothing(
    path: str, tmp_path: Path
) -> None:
    field = FIELDS[path]
    specs = [*(field.spec(value) for value in field.values), plain(field)]
    asyncio.run(_one_after_the_other(prepared(tmp_path), path, specs))


@pytest.mark.parametrize("path", sorted(FIELDS.keys() - NO_OTHER_END))
def test_another_value_is_another_end(path: str) -> None:
    """Or a field that kept its former value would not be noticed."""
    field = FIELDS[path]

    async def scene() -> None:
        ends = [await fresh(spec) for spec in (plain(field), field.spec(field.values[0]))]
        assert list(differences(*ends))

    asyncio.run(scene())


async def _one_after_the_other(world: World, path: str, specs: list[dict[str, Any]]) -> None:
    for number, spec in enumerate(specs):
        served = pod_template(world) if "champion" in world.mlflow.aliases else ""
        found = await reached(world, spec)
        if (
            path in ONLY_OF_WHAT_COMES
            and served
            and "champion" not in (await fresh(spec))["aliases"]
        ):
            assert pod_template(world) == served
            assert world.condition("Ready") == ("True", "Serving")
            continue
        if path in MOVES_NO_ARTIFACT and number:
            assert world.condition("Ready") == ("True", "Serving")
            found = await _after_another_run(world, path, spec)
        await assert_as_fresh(found, spec, f"{path}, step {number}")


async def _after_another_run(world: World, path: str, spec: dict[str, Any]) -> dict[str, Any]:
    world.annotate(f"after {len(world.mlflow.versions)} versions")
    await world.settle()
    if path == "storage.endpoint":
        # There is nothing at the new endpoint to compare it with, so a person has to say so.
        newest = max(world.mlflow.listed)
        assert f"set the alias champion to version {newest}" in world.message("Promoted")
        world.mlflow.aliases["champion"] = str(newest)
    return await reached(world, spec)
