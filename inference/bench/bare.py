"""The limit: decode, resize and infer in one process, without HTTP, checks or anything else.

Run by `comparison.py` as a process of its own: `python bare.py GRAPH FORM`. For every number of
seconds read it loops that long and writes what it did. `latency` takes one image after another,
each on all processors; `throughput` has a thread and a stream of the network for each processor,
and `overlapped` two threads, so that one decodes while another computes.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

from classifier import compiled, top_class
from photos import photos


def _loop(request: Any, pictures: list[bytes], until: float, latencies: list[float]) -> None:
    number = 0
    while (started := time.perf_counter()) < until:
        top_class(request, pictures[number % len(pictures)])
        latencies.append(time.perf_counter() - started)
        number += 1


def main(graph: str, form: str) -> None:
    processors = len(os.sched_getaffinity(0))
    streams = 1 if form == "latency" else processors
    threads = streams * (2 if form == "overlapped" else 1)
    options = {
        "PERFORMANCE_HINT": "LATENCY" if form == "latency" else "THROUGHPUT",
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": processors,
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,
    }
    network = compiled(graph, options)
    requests = [network.create_infer_request() for _ in range(threads)]
    pictures = photos()
    print(json.dumps([f"class-{top_class(requests[0], data)}" for data in pictures]), flush=True)
    for line in sys.stdin:
        latencies: list[float] = []
        started = time.perf_counter()
        until = started + float(line)
        loops = [
            threading.Thread(target=_loop, args=(request, pictures, until, latencies))
            for request in requests
        ]
        for loop in loops:
            loop.start()
        for loop in loops:
            loop.join()
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "latencies": latencies}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
