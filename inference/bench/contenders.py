"""Who is compared: this service, and its peers, each at its defaults and at settings that help.

A peer's settings are those its documentation offers; what is best alone is often not what is best
under load, and then it has a row for each. Called by `comparison.py`.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from client import post
from environments import HERE, environment
from graphs import FP32, INT8
from processes import free_ports, run
from stored import settings, write_artifact

OURS = "dandelion"
DEFAULTS = "defaults"
LATENCY, THROUGHPUT = {"BENCH_HINT": "LATENCY"}, {"BENCH_HINT": "THROUGHPUT"}
BOUNDARY = "picture"


def _raw(path: str) -> Callable[[bytes], bytes]:
    return lambda picture: post(path, "image/jpeg", picture)


def _json(path: str, shape: Callable[[str], object]) -> Callable[[bytes], bytes]:
    def request(picture: bytes) -> bytes:
        text = base64.b64encode(picture).decode()
        return post(path, "application/json", json.dumps(shape(text)).encode())

    return request


def _form(path: str, name: str) -> Callable[[bytes], bytes]:
    head = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
        f'name="{name}"; filename="picture.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return lambda picture: post(
        path, kind, head.encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()
    )


def _tensor(text: str) -> object:
    content = {"content_type": "base64"}
    image = {"name": "image", "shape": [1, 1], "datatype": "BYTES", "parameters": content}
    return {"inputs": [{**image, "data": [text]}]}


REQUESTS: dict[str, Callable[[bytes], bytes]] = {
    OURS: _raw("/predict"),
    "litserve": _json("/predict", lambda text: {"image": text}),
    "litserve-torch": _json("/predict", lambda text: {"image": text}),
    "bentoml": _form("/classify", "image"),
    "mlserver": _json("/v2/models/resnet34/infer", _tensor),
    "kserve": _json(
        "/v1/models/resnet34:predict", lambda text: {"instances": [{"image": {"b64": text}}]}
    ),
    "rayserve": _raw("/"),
    "mlflow": _json("/invocations", lambda text: {"inputs": [text]}),
}


@dataclass(frozen=True)
class Contender:
    peer: str
    setting: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.peer}, {self.setting}" if self.setting else self.peer

    @property
    def exact(self) -> bool:
        """Whether it computes what the limit computes, so that its answers must be the same."""
        return self.setting != DEFAULTS

    def request(self, picture: bytes) -> bytes:
        return REQUESTS[self.peer](picture)


CONTENDERS = (
    Contender(OURS),
    Contender("litserve", DEFAULTS),
    Contender("litserve", "one at a time", {**LATENCY}),
    Contender("litserve", "batches", {**THROUGHPUT, "BENCH_BATCH": "8", "BENCH_WINDOW": "0.01"}),
    Contender("bentoml", DEFAULTS),
    Contender("bentoml", "one at a time", {**LATENCY}),
    Contender("bentoml", "threads", {**THROUGHPUT, "BENCH_THREADS": "8"}),
    Contender("mlserver", DEFAULTS),
    Contender("mlserver", "one at a time", {**LATENCY, "MLSERVER_PARALLEL_WORKERS": "0"}),
    Contender(
        "mlserver",
        "batches",
        {
            **THROUGHPUT,
            "BENCH_THREADS": "8",
            "MLSERVER_PARALLEL_WORKERS": "0",
            "MLSERVER_MODEL_MAX_BATCH_SIZE": "8",
            "MLSERVER_MODEL_MAX_BATCH_TIME": "0.01",
        },
    ),
    Contender("kserve", DEFAULTS),
    Contender("kserve", "one at a time", {**LATENCY}),
    Contender("kserve", "threads", {**THROUGHPUT, "BENCH_THREADS": "8"}),
    Contender("rayserve", DEFAULTS),
    Contender("rayserve", "threads", {**THROUGHPUT, "BENCH_THREADS": "8"}),
    Contender("mlflow", DEFAULTS),
    Contender("mlflow", "threads", {**THROUGHPUT}),
    Contender("litserve-torch", DEFAULTS),
)
LIMIT = "limit"


def chosen(only: Sequence[str]) -> list[Contender]:
    """Those whose peer or whole name is listed; all where nothing is."""
    return [item for item in CONTENDERS if not only or {item.peer, item.name} & {*only}]


class Launch:
    """How to start a contender: prepared once, started in every round."""

    def __init__(self, contender: Contender, graphs: Path, precision: str, scratch: Path) -> None:
        self.contender = contender
        self.environment = environment(contender.peer)
        self.folder = scratch / contender.name.replace(", ", "-").replace(" ", "-")
        self.folder.mkdir(parents=True)
        self._python = self.environment / "bin" / "python"
        if contender.peer == OURS:
            digest = write_artifact(graphs, self.folder / "artifact", precision)
            self._variables = settings(self.folder / "artifact", digest)
            return
        for source in [HERE / "classifier.py", *(HERE / "peers" / contender.peer).iterdir()]:
            if source.is_file():
                shutil.copy(source, self.folder)
        self._variables = {
            "PYTHONPATH": str(self.folder),
            "BENCH_GRAPH": str(graphs / (INT8 if precision == "int8" else FP32)),
            "BENTOML_DO_NOT_TRACK": "True",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "RAY_USAGE_STATS_ENABLED": "0",
            **contender.variables,
        }
        if contender.peer == "mlflow":
            run(
                [str(self._python), "save.py", "model"],
                cwd=self.folder,
                env={**self._variables, "HOME": str(self.folder)},
            )

    def command(self) -> tuple[list[str | Path], dict[str, str], int]:
        """The command line, its environment, and the port it will listen on."""
        port, *others = free_ports(3)
        binaries = self.environment / "bin"
        variables = {**self._variables, "PATH": f"{binaries}:/usr/bin:/bin"}
        bound: list[str | Path] = ["--host", "127.0.0.1", "--port", str(port)]
        match self.contender.peer:
            case "dandelion":
                variables["DANDELION_PORT"] = str(port)
                variables["DANDELION_PROBES_PORT"] = str(others[0])
                return [self._python, "-m", "dandelion_inference"], variables, port
            case "bentoml":
                return [binaries / "bentoml", "serve", "serve:Service", *bound], variables, port
            case "mlserver":
                variables |= {"MLSERVER_HOST": "127.0.0.1", "MLSERVER_HTTP_PORT": str(port)}
                variables["MLSERVER_GRPC_PORT"] = str(others[0])
                variables["MLSERVER_METRICS_PORT"] = str(others[1])
                return [binaries / "mlserver", "start", "."], variables, port
            case "mlflow":
                serve: list[str | Path] = [binaries / "mlflow", "models", "serve", "-m", "model"]
                return [*serve, "--env-manager", "local", *bound], variables, port
            case _:
                variables["BENCH_PORT"] = str(port)
                return [self._python, "serve.py"], variables, port
