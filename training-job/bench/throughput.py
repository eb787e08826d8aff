"""Images a second of training, over those of a loop whose batches lie in memory.

Usage: `python throughput.py`; prints JSON. What a run adds to the arithmetic is measured: varying
images, feeding them, the schedule, telling. Both loops take turns on the same machine, on the same
network, with the same threads and precision.
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence

import torch
from dandelion_training.learn.network import build
from dandelion_training.learn.recipe import LABEL_SMOOTHING, adamw
from dandelion_training.learn.variation import Augmentation
from dandelion_training.run.processors import Threads, bf16_pays, threads, usable_processors
from learning import BATCH, CPU, examples, feeding, learn
from PIL import Image
from torch import nn

ARCHITECTURE = "resnet18"
CLASSES = 2


def photos(count: int, side: int) -> list[Image.Image]:
    """Pictures that no two are alike, a third larger than they are learnt at."""
    made = torch.Generator().manual_seed(0)
    size = side * 4 // 3
    return [
        Image.fromarray(
            torch.randint(0, 256, (size, size, 3), generator=made, dtype=torch.uint8).numpy()
        )
        for _ in range(count)
    ]


def in_memory(
    network: nn.Module, batches: Sequence[tuple[torch.Tensor, torch.Tensor]], *, bf16: bool
) -> float:
    """The seconds that the arithmetic alone takes."""
    network.train()
    optimizer = adamw(network)
    began = time.perf_counter()
    for inputs, targets in batches:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            outputs = network(inputs)
        loss = nn.functional.cross_entropy(
            outputs.float(), targets, label_smoothing=LABEL_SMOOTHING
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        loss.item()
    return time.perf_counter() - began


def measured(side: int, strength: Augmentation, images: int, rounds: int) -> dict[str, object]:
    """Images a second of both loops, and the median of their ratios."""
    employed: Threads = threads(usable_processors(), BATCH, side)
    torch.set_num_threads(employed.learning)
    bf16 = bf16_pays(CPU)
    learnt_from = examples(
        photos(images, side), [number % CLASSES for number in range(images)], side
    )
    network = build(ARCHITECTURE, CLASSES, seed=0).to(memory_format=torch.channels_last)
    counts = learnt_from.counts()
    run, bare = [], []
    with feeding(learnt_from, side, strength, employed.decoding) as batches:
        ready = [
            (inputs.contiguous(memory_format=torch.channels_last), targets)
            for inputs, targets in batches.training(0)
        ]
        for warming in (True, *[False] * rounds):
            took = (
                in_memory(network, ready, bf16=bf16),
                learn(network, batches, counts, epochs=1, bf16=bf16),
            )
            if not warming:
                bare.append(images / took[0])
                run.append(images / took[1])
    ratios = [one / other for one, other in zip(run, bare, strict=True)]
    return {
        "side": side,
        "augmentation": strength.strength,
        "threads": employed.learning,
        "precision": "bf16" if bf16 else "fp32",
        "training": statistics.median(run),
        "inMemory": statistics.median(bare),
        "ratio": statistics.median(ratios),
        "ratios": ratios,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sides", type=int, nargs="*", default=[128, 64])
    chosen = parser.parse_args()
    torch.use_deterministic_algorithms(True)
    rows = [
        measured(side, Augmentation(strength), chosen.images, chosen.rounds)
        for side in chosen.sides
        for strength in ("light", "strong")
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
