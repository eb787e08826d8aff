"""What a network sees before its head, and the wrong labels that show in it."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from dandelion_training.data.images.inspect import Geometry, window
from dandelion_training.data.images.pixels import PixelFile
from dandelion_training.data.layout.assignments import Split
from dandelion_training.data.load import Dataset
from dandelion_training.data.served import Served
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.evaluate.labels.features import features, label_suspects
from dandelion_training.learn.network import build
from fakes.images import picture

GEOMETRY = Geometry(36, 32)
CPU = torch.device("cpu")
COLOURS = {"blue": (40, 60, 200), "yellow": (220, 200, 40)}


def coloured(work: Path, images: int, wrong: tuple[int, ...] = ()) -> Dataset:
    """Blue and yellow pictures in turn; those of `wrong` numbers carry the other label."""
    entries = []
    with PixelFile(work / "pixels") as file:
        for number in range(images):
            looks, other = sorted(COLOURS, reverse=bool(number % 2))
            sha256 = hashlib.sha256(f"{number}".encode()).hexdigest()
            shown = picture(number, COLOURS[looks], 36)
            file.add(sha256, window(shown, GEOMETRY))
            label = other if number in wrong else looks
            entries.append(Entry(f"{number:03}.png", sha256, label, Split.TRAIN))
        pixels = file.close()
    version = DatasetVersion("s3://datasets/colours", tuple(COLOURS), 0.2, tuple(entries))
    return Dataset(version, None, pixels)


def test_features_are_what_the_average_pool_gives(tmp_path: Path) -> None:
    dataset, network = coloured(tmp_path, 70), build("resnet18", 2, seed=0)
    served = Served(dataset.entries, dataset.classes, dataset.pixels, GEOMETRY, CPU)
    found = features(network, served, dataset.entries, CPU)
    pooled: list[torch.Tensor] = []
    network.get_submodule("avgpool").register_forward_hook(
        lambda _module, _inputs, output: pooled.append(output)
    )
    with torch.inference_mode():
        network.eval()(served.seen(dataset.entries[64:]))
    assert found.shape == (70, 512)
    np.testing.assert_allclose(found[64:], pooled[0].flatten(1).numpy(), rtol=1e-4, atol=1e-5)


def test_a_network_that_is_looked_into_goes_on_learning_as_before(tmp_path: Path) -> None:
    dataset, network = coloured(tmp_path, 12), build("resnet18", 2, seed=0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    label_suspects(network, dataset, GEOMETRY, CPU)
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not network.get_submodule("fc")._forward_pre_hooks


def test_images_with_a_wrong_label_are_suspected_first(tmp_path: Path) -> None:
    dataset = coloured(tmp_path, 120, wrong=(5, 44))
    found = label_suspects(build("resnet18", 2, seed=0), dataset, GEOMETRY, CPU)
    assert found.examined == 120
    assert {item.entry.key for item in found.found[:2]} == {"005.png", "044.png"}
    assert all(item.suggested != item.entry.label for item in found.found)


def test_of_very_many_images_the_same_ones_are_examined_every_time(tmp_path: Path) -> None:
    dataset = coloured(tmp_path, 60, wrong=(1, 2, 3, 4, 5, 6))
    network = build("resnet18", 2, seed=0)
    first, again = (
        label_suspects(network, dataset, GEOMETRY, CPU, examined=40, listed=3) for _ in range(2)
    )
    assert first == again
    assert first.examined == 40
    assert len(first.found) <= 3
