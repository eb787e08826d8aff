"""`make bench-forms`: how to arrange the network, measured without HTTP: streams, workers, batches.

Every arrangement decodes and computes the same photos, in turns; a batch is decoded while the one
before it computes, as if its images had all been there at once. Also what it takes to compile both
forms that are served: one after the other, side by side, and from OpenVINO's cache. Writes the
medians to `forms.md`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from classifier import IMAGE_SIZE, tensor
from environments import cache
from graphs import INT8, graphs
from photos import photos

THREADS = 2
Measurement = Callable[[float], float]


def compiled(graph: Path, batch: int, streams: int, **settings: object) -> Any:
    core = openvino.Core()
    core.set_property(settings)
    model = core.read_model(graph)
    model.reshape([batch, 3, IMAGE_SIZE, IMAGE_SIZE])
    options = {
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": max(THREADS, streams),
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,
    }
    return core.compile_model(model, "CPU", options)


def one_by_one(network: Any, workers: int, seconds: float) -> float:
    """Images a second of so many workers, each decoding and computing one image after another."""
    pictures = photos()
    done = [0] * workers
    until = time.perf_counter() + seconds

    def work(number: int) -> None:
        request = network.create_infer_request()
        for picture in cycle(pictures):
            if time.perf_counter() >= until:
                return
            request.infer({0: tensor(picture)}, share_inputs=True)
            done[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / seconds


def in_batches(network: Any, size: int, seconds: float) -> float:
    """Images a second where the next batch is decoded while this one computes."""
    request = network.create_infer_request()
    pictures = cycle(photos())
    done = 0
    until = time.perf_counter() + seconds
    with ThreadPoolExecutor(THREADS) as decoders:

        def batch() -> list[Any]:
            return [decoders.submit(tensor, next(pictures)) for _ in range(size)]

        coming = batch()
        while time.perf_counter() < until:
            images = np.concatenate([image.result() for image in coming])
            coming = batch()
            request.infer({0: images}, share_inputs=True)
            done += size
    return done / seconds


def arrangements(graph: Path) -> dict[str, Measurement]:
    latency, throughput = compiled(graph, 1, 1), compiled(graph, 1, THREADS)
    return {
        "one stream, one image at a time": partial(one_by_one, latency, 1),
        "one stream, two workers a processor": partial(one_by_one, latency, 2 * THREADS),
        "a stream a processor, a worker each": partial(one_by_one, throughput, THREADS),
        "a stream a processor, two workers each": partial(one_by_one, throughput, 2 * THREADS),
        "two streams a processor, a worker each": partial(
            one_by_one, compiled(graph, 1, 2 * THREADS), 2 * THREADS
        ),
        **{
            f"batches of {size}": partial(in_batches, compiled(graph, size, 1), size)
            for size in (4, 8, 16)
        },
    }


def compilations(graph: Path, folder: str) -> dict[str, Callable[[], object]]:
    def both(**settings: object) -> None:
        for streams in (THREADS, 1):
            compiled(graph, 1, streams, **settings)

    def side_by_side() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda streams: compiled(graph, 1, streams), (THREADS, 1)))

    both(CACHE_DIR=folder)
    return {
        "one after the other": both,
        "side by side": side_by_side,
        "from the cache": partial(both, CACHE_DIR=folder),
    }


def measured(graph: Path, rounds: int, seconds: float) -> list[tuple[str, float, str]]:
    found: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        ways, starts = arrangements(graph), compilations(graph, folder)
        for _ in range(rounds):
            for name, rate in ways.items():
                found.setdefault((name, "images/s"), []).append(rate(seconds))
            for name, start in starts.items():
                began = time.perf_counter()
                start()
                taken = time.perf_counter() - began
                found.setdefault((f"both forms compiled, {name}", "s"), []).append(taken)
    return [(name, statistics.median(values), unit) for (name, unit), values in found.items()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-forms", description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--output", type=Path, default=Path("bench-results"))
    options = parser.parse_args()
    rows = measured(graphs(cache()) / INT8, options.rounds, options.seconds)
    lines = ["| arrangement | median | unit |", "| --- | --- | --- |"]
    lines += [f"| {name} | {value:.2f} | {unit} |" for name, value, unit in rows]
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "forms.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
