"""One apply: from a folder of images to a served model, and away again."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.operators import scale
from tests.e2e.world import COLOURS, LIMIT, TINY, World, colours, picture

NAME = "colours"


class ReadyWatch(threading.Thread):
    """Compares, all the while, what Ready says with what the service answers."""

    def __init__(self, world: World, image: bytes) -> None:
        super().__init__(daemon=True)
        self.world, self.image = world, image
        self.lies: list[str] = []
        self.saw_not_ready = self.saw_ready = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.3):
            ready = self.world.condition(NAME, "Ready").get("status") == "True"
            self.saw_ready += ready
            self.saw_not_ready += not ready
            if ready:
                try:
                    answer = self.world.predict(NAME, self.image)
                    if answer.status_code != 200:
                        self.lies.append(f"Ready, but answered {answer.status_code}")
                except httpx.HTTPError as error:
                    self.lies.append(f"Ready, but {error!r}")


@pytest.fixture(scope="module")
def served(world: World) -> World:
    """The world with one ModelDeployment applied and waited for as a newcomer would."""
    uri = world.upload("colours", colours())
    watch = ReadyWatch(world, picture(COLOURS["red"], 99))
    world.apply(NAME, {"dataset": {"storageUri": uri}, "training": TINY})
    watch.start()
    ready = ("wait", "--for=condition=Ready", f"mdep/{NAME}", f"--timeout={LIMIT}s")
    world.kubectl(*ready, timeout=LIMIT + 10)
    # Not a moment later and not a second try: Ready means that it answers now.
    answer = world.predict(NAME, picture(COLOURS["red"], 99))
    assert answer.status_code == 200, answer.text
    world.until("it was seen Ready a few times", lambda: watch.saw_ready >= 3)
    watch.ended.set()
    watch.join(30)
    assert watch.saw_not_ready > 0
    assert watch.lies == []
    return world


@pytest.mark.parametrize("label", sorted(COLOURS))
def test_an_unseen_image_gets_its_class(served: World, label: str) -> None:
    answer = served.predict(NAME, picture(COLOURS[label], 77)).json()
    assert answer["model"] == {"name": NAME, "version": "1"}
    (prediction,) = answer["predictions"]
    assert prediction["label"] == label
    assert set(prediction["scores"]) == set(COLOURS)
    assert prediction["probability"] == max(prediction["scores"].values())
    assert sum(prediction["scores"].values()) == pytest.approx(1, abs=1e-3)


def test_several_files_in_one_form_get_an_answer_each_in_order(served: World) -> None:
    files = [
        ("file", (f"{label}.png", picture(COLOURS[label], 55), "image/png"))
        for label in ("green", "blue")
    ]
    answer = httpx.post(f"{served.url(NAME)}/predict", files=files, timeout=30).json()
    assert [prediction["label"] for prediction in answer["predictions"]] == ["green", "blue"]


def test_every_condition_but_drifts_is_true_and_of_this_generation(served: World) -> None:
    resource = served.get("mdep", NAME)
    generation = resource["metadata"]["generation"]
    seen = {
        c["type"]: (c["status"], c["reason"], c["observedGeneration"])
        for c in resource["status"]["conditions"]
    }
    # Nobody has sent an image yet, and so small a holdout has no thresholds.
    drift, _, of = seen.pop("DriftDetected")
    assert (drift, of) == ("Unknown", generation)
    assert seen == {
        "Accepted": ("True", "Valid", generation),
        "Trained": ("True", "TrainingComplete", generation),
        "Promoted": ("True", "VersionPromoted", generation),
        "RolledOut": ("True", "ReplicasAvailable", generation),
        "Ready": ("True", "Serving", generation),
    }


def test_the_status_tells_the_whole_story(served: World) -> None:
    status = served.status(NAME)
    assert status["champion"]["version"] == "1"
    assert status["champion"]["metrics"]["accuracy"] >= 0.8
    assert status["champion"]["servedReplicas"] == 1
    assert status["training"]["progressPercent"] == 100
    assert sorted(status["dataset"]["classes"]) == sorted(COLOURS)
    assert status["dataset"]["images"] == len(colours())
    assert status["dataset"]["version"].startswith("sha256:")
    assert sum(status["dataset"]["holdoutByClass"].values()) == status["dataset"]["holdout"] > 0
    assert status["evaluation"]["challenger"] == "1"
    assert status["evaluation"]["verdict"] == "promoted"
    assert status["url"] == f"http://{NAME}-inference.{served.namespace}.svc"
    assert status["history"][0]["version"] == "1"
    assert status["history"][0]["reason"]


def test_kubectl_get_shows_ready_champion_phase_and_url(served: World) -> None:
    header, row = served.kubectl("get", "mdep", NAME).splitlines()
    assert header.split() == ["NAME", "READY", "CHAMPION", "CHALLENGER", "PHASE", "URL", "AGE"]
    assert row.split()[:3] == [NAME, "True", "1"]
    assert f"http://{NAME}-inference.{served.namespace}.svc" in row


def test_the_registered_version_names_what_it_is_made_of(served: World) -> None:
    (version,) = served.versions(NAME)
    tags = {tag["key"]: tag["value"] for tag in version["tags"]}
    assert served.aliases(NAME) == {"champion": "1"}
    bucket, prefix = _split(version["source"])
    body = served.s3.get_object(bucket, f"{prefix}/contract.json").read()
    assert tags["dandelion.dev/contract-digest"] == f"sha256:{hashlib.sha256(body).hexdigest()}"
    contract = json.loads(body)
    assert contract["dataset"]["digest"] == tags["dandelion.dev/dataset-digest"]
    assert contract["classes"] == sorted(COLOURS)
    for name, file in contract["files"].items():
        content = served.s3.get_object(bucket, f"{prefix}/{name}").read()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert len(content) == file["bytes"]
    assert not [name for name in contract["files"] if name.endswith((".pt", ".pth", ".pkl"))]


def test_the_run_in_mlflow_has_metrics_and_the_confusion_matrix(served: World) -> None:
    (version,) = served.versions(NAME)
    run = served.mlflow.get("/api/2.0/mlflow/runs/get", params={"run_id": version["run_id"]})
    metrics = {metric["key"] for metric in run.json()["run"]["data"]["metrics"]}
    assert {"accuracy", "macroF1"} <= metrics
    listing = served.mlflow.get(
        "/api/2.0/mlflow/artifacts/list",
        params={"run_id": version["run_id"], "path": "report"},
    )
    files = {Path(file["path"]).name for file in listing.json()["files"]}
    assert {"confusion-matrix.png", "per-class.json", "rejected.json"} <= files


def test_a_second_apply_of_the_same_changes_nothing(served: World) -> None:
    before = {pod["metadata"]["uid"] for pod in served.owned("pods", NAME)}
    jobs = [job["metadata"]["name"] for job in served.owned("jobs", NAME)]
    manifest = served.get("mdep", NAME)
    served.apply(NAME, manifest["spec"])
    served.kubectl("annotate", "mdep", NAME, "--overwrite", "example.org/note=hello")
    time.sleep(5)
    assert {pod["metadata"]["uid"] for pod in served.owned("pods", NAME)} == before
    assert [job["metadata"]["name"] for job in served.owned("jobs", NAME)] == jobs
    assert len(served.versions(NAME)) == 1


def test_kubectl_scale_adds_a_replica_without_restarting_the_first(served: World) -> None:
    before = {p["metadata"]["uid"] for p in _serving_pods(served)}
    served.kubectl("scale", f"mdep/{NAME}", "--replicas=2")
    served.until(
        "two replicas", lambda: served.status(NAME).get("champion", {}).get("servedReplicas") == 2
    )
    assert before < {p["metadata"]["uid"] for p in _serving_pods(served)}


def test_deleting_it_while_the_operator_is_down_removes_its_children(served: World) -> None:
    (version,) = served.versions(NAME)
    bucket, prefix = _split(version["source"])
    try:
        scale(served.cluster, 0)
        served.kubectl("delete", "mdep", NAME)
        kinds = ("deployments", "services", "jobs", "secrets", "pods")
        served.until(
            "no child is left",
            lambda: not [child for kind in kinds for child in served.owned(kind, NAME)],
        )
    finally:
        scale(served.cluster, 1)
    assert served.versions(NAME), "the registered model outlives the resource"
    assert served.s3.stat_object(bucket, f"{prefix}/contract.json").size


def _serving_pods(world: World) -> list[dict[str, dict[str, str]]]:
    selector = f"dandelion.dev/modeldeployment={NAME},app.kubernetes.io/component=inference"
    pods: list[dict[str, dict[str, str]]] = world.get("pods", selector=selector)
    return pods


def _split(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    return parts.netloc, parts.path.strip("/")
