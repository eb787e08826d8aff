"""New images in the bucket: by themselves they become a version of the dataset and of the model."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
from dandelion_demo.data import LabelledImage, digits

from tests.e2e.load import SteadyLoad
from tests.e2e.world import World

NAME, FOLDER = "digits", "digits"
FIRST, PORTION, ENOUGH, QUIET = 300, 40, 30, 10


class Uploads:
    """Digits that come into the bucket by and by."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.count = 0
        self._coming: Iterator[LabelledImage] = iter(digits().seen)

    def add(self, count: int) -> str:
        """The next of them; returns where all lie."""
        self.count += count
        files = {image.key: image.content for image in islice(self._coming, count)}
        return self.world.upload(FOLDER, files)

    @property
    def new(self) -> int | None:
        """How many no run has listed yet, as the status tells."""
        found: int | None = self.world.status(NAME).get("triggers", {}).get("newImages")
        return found

    @property
    def in_the_dataset(self) -> int:
        """How many its newest version was made from: some are copies of others."""
        dataset = self.world.status(NAME)["dataset"]
        rejected: dict[str, int] = dataset.get("rejected", {})
        return int(dataset["images"]) + sum(rejected.values())


@pytest.fixture(scope="module")
def uploads(world: World) -> Uploads:
    """Of which a model is served."""
    made = Uploads(world)
    world.train(
        NAME,
        made.add(FIRST),
        triggers={"newImages": ENOUGH, "quietSeconds": QUIET},
        training={"epochs": 6},
        promotion={"margin": 0.5},  # what is asked here is not which of two is better
    )
    world.until_served(NAME, "1")
    return made


def test_enough_new_images_become_a_model_and_no_request_is_lost(
    world: World, uploads: Uploads
) -> None:
    before = world.status(NAME)["dataset"]["version"]
    image = digits().unseen[0].content

    def second_version() -> bool:
        world.look(NAME)
        return len(world.versions(NAME)) == 2

    with SteadyLoad(world.url(NAME), image, rate=10) as load:
        uploads.add(PORTION)
        world.until("a second version", second_version, every=2)
        world.until_served(NAME, "2")
    assert load.failures == []
    status = world.status(NAME)
    assert status["training"]["trigger"] == "NewImages"
    assert status["dataset"]["version"] != before
    assert uploads.in_the_dataset == uploads.count
    started = next(item for item in status["history"] if item["decision"] == "TrainingStarted")
    assert f"{PORTION} new images" in started["reason"]
    assert before[:15] in started["reason"]
