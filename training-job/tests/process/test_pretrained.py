"""The set-up Job that fetches published weights: from a server on this machine, into a store."""

import hashlib
import http.server
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import dandelion_training
import pytest
import safetensors
import safetensors.torch
import torch
import torchvision.models
from dandelion_training.learn.network import build
from dandelion_training.learn.start import begin
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location, StoredObject, s3
from dandelion_training.pretrained import download as downloading
from dandelion_training.pretrained.__main__ import main
from dandelion_training.pretrained.published import published
from dandelion_training.pretrained.setup import NOT_YET, PretrainedSettings, set_up
from fakes.s3 import MemoryStore
from given.runs import short_resnet

UNPICKLING = r"torch\.load\b|import pickle|from pickle|pickle\.load|allow_pickle=True"
WEIGHTS = "s3://models/pretrained/resnet18.safetensors"


class Mirror:
    """A web server that holds one published file, and what was asked of it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._patch = monkeypatch
        self.asked: list[str] = []
        asked = self.asked

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *given: object) -> None:
                super().__init__(*given, directory=str(folder))

            def do_GET(self) -> None:
                asked.append(self.path)
                super().do_GET()

            def log_message(self, *_: object) -> None:
                return

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that hangs up is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}/models"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def publish(self, content: object, digest: str | None = None) -> None:
        """torchvision's catalogue names this file by its digest, or by another one."""
        (self._folder / "models").mkdir(exist_ok=True)
        file = self._folder / "models" / "saved"
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            torch.save(content, file)
        digest = digest or hashlib.sha256(file.read_bytes()).hexdigest()[:8]
        name = f"resnet18-{digest}.pth"
        file.rename(file.with_name(name))
        catalogue = SimpleNamespace(DEFAULT=SimpleNamespace(url=f"https://elsewhere/{name}"))
        self._patch.setattr(torchvision.models, "get_model_weights", lambda _: catalogue)


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setattr(torchvision.models, "resnet18", short_resnet)
    serving = Mirror(tmp_path, monkeypatch)
    yield serving
    serving.close()


def settings(source: str, **changed: object) -> PretrainedSettings:
    return PretrainedSettings(
        pretrained_architectures="resnet18",
        pretrained_source=source,
        s3_endpoint="http://127.0.0.1:9",
        **changed,
    )


def fetched(mirror: Mirror, store: MemoryStore) -> str | None:
    return set_up(settings(mirror.address), store)


def test_published_weights_become_a_safetensors_file_that_says_where_it_is_from(
    mirror: Mirror, tmp_path: Path
) -> None:
    learnt = short_resnet()
    mirror.publish(learnt.state_dict())
    store = MemoryStore()
    assert fetched(mirror, store) is None
    path = tmp_path / "weights"
    path.write_bytes(store.objects[WEIGHTS])
    with safetensors.safe_open(path, framework="pt") as file:
        told = file.metadata()
        assert torch.equal(file.get_tensor("conv1.weight"), learnt.conv1.weight)
    name = mirror.asked[0].rpartition("/")[2]
    assert told["source"] == f"{mirror.address}/{name}"
    assert name == f"resnet18-{told['sha256'][:8]}.pth"
    assert "ImageNet" in told["licence"]


def test_a_run_starts_from_them(mirror: Mirror, tmp_path: Path) -> None:
    mirror.publish(short_resnet().state_dict())
    store = MemoryStore()
    fetched(mirror, store)
    models = Location("models", "default/lawn")
    network = build("resnet18", 2, seed=0)
    start = begin(network, store, "auto", "resnet18", models, ("a", "b"), tmp_path)
    assert (start.source, start.head_kept) == (WEIGHTS, False)


def test_what_is_there_is_not_fetched_again(mirror: Mirror) -> None:
    mirror.publish(short_resnet().state_dict())
    store = MemoryStore()
    store.objects[WEIGHTS] = b"put there by hand"
    assert fetched(mirror, store) is None
    assert mirror.asked == []
    assert store.objects == {WEIGHTS: b"put there by hand"}


class Malicious:
    """Unpickling it as it wants to be would make a folder."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> object:
        return os.mkdir, (str(self._trace),)


def test_a_checkpoint_that_holds_more_than_tensors_is_refused_unread(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.publish({**short_resnet().state_dict(), "extra": Malicious(tmp_path / "trace")})
    store = MemoryStore()
    said = fetched(mirror, store)
    assert said is not None
    assert "does not hold the weights of resnet18 and nothing else" in said
    assert not (tmp_path / "trace").exists()
    assert store.objects == {}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"conv1.weight": torch.zeros(1)}, id="of another network"),
        pytest.param([1, 2, 3], id="no weights"),
        pytest.param(b"<html>Log in to this network</html>", id="a page"),
    ],
)
def test_another_file_of_that_name_is_refused(mirror: Mirror, content: object) -> None:
    mirror.publish(content)
    store = MemoryStore()
    said = fetched(mirror, store)
    assert said is not None
    assert "does not hold the weights of resnet18" in said
    assert store.objects == {}


def test_a_file_with_another_digest_is_refused(mirror: Mirror) -> None:
    mirror.publish(short_resnet().state_dict(), digest="0123abcd")
    store = MemoryStore()
    said = fetched(mirror, store)
    assert said is not None
    assert "is not the published file" in said
    assert "instead of 0123abcd" in said
    assert store.objects == {}


def test_a_file_that_never_ends_is_given_up(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.publish(short_resnet().state_dict())
    monkeypatch.setattr(downloading, "MAXIMUM_BYTES", 1000)
    said = fetched(mirror, MemoryStore())
    assert said is not None
    assert "larger than 1000 bytes" in said


def test_a_bucket_that_is_being_made_is_waited_for(mirror: Mirror) -> None:
    class Starting(MemoryStore):
        def __init__(self) -> None:
            super().__init__()
            self.reasons = list(NOT_YET)

        def list(self, prefix: Location) -> Iterator[StoredObject]:
            if self.reasons:
                raise TrainingFailure(self.reasons.pop(0), "not yet")
            return super().list(prefix)

    mirror.publish(short_resnet().state_dict())
    store = Starting()
    pauses: list[float] = []
    assert set_up(settings(mirror.address), store, lambda: 0.0, pauses.append) is None
    assert len(pauses) == 3
    assert WEIGHTS in store.objects


def test_a_bucket_that_never_comes_is_told(mirror: Mirror) -> None:
    class Away(MemoryStore):
        def list(self, prefix: Location) -> Iterator[StoredObject]:
            raise TrainingFailure(Reason.STORAGE_UNREACHABLE, "http://minio did not answer")

    passing = iter(range(0, 10_000, 100))
    said = set_up(settings(mirror.address), Away(), lambda: float(next(passing)), lambda _: None)
    assert said == "http://minio did not answer."


@pytest.mark.parametrize(("required", "code"), [("false", 0), ("true", 1)])
def test_without_internet_the_job_says_so_and_fails_only_where_weights_are_required(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], required: str, code: int
) -> None:
    for name, value in {
        "PRETRAINED_ARCHITECTURES": "resnet18 resnet34",
        "PRETRAINED_REQUIRED": required,
        "PRETRAINED_SOURCE": "http://127.0.0.1:9/models",
        "S3_ENDPOINT": "http://minio",
    }.items():
        monkeypatch.setenv(f"DANDELION_{name}", value)
    monkeypatch.setattr(s3, "connect", lambda *args, **kwargs: MemoryStore())
    monkeypatch.setattr(downloading, "CONNECT_SECONDS", 1.0)
    assert main() == code
    lines = capsys.readouterr().out.splitlines()
    (said,) = (line for line in lines if "cannot be reached" in line)
    assert "http://127.0.0.1:9/models/resnet18-" in said


@pytest.mark.parametrize(
    "architecture", ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
)
def test_every_architecture_has_published_weights_with_a_digest(architecture: str) -> None:
    found = published(architecture)
    assert found.url.startswith("https://")
    assert f"/{architecture}-" in found.url
    assert len(found.digest) >= 8


def test_a_checkpoint_is_unpickled_in_one_place() -> None:
    source = Path(dandelion_training.__file__).parent
    loading = [path for path in source.rglob("*.py") if re.search(UNPICKLING, path.read_text())]
    assert [str(path.relative_to(source)) for path in loading] == ["pretrained/unpickled.py"]
