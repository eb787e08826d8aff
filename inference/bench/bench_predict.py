"""How much of the processor's speed reaches the client: `/predict` against the bare loop.

    python inference/bench/bench_predict.py --output result.json

The bare loop decodes, resizes and infers with Pillow, numpy and OpenVINO in one process, without
HTTP, checks or anything else. The service answers the same pictures with the same graph, over one
and over eight connections, each sending its next picture when it has the answer. All of them take
turns, so that whatever else the machine does hits them alike.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from resnet34 import write_resnet34

SOURCE = Path(__file__).resolve().parent.parent / "src"
IMAGE_SIZE, SHORT_SIDE, CLASSES = 224, 256, 10
SCALE, MEAN, STD = 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CONNECTIONS = (1, 8)
PICTURES = 16


def write_artifact(folder: Path) -> str:
    """A ResNet-34 where the service finds it as already fetched; its contract's digest."""
    graph = folder / "model.onnx"
    write_resnet34(graph, IMAGE_SIZE, CLASSES)
    data = graph.read_bytes()
    contract = {
        "apiVersion": "dandelion.dev/contract/v1",
        "run": "bench",
        "architecture": "resnet34",
        "classes": [f"class-{number}" for number in range(CLASSES)],
        "input": {"name": "image", "shape": [None, 3, IMAGE_SIZE, IMAGE_SIZE]},
        "output": {"name": "logits", "shape": [None, CLASSES]},
        "preprocessing": {
            "colorSpace": "RGB",
            "resizeShortSide": SHORT_SIDE,
            "centerCrop": IMAGE_SIZE,
            "interpolation": "bilinear",
            "scale": SCALE,
            "mean": MEAN,
            "std": STD,
        },
        "graphs": {"fp32": graph.name},
        "files": {graph.name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}},
    }
    raw = json.dumps(contract).encode()
    digest = hashlib.sha256(raw).hexdigest()
    home = folder / digest
    home.mkdir()
    (home / "contract.json").write_bytes(raw)
    graph.rename(home / graph.name)
    return f"sha256:{digest}"


def pictures() -> list[bytes]:
    """JPEG photos of an ordinary size: smooth shapes with some grain, 40 KB each."""
    random = np.random.default_rng(0)
    encoded = []
    for _ in range(PICTURES):
        shapes = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        photo = np.asarray(shapes.resize((500, 375), Image.Resampling.BICUBIC), dtype=np.int16)
        grain = random.integers(-8, 9, photo.shape, dtype=np.int16)
        out = io.BytesIO()
        Image.fromarray((photo + grain).clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=85)
        encoded.append(out.getvalue())
    return encoded


def bare_loop(graph: Path, threads: int) -> None:
    """A process of its own: for every number read, that many pictures; writes the seconds."""
    import openvino

    core = openvino.Core()
    model = core.read_model(graph)
    model.reshape([1, 3, IMAGE_SIZE, IMAGE_SIZE])
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,
    }
    request = core.compile_model(model, "CPU", options).create_infer_request()
    mean, std = np.array(MEAN, dtype=np.float32), np.array(STD, dtype=np.float32)
    photos = pictures()
    for line in sys.stdin:
        started = time.perf_counter()
        for number in range(int(line)):
            image = Image.open(io.BytesIO(photos[number % PICTURES])).convert("RGB")
            width, height = image.size
            resized = image.resize((SHORT_SIDE * width // height, SHORT_SIDE))
            left, top = (resized.width - IMAGE_SIZE) // 2, (SHORT_SIDE - IMAGE_SIZE) // 2
            crop = resized.crop((left, top, left + IMAGE_SIZE, top + IMAGE_SIZE))
            pixels = (np.asarray(crop, dtype=np.float32) * np.float32(SCALE) - mean) / std
            request.infer({0: np.ascontiguousarray(pixels.transpose(2, 0, 1)[np.newaxis])})
            request.get_output_tensor(0).data.argmax()
        print(time.perf_counter() - started, flush=True)


class Bare:
    name = "bare loop"

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid = process.pid
        self._process = process

    def seconds(self, images: int) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{images}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


class Service:
    """The real service, asked over a number of connections that stay open."""

    def __init__(self, pid: int, port: int, connections: int, photos: list[bytes]) -> None:
        self.pid = pid
        self.name = f"{connections} connection{'s' if connections > 1 else ''}"
        self.latencies: list[float] = []
        self._port = port
        self._connections = connections
        self._photos = photos

    def seconds(self, images: int) -> float:
        numbers = iter(range(images))
        lock = threading.Lock()
        failures: list[BaseException] = []

        def client() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                while True:
                    with lock:
                        number = next(numbers, None)
                    if number is None:
                        return
                    started = time.perf_counter()
                    connection.request("POST", "/predict", self._photos[number % PICTURES])
                    response = connection.getresponse()
                    body = response.read()
                    if response.status != http.HTTPStatus.OK:
                        raise RuntimeError(f"{response.status}: {body.decode()}")
                    with lock:
                        self.latencies.append(time.perf_counter() - started)
            except (OSError, http.client.HTTPException, RuntimeError) as error:
                failures.append(error)
            finally:
                connection.close()

        started = time.perf_counter()
        clients = [threading.Thread(target=client) for _ in range(self._connections)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        if failures:
            raise failures[0]
        return time.perf_counter() - started


@contextlib.contextmanager
def running(arguments: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def until_event(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        entry: dict[str, Any] = json.loads(line)
        if entry["event"] == event:
            return entry
    raise RuntimeError(f"the service ended before it said {event!r}")


def processor_seconds(pid: int) -> float:
    """What a process has used so far, in all of its threads (proc(5): utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int, field: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
    return round(int(line.split()[1]) * 1024 / 1e6, 1)


def settings(folder: Path, digest: str) -> dict[str, str]:
    return {
        "PYTHONPATH": str(SOURCE),
        "MALLOC_ARENA_MAX": "2",  # as in the image
        "DANDELION_MODEL_NAME": "bench",
        "DANDELION_MODEL_NAMESPACE": "bench",
        "DANDELION_MODEL_VERSION": "1",
        "DANDELION_ARTIFACT_URI": "s3://bench/artifact",
        "DANDELION_CONTRACT_DIGEST": digest,
        # Nothing listens there: the artifact is on disk already.
        "DANDELION_S3_ENDPOINT": "http://127.0.0.1:1",
        "DANDELION_ARTIFACT_DIR": str(folder),
        "DANDELION_S3_CREDENTIALS_DIR": str(folder),
        "DANDELION_HOST": "127.0.0.1",
        "DANDELION_PORT": "0",
        "DANDELION_DRAIN_SECONDS": "0",
    }


def measure(rounds: int, images: int) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        digest = write_artifact(folder)
        (folder / "AWS_ACCESS_KEY_ID").write_text("unused")
        (folder / "AWS_SECRET_ACCESS_KEY").write_text("unused")
        graph = folder / digest.removeprefix("sha256:") / "model.onnx"
        started = time.perf_counter()
        service = stack.enter_context(
            running(["-m", "dandelion_inference"], settings(folder, digest))
        )
        listening = until_event(service, "listening")
        listening_seconds = time.perf_counter() - started
        until_event(service, "ready")
        ready_seconds = time.perf_counter() - started
        ready_memory = memory(service.pid, "VmRSS")
        bare = stack.enter_context(
            running([__file__, "--bare", str(graph), str(listening["threads"])], {})
        )
        photos = pictures()
        services = [Service(service.pid, listening["port"], count, photos) for count in CONNECTIONS]
        contenders: list[Bare | Service] = [Bare(bare), *services]
        for contender in contenders:
            contender.seconds(PICTURES)  # caches, threads, connections
        for contender in services:
            contender.latencies.clear()
        speeds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
        work: dict[str, list[float]] = {contender.name: [] for contender in contenders}
        for turn in range(rounds):
            # Who goes first changes, so that nobody always follows the same neighbour.
            for offset in range(len(contenders)):
                contender = contenders[(turn + offset) % len(contenders)]
                before = processor_seconds(contender.pid)
                speeds[contender.name].append(images / contender.seconds(images))
                work[contender.name].append((processor_seconds(contender.pid) - before) / images)
        return {
            "model": f"ResNet-34 fp32 at {IMAGE_SIZE} px",
            "threads": listening["threads"],
            "rounds": rounds,
            "imagesPerRound": images,
            "imagesPerSecond": {
                name: round(statistics.median(values), 2) for name, values in speeds.items()
            },
            # Without the client; the one figure that other work on the machine hardly moves.
            "processorMillisecondsPerImage": {
                name: round(statistics.median(values) * 1000, 1) for name, values in work.items()
            },
            "ratios": {
                contender.name: round(
                    statistics.median(
                        ours / limit
                        for ours, limit in zip(
                            speeds[contender.name], speeds[Bare.name], strict=True
                        )
                    ),
                    4,
                )
                for contender in services
            },
            "latencyMilliseconds": {
                contender.name: {
                    "p50": round(statistics.median(contender.latencies) * 1000, 1),
                    "p99": round(statistics.quantiles(contender.latencies, n=100)[98] * 1000, 1),
                }
                for contender in services
            },
            "secondsToListen": round(listening_seconds, 2),
            "secondsToReady": round(ready_seconds, 2),
            "megabytesResident": {
                "ready": ready_memory,
                "afterLoad": memory(service.pid, "VmRSS"),
                "highest": memory(service.pid, "VmHWM"),
            },
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--output", type=Path, help="file for the result as JSON")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=40, help="pictures a round and contender")
    parser.add_argument("--bare", nargs=2, metavar=("GRAPH", "THREADS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        bare_loop(Path(arguments.bare[0]), int(arguments.bare[1]))
        return
    text = json.dumps(measure(arguments.rounds, arguments.images), indent=2)
    print(text)
    if arguments.output:
        arguments.output.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
