"""People's reviews say that a served model is wrong: the status tells it, and a run starts."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from dandelion_demo.desk import Desk

from tests.e2e.world import COLOURS, World, colours, picture

NAME = "reviewed"
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
def desk(served: World) -> Desk:
    """Blue images that were answered with blue, and of which people say that they are green."""
    sent = [picture(COLOURS["blue"], 40 + number) for number in range(ASKED)]
    for image in sent:
        assert served.predict(NAME, image).status_code == 200
    desk = Desk(served.kubectl, NAME)
    desk.open()
    served.restart(NAME)
    served.until("all images are handed out", lambda: len(desk.export()) == ASKED, every=2)
    green = dict.fromkeys((hashlib.sha256(image).hexdigest() for image in sent), "green")
    assert f"{ASKED} with another label" in desk.decide(green, "ada")
    return desk


def test_it_is_told_with_its_interval_and_one_run_starts(served: World, desk: Desk) -> None:
    said = desk.review("accuracy")
    assert f"Version 1: 0 of {ASKED} right (0.0%), 0.0% to " in said

    def told() -> dict[str, Any] | None:
        served.look(NAME)
        found: dict[str, Any] | None = served.status(NAME).get("liveAccuracy")
        return found

    found = served.until("live accuracy in the status", told, every=2)
    assert (found["version"], found["reviewed"], found["right"]) == ("1", ASKED, 0)
    assert found["lower"] == 0 < found["upper"] < 0.9
    served.until(
        "a run by itself",
        lambda: served.status(NAME)["training"].get("trigger") == "LiveAccuracy",
    )
    assert f"0 of {ASKED} reviewed" in served.status(NAME)["training"]["triggerMessage"]
    served.until("its version", lambda: len(served.versions(NAME)) == 2)
    starts = [
        entry for entry in served.status(NAME)["history"] if entry["decision"] == "TrainingStarted"
    ]
    assert [entry["trigger"] for entry in starts] == ["LiveAccuracy", "Created"]
