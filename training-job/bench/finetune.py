"""What learnt weights are worth: half of the digits' classes lift the other half.

Usage: `python finetune.py`; prints JSON. A network learns the digits 0 to 4 from scratch. Then
networks learn 5 to 9 from few images a class, once from random weights and once from those that
were learnt, for the same epochs, and are asked about all the other images of those classes. Each
is repeated with other images and another seed.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from dandelion_training.learn.network import build, save_weights
from dandelion_training.learn.start import Start, begin, pretrained
from dandelion_training.learn.variation import Augmentation
from dandelion_training.ports.storage import Location
from learning import Shelf, accuracy, examples, feeding, learn
from PIL import Image
from sklearn.datasets import load_digits

ARCHITECTURE = "resnet18"
SIDE = 32
CLASSES = 5
SOURCE_EPOCHS = 6
EPOCHS = 8
MODELS = Location("models", "bench")


def digits() -> tuple[list[Image.Image], list[int]]:
    """1,797 handwritten digits of 8 × 8 pixels, dark on white, enlarged to 32 × 32."""
    found = load_digits()
    images = [
        Image.fromarray((255 - pixels * (255 / 16)).astype(np.uint8))
        .resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        .convert("RGB")
        for pixels in found.images
    ]
    return images, [int(label) for label in found.target]


def learnt_weights(images: Sequence[Image.Image], labels: Sequence[int], threads: int) -> bytes:
    """A safetensors file of a network that knows 0 to 4."""
    chosen = [number for number, label in enumerate(labels) if label < CLASSES]
    learnt_from = examples(
        [images[number] for number in chosen], [labels[number] for number in chosen], SIDE
    )
    network = build(ARCHITECTURE, CLASSES, seed=0)
    with feeding(learnt_from, SIDE, Augmentation(), threads) as batches:
        learn(network, batches, learnt_from.counts(), SOURCE_EPOCHS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.safetensors"
        save_weights(network, path, tuple("01234"))
        return path.read_bytes()


def lifted(
    images: Sequence[Image.Image],
    labels: Sequence[int],
    weights: bytes | None,
    a_class: int,
    seed: int,
    threads: int,
) -> float:
    """Accuracy on the images of 5 to 9 that were not learnt from."""
    chance = np.random.default_rng(seed)
    few: list[int] = []
    rest: list[int] = []
    for label in range(CLASSES, 2 * CLASSES):
        of_label = chance.permutation([n for n, found in enumerate(labels) if found == label])
        few += of_label[:a_class].tolist()
        rest += of_label[a_class:].tolist()
    learnt_from = examples(
        [images[number] for number in few], [labels[number] - CLASSES for number in few], SIDE
    )
    network = build(ARCHITECTURE, CLASSES, seed)
    start = Start()
    if weights is not None:
        with tempfile.TemporaryDirectory() as folder:
            store = Shelf({str(pretrained(MODELS.bucket, ARCHITECTURE)): weights})
            start = begin(
                network, store, "auto", ARCHITECTURE, MODELS, tuple("56789"), Path(folder)
            )
    with feeding(learnt_from, SIDE, Augmentation(), threads, seed) as batches:
        learn(network, batches, learnt_from.counts(), EPOCHS, start=start)
    return accuracy(network, [images[n] for n in rest], [labels[n] - CLASSES for n in rest], SIDE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="*", default=[5, 10, 20, 40])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.use_deterministic_algorithms(True)
    images, labels = digits()
    weights = learnt_weights(images, labels, chosen.threads)
    rows = []
    for a_class in chosen.images:
        row: dict[str, float] = {"imagesPerClass": a_class}
        for name, source in (("random", None), ("learnt", weights)):
            found = [
                lifted(images, labels, source, a_class, seed, chosen.threads)
                for seed in range(chosen.repeats)
            ]
            row[name] = statistics.mean(found)
        rows.append(row)
    print(json.dumps({"epochs": EPOCHS, "repeats": chosen.repeats, "rows": rows}))


if __name__ == "__main__":
    main()
