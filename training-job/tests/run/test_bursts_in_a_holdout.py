"""A burst that lies in the holdout reaches the comparison as one piece of evidence."""

from pathlib import Path

import numpy as np
import pytest
from dandelion_training.evaluate.comparison import Comparison, compare
from dandelion_training.evaluate.library import Evaluations
from dandelion_training.export import engine
from fakes.images import encoded, picture
from given.evaluation.successive_runs import EVALUATIONS, World
from given.quick import make_quick
from given.runs import DATASET
from numpy.typing import NDArray
from PIL import Image


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


def with_burst(world: World, photos: int) -> None:
    """Of each class twenty pictures, a quarter held out, and a burst of one blue thing beside."""
    for uri in [uri for uri in world.store.objects if uri.startswith(f"{DATASET}/")]:
        label, _, name = uri.removeprefix(f"{DATASET}/").partition("/")
        split = "val" if int(name.partition(".")[0]) % 4 == 0 else "train"
        world.store.objects[f"{DATASET}/{split}/{label}/{name}"] = world.store.objects.pop(uri)
    for number in range(photos):
        pixels = np.asarray(picture(9000, (40, 60, 200))).copy()
        pixels[0, number] ^= 1
        content = encoded(Image.fromarray(pixels))
        world.store.objects[f"{DATASET}/val/blue/burst{number}.png"] = content


def predict_blue(images: NDArray[np.float32]) -> engine.Outputs:
    return engine.Outputs(np.tile(np.array([1, -1], np.float32), (len(images), 1)), None)


def test_photos_of_one_thing_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    with_burst(world, photos=12)
    first, second = world.train("one"), world.train("two", seed=1)
    dataset = world.dataset(second)
    for uri in [uri for uri in world.store.objects if f"/{first.contract[7:]}/" in uri]:
        del world.store.objects[uri]
    monkeypatch.setattr(engine, "predictor", lambda *_: predict_blue)
    told = world.evaluator().compare(second, first, dataset)
    evaluations = Evaluations(world.store, EVALUATIONS)
    ours, theirs = (evaluations.find(dataset, who.contract) for who in (second, first))
    assert ours is not None
    assert theirs is not None
    by_images = compare(ours[1], theirs[1])
    assert isinstance(by_images, Comparison)
    assert told.macro_f1 == by_images.macro_f1
    assert told.both == by_images.both

    def spread(found: Comparison) -> float:
        return found.bootstrap[-10] - found.bootstrap[9]

    assert spread(told) > 1.2 * spread(by_images)
