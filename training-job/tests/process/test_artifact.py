"""A real run: its artifact, what MLflow shows, and that it does the same again and nothing else."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
import safetensors.torch
import torch
import torchvision.models
from dandelion_pictures import VERSION
from dandelion_training.export.density import LogDensity, WithLogDensity
from dandelion_training.export.graph import prove
from dandelion_training.ports.failures import Reason, TrainingFailure
from given.processors import ONE_OLD
from given.runs import (
    ARTIFACT,
    CHECKPOINT,
    CONTRACT,
    DATASET,
    GRAPH,
    INT8,
    MODELS,
    RUN,
    STATUS,
    WEIGHTS,
    Finished,
    sha256,
    short_resnet,
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The same with a real ResNet, its export, OpenVINO and NNCF."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torchvision.models, "resnet18", short_resnet)
        return Finished(tmp_path_factory.mktemp("work"))


class Watched:
    """The run of `finished` once more, by a process that starts with another seed for hashes and
    other code of BLAS, and may write nowhere but into its folder.
    """

    def __init__(self, folder: Path) -> None:
        work = folder / "work"
        work.mkdir()
        environment = ONE_OLD | {
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
    assert found["logDensity"] == {"name": "log_density", "shape": [None]}
    features = found["referenceStatistics"]["answers"]["features"]
    assert found["features"] == {"name": "features", "shape": [None, len(features)]}
    assert found["calibration"]["unknownScore"] == "maxProbabilityPlusLogDensity"
    assert found["preprocessing"]["resizeShortSide"] == 36
    assert found["preprocessing"]["centerCrop"] == 32
    dataset = found["dataset"]
    assert (dataset["images"], dataset["lineage"]) == (24, [])
    assert dataset["train"] + dataset["holdout"] == 24
    assert sum(figures["support"] for figures in found["perClass"].values()) == dataset["holdout"]
    assert found["reader"] == {"name": "dandelion-pictures", "version": VERSION}
    assert found["training"]["threads"] == 1
    assert found["training"]["balanceClasses"] is True
    assert found["training"]["augmentation"] == {"strength": "light", "mirror": False}
    assert found["training"]["gitRevision"] == "abc123"
    assert set(found["metrics"]) == {"accuracy", "macroF1"}


def test_the_dataset_version_is_named_by_its_digest(finished: Finished) -> None:
    digest = finished.contract["dataset"]["digest"].removeprefix("sha256:")
    stored = finished.store.objects[f"{MODELS}/datasets/{digest}/manifest.jsonl.gz"]
    content = gzip.decompress(stored)
    assert sha256(content) == digest
    header, *images = map(json.loads, content.splitlines())
    assert header["classes"] == ["blue", "yellow"]
    assert len(images) == 24
    for image in images:
        assert image["sha256"] == sha256(finished.store.objects[f"{DATASET}/{image['key']}"])
        assert image["split"] in ("train", "holdout")


def test_the_version_is_registered_with_its_origin(finished: Finished) -> None:
    (version,) = finished.mlflow.versions["default.lawn"]
    assert version.source == ARTIFACT
    assert version.run_id == finished.mlflow.runs[0].run_id
    (evaluation,) = (uri for uri in finished.store.objects if uri.endswith("/evaluation.json"))
    assert version.tags == {
        "dandelion.dev/run": RUN,
        "dandelion.dev/training-hash": "0123456789",
        "dandelion.dev/wish": "0123456789",
        "dandelion.dev/trigger": "Schedule",
        "dandelion.dev/trigger-message": "due 2026-11-29T03:00:00Z",
        "dandelion.dev/dataset-digest": finished.contract["dataset"]["digest"],
        "dandelion.dev/contract-digest": "sha256:" + sha256(finished.store.objects[CONTRACT]),
        "dandelion.dev/evaluation-digest": "sha256:" + sha256(finished.store.objects[evaluation]),
        "dandelion.dev/image": "training:1",
        "dandelion.dev/git-revision": "abc123",
        "dandelion.dev/precision": finished.contract["precision"]["choice"],
    }


def test_people_find_their_files_in_mlflow(finished: Finished) -> None:
    (logged,) = finished.mlflow.runs
    assert logged.status == "FINISHED"
    assert logged.files["report/confusion-matrix.png"].startswith(b"\x89PNG")
    rejected = json.loads(logged.files["report/rejected.json"])
    assert [item["key"] for item in rejected] == ["blue/notes.jpg"]
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


def initializers(graph: Path) -> list[onnx.TensorProto]:
    return list(onnx.load(graph).graph.initializer)


def test_a_graph_that_disagrees_is_a_mismatch(finished: Finished, tmp_path: Path) -> None:
    graph = tmp_path / "model.onnx"
    graph.write_bytes(finished.store.objects[GRAPH])
    network = short_resnet(num_classes=2)
    network.load_state_dict(safetensors.torch.load(finished.store.objects[WEIGHTS]))
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in initializers(graph)}
    log_density = LogDensity(stored["log_density.mean"], stored["log_density.whitening"])
    whole = WithLogDensity(network, log_density)
    images = torch.rand(3, 3, 32, 32)
    assert prove(whole, graph, images) < 1e-4
    with torch.no_grad():
        network.get_parameter("fc.bias").add_(0.1)
    with pytest.raises(TrainingFailure, match="not published") as caught:
        prove(whole, graph, images)
    assert (caught.value.reason, caught.value.exit_code) == (Reason.ARTIFACT_MISMATCH, 64)


def test_the_same_seed_and_data_give_the_same_bytes(finished: Finished, watched: Watched) -> None:
    assert watched.digests == {
        uri: sha256(finished.store.objects[uri]) for uri in (GRAPH, WEIGHTS, *INT8, CONTRACT)
    }


def test_a_run_calls_nobody_and_writes_nothing_outside_its_folder(watched: Watched) -> None:
    assert watched.noted == []


def test_a_log_has_no_progress_bars(watched: Watched) -> None:
    assert "quantizing" in watched.printed
    assert "Statistics collection" not in watched.printed
