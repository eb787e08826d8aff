"""Who a run says it is, by MLflow's own client over real HTTP."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from dandelion_training.ports import registry
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.registry import Registry
from dandelion_training.ports.registry.identity import identity, nobody

RUN = {"info": {"run_id": "r1", "run_uuid": "r1", "experiment_id": "1", "status": "RUNNING"}}
ANSWER = {
    "experiment": {"experiment_id": "1", "name": "lawn", "lifecycle_stage": "active"},
    "run": RUN,
    "workspaces_enabled": True,
}
Asked = list[tuple[str, str | None, str | None]]


@pytest.fixture
def asked() -> Asked:
    return []


@pytest.fixture
def address(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of something that answers all requests like MLflow, and notes who asked."""
    monkeypatch.setattr(os, "environ", os.environ.copy())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            who = self.headers.get("Authorization"), self.headers.get("X-MLFLOW-WORKSPACE")
            asked.append((self.path.partition("?")[0], *who))
            body = json.dumps(ANSWER).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_every_request_shows_the_token_of_the_moment_and_the_namespace(
    address: str, asked: Asked, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    run = Registry(registry.connect(address), "a1", address, identity(file, "garden"))
    run.begin("lawn", {"epochs": "3"}, {})
    assert {(token, where) for _, token, where in asked} == {("Bearer first", "garden")}
    asked.clear()
    file.write_text("second\n")
    run.tag({"a": "b"})
    assert {(token, where) for _, token, where in asked} == {("Bearer second", "garden")}


def test_an_mlflow_that_lets_everybody_in_is_told_nothing(address: str, asked: Asked) -> None:
    run = Registry(registry.connect(address), "a1", address, identity(None, "garden"))
    run.begin("lawn", {"epochs": "3"}, {})
    assert {(token, where) for _, token, where in asked} == {(None, None)}
    assert identity(None, "garden") is nobody


def test_a_token_that_cannot_be_read_is_a_reason_to_come_back_later(
    address: str, tmp_path: Path
) -> None:
    missing = identity(tmp_path / "token", "garden")
    run = Registry(registry.connect(address), "a1", address, missing)
    with pytest.raises(TrainingFailure, match="token") as failure:
        run.tag({"a": "b"})
    assert failure.value.reason is Reason.REGISTRY_UNREACHABLE
