"""People's reviews say that a served model is wrong: the status tells it, and a run starts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.test_review import COMMAND, JOB, NAME, desk
from tests.e2e.world import COLOURS, World, colours, picture

ASKED = 24  # more than the handful that starts nothing


@pytest.fixture(scope="module")
def served(world: World) -> World:
    """A model whose every answer is of the sample, and that has to be right nine times of ten."""
    world.train(
        NAME,
        world.upload("colours", colours()),
        serving={"logging": {"images": True}},
        feedback={"mode": "Review", "reviewShare": 1},
        triggers={"accuracyBelow": 0.9},
    )
    world.until_served(NAME, "1")
    return world


@pytest.fixture(scope="module")
def reviewed(served: World) -> World:
    """Blue images that were answered with blue, and of which people say that they are green."""
    for number in range(ASKED):
        assert served.predict(NAME, picture(COLOURS["blue"], 40 + number)).status_code == 200
    desk(served)

    def handed_out() -> bool:
        """Once the pods have written what they hold, which takes half a minute."""
        shown = "rm -rf /work/queue; python -m dandelion_training review export /work/queue"
        served.kubectl("exec", JOB, "--", "sh", "-c", shown)
        listed = served.kubectl("exec", JOB, "--", "find", "/work/queue/blue", "-name", "*.png")
        return len(listed.split()) == ASKED

    served.until("all images are handed out", handed_out, every=5)
    moved = "cd /work/queue && mv blue/*.png green/"
    served.kubectl("exec", JOB, "--", "sh", "-c", moved)
    said = served.kubectl(*COMMAND, "import", "/work/queue", "--by", "ada")
    assert f"{ASKED} with another label" in said
    return served


def test_it_is_told_with_its_interval_and_one_run_starts(reviewed: World) -> None:
    said = reviewed.kubectl(*COMMAND, "accuracy")
    assert f"Version 1: 0 of {ASKED} right (0.0%), 0.0% to " in said

    def told() -> dict[str, Any] | None:
        found: dict[str, Any] | None = reviewed.status(NAME).get("liveAccuracy")
        return found

    # At rest it is looked at once a minute.
    found = reviewed.until("live accuracy in the status", told, 150)
    assert (found["version"], found["reviewed"], found["right"]) == ("1", ASKED, 0)
    assert found["lower"] == 0 < found["upper"] < 0.9
    reviewed.until(
        "a run by itself",
        lambda: reviewed.status(NAME)["training"].get("trigger") == "LiveAccuracy",
    )
    assert f"0 of {ASKED} reviewed" in reviewed.status(NAME)["training"]["triggerMessage"]
    reviewed.until("its version", lambda: len(reviewed.versions(NAME)) == 2, 240)
    starts = [
        entry
        for entry in reviewed.status(NAME)["history"]
        if entry["decision"] == "TrainingStarted"
    ]
    assert [entry["trigger"] for entry in starts] == ["LiveAccuracy", "Created"]
