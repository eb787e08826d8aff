"""Whole runs with real torch: the artifact, its determinism, and runs that are cut off."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import safetensors.torch
import torch
import torchvision.models
from dandelion_training import artifact
from dandelion_training.export import prove
from dandelion_training.failures import Interrupted, Reason, TrainingFailure
from dandelion_training.pipeline import run
from fakes import FakeMlflow, MemoryStore, encoded, picture, with_dataset
from quick import make_quick
from runs import ARTIFACT, DATASET, MODELS, RUN, short_resnet, task

STATUS = f"{MODELS}/{RUN}/status.json"
CHECKPOINT = f"{MODELS}/{RUN}/checkpoint/checkpoint.safetensors"
CONTRACT = f"{ARTIFACT}/contract.json"
GRAPH = f"{ARTIFACT}/model.onnx"
WEIGHTS = f"{ARTIFACT}/model.safetensors"
INT8 = (f"{ARTIFACT}/model.int8.xml", f"{ARTIFACT}/model.int8.bin")


class Finished:
    """A store and an MLflow after a run."""

    def __init__(self, work: Path, **changed: Any) -> None:
        self.store, self.mlflow = MemoryStore(), FakeMlflow()
        with_dataset(self.store, DATASET)
        self.store.objects[f"{DATASET}/blue/notes.txt"] = b"not an image"
        self.version = run(task(work, self.store, self.mlflow, **changed))

    @property
    def contract(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.store.objects[CONTRACT])
        return found


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A run from beginning to end, with the stand-ins."""
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        return Finished(tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The same with a real ResNet, its export, OpenVINO and NNCF."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torchvision.models, "resnet18", short_resnet)
        return Finished(tmp_path_factory.mktemp("work"))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_contract_names_every_file_by_its_digest(finished: Finished) -> None:
    files = finished.contract["files"]
    assert set(files) == {"model.onnx", "model.safetensors", "model.int8.xml", "model.int8.bin"}
    for name, described in files.items():
        content = finished.store.objects[f"{ARTIFACT}/{name}"]
        assert described == {"sha256": sha256(content), "bytes": len(content)}


def test_the_contract_is_canonical_and_written_last(finished: Finished) -> None:
    content = finished.store.objects[CONTRACT].decode()
    again = json.dumps(json.loads(content), sort_keys=True, indent=2, ensure_ascii=False)
    assert content == again + "\n"
    written = [uri for uri in finished.store.written if uri.startswith(ARTIFACT)]
    assert written == [GRAPH, WEIGHTS, *INT8, CONTRACT]


def test_the_contract_says_what_the_model_is(finished: Finished) -> None:
    found = finished.contract
    assert found["classes"] == ["blue", "yellow"]
    assert found["input"] == {
        "name": "image",
        "shape": [None, 3, 32, 32],
        "dtype": "float32",
        "layout": "NCHW",
    }
    assert found["output"] == {"name": "logits", "shape": [None, 2]}
    assert found["preprocessing"]["resizeShortSide"] == 36
    assert found["preprocessing"]["centerCrop"] == 32
    dataset = found["dataset"]
    assert (dataset["images"], dataset["rejected"]) == (24, 1)
    assert dataset["train"] + dataset["holdout"] == 24
    assert np.sum(found["confusionMatrix"]) == dataset["holdout"]
    assert found["training"]["threads"] == 1
    assert found["training"]["gitRevision"] == "abc123"
    assert set(found["metrics"]) == {"accuracy", "macroF1"}


def test_the_dataset_manifest_is_named_by_its_digest(finished: Finished) -> None:
    digest = finished.contract["dataset"]["digest"].removeprefix("sha256:")
    content = finished.store.objects[f"{MODELS}/datasets/{digest}.json"]
    assert sha256(content) == digest
    images = json.loads(content)["images"]
    assert len(images) == 24
    for image in images:
        assert image["sha256"] == sha256(finished.store.objects[f"{DATASET}/{image['key']}"])
        assert image["side"] in ("train", "holdout")


def test_the_version_is_registered_with_its_origin(finished: Finished) -> None:
    (version,) = finished.mlflow.versions["default.lawn"]
    assert version.source == ARTIFACT
    assert version.run_id == finished.mlflow.runs[0].run_id
    assert version.tags == {
        "dandelion.dev/run": RUN,
        "dandelion.dev/wish": "0123456789",
        "dandelion.dev/dataset-digest": finished.contract["dataset"]["digest"],
        "dandelion.dev/contract-digest": "sha256:" + sha256(finished.store.objects[CONTRACT]),
        "dandelion.dev/image": "training:1",
        "dandelion.dev/git-revision": "abc123",
        "dandelion.dev/precision": finished.contract["precision"]["choice"],
    }


def test_people_find_their_files_in_mlflow(finished: Finished) -> None:
    (logged,) = finished.mlflow.runs
    assert logged.status == "FINISHED"
    assert logged.files["report/confusion-matrix.png"].startswith(b"\x89PNG")
    rejected = json.loads(logged.files["report/rejected.json"])
    assert [item["key"] for item in rejected] == ["blue/notes.txt"]
    assert set(json.loads(logged.files["report/per-class.json"])) == {"blue", "yellow"}
    assert logged.params["architecture"] == "resnet18"
    assert len(logged.metrics["loss"]) == 2
    assert logged.metrics["rejected"] == [1.0]


def test_the_contract_and_mlflow_have_the_evidence_for_the_precision(finished: Finished) -> None:
    found = finished.contract
    assert found["graphs"] == {"fp32": "model.onnx", "int8": "model.int8.xml"}
    precision = found["precision"]
    assert precision["images"] == found["dataset"]["holdout"]
    assert precision["fp32"] == {"accuracy": found["metrics"]["accuracy"]}
    logged = finished.mlflow.runs[0]
    for name in {"int8", "bf16"} & set(precision):
        assert logged.metrics[f"holdout_accuracy_{name}"] == [precision[name]["accuracy"]]
        assert logged.metrics[f"agreement_{name}"] == [precision[name]["agreement"]]
    assert "int8" in precision
    assert logged.metrics["calibration_images"] == [found["dataset"]["train"]]
    assert logged.metrics["quantization_seconds"][0] > 0
    assert logged.tags["dandelion.dev/quantization"] == "done"
    assert logged.tags["dandelion.dev/precision"] == precision["choice"]


def test_the_last_status_says_that_it_succeeded(finished: Finished) -> None:
    status = json.loads(finished.store.objects[STATUS])
    assert (status["state"], status["percent"], status["version"]) == ("succeeded", 100, "1")
    assert (status["images"], status["classes"]) == (24, ["blue", "yellow"])
    assert status["runId"] == finished.mlflow.runs[0].run_id
    assert CHECKPOINT not in finished.store.objects


def test_the_graph_is_plain_onnx_for_any_number_of_images(finished: Finished) -> None:
    graph = onnx.load_from_string(finished.store.objects[GRAPH])
    onnx.checker.check_model(graph)
    batch = graph.graph.input[0].type.tensor_type.shape.dim[0]
    assert batch.dim_param
    assert not any(node.metadata_props for node in graph.graph.node)


class Watched:
    """The run of `finished` once more, by a process that starts with another seed for hashes and
    may write nowhere but into its folder.
    """

    def __init__(self, folder: Path) -> None:
        work = folder / "work"
        work.mkdir()
        environment = {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONHASHSEED": "4711",
            "PYTHONDONTWRITEBYTECODE": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",  # as in the image
            "HOME": str(folder / "home"),
            "TMPDIR": str(work),
            "PATH": os.environ["PATH"],
        }
        program = Path(__file__).with_name("watched.py")
        done = subprocess.run(
            [sys.executable, program, work], env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        result = json.loads((work / "result.json").read_text())
        self.digests: dict[str, str] = result["digests"]
        self.noted: list[str] = result["noted"]
        self.printed = done.stdout.decode()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return Watched(tmp_path_factory.mktemp("watched"))


def test_the_same_seed_and_data_give_the_same_bytes(finished: Finished, watched: Watched) -> None:
    assert watched.digests == {
        uri: sha256(finished.store.objects[uri]) for uri in (GRAPH, WEIGHTS, *INT8, CONTRACT)
    }


def test_a_run_calls_nobody_and_writes_nothing_outside_its_folder(watched: Watched) -> None:
    assert watched.noted == []


def test_a_log_has_no_progress_bars(watched: Watched) -> None:
    assert "quantizing" in watched.printed
    assert "Statistics collection" not in watched.printed


def test_the_same_seed_and_data_give_the_same_bytes_on_two_threads(
    quickly: None, tmp_path: Path
) -> None:
    first, again = (Finished(tmp_path, threads=2, image_size=64, epochs=1) for _ in range(2))
    assert first.contract["training"]["threads"] == 2
    assert sha256(first.store.objects[WEIGHTS]) == sha256(again.store.objects[WEIGHTS])


def test_another_seed_gives_other_weights(
    uninterrupted: Finished, quickly: None, tmp_path: Path
) -> None:
    other = Finished(tmp_path, seed=1)
    assert other.store.objects[WEIGHTS] != uninterrupted.store.objects[WEIGHTS]


def cut_off_at(part: str, occurrence: int = 1) -> Callable[[str], None]:
    """Stop the run right before a write to such a place."""
    seen = 0

    def before_write(uri: str) -> None:
        nonlocal seen
        seen += part in uri
        if seen == occurrence and part in uri:
            raise Interrupted

    return before_write


@pytest.mark.parametrize(
    ("part", "occurrence"),
    [
        pytest.param("/checkpoint/", 1, id="in the first epoch"),
        pytest.param("/checkpoint/", 2, id="in the second epoch"),
        pytest.param("model.safetensors", 1, id="in the middle of the upload"),
        pytest.param("contract.json", 1, id="before the contract"),
    ],
)
def test_a_run_that_was_cut_off_ends_like_one_that_was_not(
    uninterrupted: Finished, quickly: None, tmp_path: Path, part: str, occurrence: int
) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    store.objects[f"{DATASET}/blue/notes.txt"] = b"not an image"
    store.before_write = cut_off_at(part, occurrence)
    with pytest.raises(Interrupted):
        run(task(tmp_path, store, mlflow))
    store.before_write = lambda uri: None
    assert run(task(tmp_path, store, mlflow)) == "1"
    for uri in (WEIGHTS, GRAPH, *INT8, CONTRACT):
        assert sha256(store.objects[uri]) == sha256(uninterrupted.store.objects[uri]), uri
    assert len(mlflow.runs) == 1
    assert len(mlflow.versions["default.lawn"]) == 1
    assert CHECKPOINT not in store.objects
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", ["create_model_version", "set_terminated"])
def test_an_mlflow_that_fails_after_the_upload_costs_no_training(
    finished: Finished, tmp_path: Path, call: str
) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    store.objects = {CONTRACT: finished.store.objects[CONTRACT]}
    mlflow.outages[call] = [ConnectionError("away")] * 2
    with pytest.raises(TrainingFailure) as caught:
        run(task(tmp_path, store, mlflow))
    assert caught.value.reason is Reason.REGISTRY_UNREACHABLE
    assert run(task(tmp_path, store, mlflow)) == "1"
    assert len(mlflow.versions["default.lawn"]) == 1
    assert json.loads(store.objects[STATUS])["state"] == "succeeded"


def test_a_checkpoint_of_other_data_is_not_resumed(
    uninterrupted: Finished, quickly: None, tmp_path: Path
) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    store.objects[f"{DATASET}/blue/notes.txt"] = b"not an image"
    store.objects[f"{DATASET}/blue/later.png"] = encoded(picture(4321, (40, 60, 200)))
    store.before_write = cut_off_at("/checkpoint/", 2)
    with pytest.raises(Interrupted):
        run(task(tmp_path, store, mlflow))
    del store.objects[f"{DATASET}/blue/later.png"]
    store.before_write = lambda uri: None
    run(task(tmp_path, store, mlflow))
    assert store.objects[WEIGHTS] == uninterrupted.store.objects[WEIGHTS]


def test_a_broken_checkpoint_is_not_resumed(quickly: None, tmp_path: Path) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    store.objects[CHECKPOINT] = b"no safetensors"
    run(task(tmp_path, store, mlflow, epochs=1))
    assert len(mlflow.runs[0].metrics["loss"]) == 1


def test_a_graph_that_disagrees_is_a_mismatch(finished: Finished, tmp_path: Path) -> None:
    graph = tmp_path / "model.onnx"
    graph.write_bytes(finished.store.objects[GRAPH])
    network = short_resnet(num_classes=2)
    network.load_state_dict(safetensors.torch.load(finished.store.objects[WEIGHTS]))
    images = torch.rand(3, 3, 32, 32)
    assert prove(network, graph, images) < 1e-4
    with torch.no_grad():
        network.get_parameter("fc.bias").add_(0.1)
    with pytest.raises(TrainingFailure, match="not published") as caught:
        prove(network, graph, images)
    assert (caught.value.reason, caught.value.exit_code) == (Reason.ARTIFACT_MISMATCH, 64)


def test_an_artifact_is_not_published_unless_it_is_proven(
    quickly: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prove_wrong(*_: object) -> float:
        raise TrainingFailure(Reason.ARTIFACT_MISMATCH, "differs")

    monkeypatch.setattr(artifact, "prove", prove_wrong)
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    with pytest.raises(TrainingFailure):
        run(task(tmp_path, store, mlflow, epochs=1))
    assert not any(uri.startswith(ARTIFACT) for uri in store.objects)
    assert mlflow.versions == {}


def test_a_rate_that_is_far_too_high_is_told_as_divergence(quickly: None, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailure, match=r"Lower training\.learningRate") as caught:
        Finished(tmp_path, learning_rate=1e30, epochs=3)
    assert (caught.value.reason, caught.value.exit_code) == (Reason.TRAINING_DIVERGED, 64)


def test_the_champions_weights_are_a_better_start_than_chance(
    uninterrupted: Finished, quickly: None, tmp_path: Path
) -> None:
    store, mlflow = MemoryStore(), FakeMlflow()
    with_dataset(store, DATASET)
    champion = "s3://models/default/lawn/champion/model.safetensors"
    store.objects[champion] = uninterrupted.store.objects[WEIGHTS]
    frozen: dict[str, Any] = {"epochs": 1, "learning_rate": 1e-12, "initial_weights": champion}
    run(task(tmp_path, store, mlflow, **frozen))
    before = safetensors.torch.load(store.objects[champion])
    after = safetensors.torch.load(store.objects[WEIGHTS])
    assert torch.allclose(before["fc.weight"], after["fc.weight"], atol=1e-6)


@pytest.mark.parametrize(
    ("weights", "content", "named"),
    [
        ("imagenet", None, "s3://models/pretrained/resnet18-imagenet.safetensors"),
        ("s3://models/gone.safetensors", None, "no weights at s3://models/gone.safetensors"),
        ("s3://models/x.safetensors", b"pickle?", "is not a safetensors file"),
        (
            "s3://models/x.safetensors",
            safetensors.torch.save({"conv1.weight": torch.zeros(1)}),
            "another architecture",
        ),
        ("best", None, "write none, imagenet, champion or s3://"),
    ],
)
def test_starting_weights_that_cannot_be_used_are_named(
    quickly: None, tmp_path: Path, weights: str, content: bytes | None, named: str
) -> None:
    store = MemoryStore()
    with_dataset(store, DATASET)
    if content is not None:
        store.objects[weights] = content
    with pytest.raises(TrainingFailure, match=named) as caught:
        run(task(tmp_path, store, FakeMlflow(), initial_weights=weights))
    assert (caught.value.reason, caught.value.exit_code) == (Reason.WEIGHTS_UNAVAILABLE, 64)
