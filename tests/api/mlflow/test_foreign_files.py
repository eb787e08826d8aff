"""Files of runs lie in one bucket, which MLflow reads for everybody: a version of one's own that
names another namespace's as its source shows none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from dandelion_local import tools

from tests.api.mlflow.server import API, ASKS, Mlflow, started
from tests.keys.minio import ROOT, Store
from tests.keys.minio import running as minio

OURS, THEIRS, MODEL = "burglars", "jewellers", "safe"
FILE = "secret.txt"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
SECRET = b"what nobody else may read"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    tools.ensure(tools.holding(["minio"]))
    with minio(tmp_path_factory.mktemp("minio")) as found:
        yield found


@pytest.fixture(scope="module")
def over_s3(
    mlflow: Mlflow, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mlflow]:
    """Another one, with the rights of the first, that keeps files where the chart has them."""
    folder: Path = tmp_path_factory.mktemp("over-s3")
    (folder / "kubeconfig").write_bytes((mlflow.folder / "kubeconfig").read_bytes())
    environment = {
        "MLFLOW_S3_ENDPOINT_URL": store.url,
        "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE": "path",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": ROOT[0],
        "AWS_SECRET_ACCESS_KEY": ROOT[1],
    }
    for namespace in (OURS, THEIRS):
        mlflow.api.kubectl("create", "namespace", namespace)
    with started(folder, ASKS, "s3://mlflow/artifacts", **environment) as url:
        yield Mlflow(url, mlflow.api, folder)


ROLES = ("dandelion-mlflow-view", "dandelion-mlflow-edit", "dandelion-mlflow-admin")


@dataclass(frozen=True)
class Theirs:
    """A file of a run of theirs, where it lies, and a token of each of the two."""

    experiment: str
    run: str
    folder: str
    them: str
    me: str


@pytest.fixture(scope="module")
def theirs(over_s3: Mlflow, store: Store) -> Theirs:
    them, me = (over_s3.account(f"{name}:owner", *ROLES) for name in (THEIRS, OURS))

    def post(token: str, namespace: str, path: str, **body: str) -> Any:
        answer = over_s3.ask(token, namespace, "POST", f"{API}{path}", json=body)
        return answer.raise_for_status().json()

    experiment = post(them, THEIRS, "/experiments/create", name=MODEL)["experiment_id"]
    info = post(them, THEIRS, "/runs/create", experiment_id=experiment)["run"]["info"]
    path = info["artifact_uri"].removeprefix("mlflow-artifacts:/")
    file = f"{FILES}/{path}/{FILE}"
    over_s3.ask(them, THEIRS, "PUT", file, content=SECRET).raise_for_status()
    (name,) = store.names("mlflow")
    post(me, OURS, "/registered-models/create", name=MODEL)
    return Theirs(
        experiment, info["run_id"], f"s3://mlflow/{name.removesuffix(f'/{FILE}')}", them, me
    )


def test_whose_the_run_is_reads_its_files(over_s3: Mlflow, theirs: Theirs) -> None:
    query = {"run_id": theirs.run, "path": FILE}
    assert over_s3.ask(theirs.them, THEIRS, "GET", "/get-artifact", params=query).content == SECRET
    for namespace in (THEIRS, OURS):
        answer = over_s3.ask(theirs.me, namespace, "GET", "/get-artifact", params=query)
        assert answer.is_client_error


@pytest.mark.parametrize("deep", [True, False], ids=["the run's folder", "everybody's"])
def test_a_version_whose_source_is_theirs_shows_no_file(
    over_s3: Mlflow, theirs: Theirs, deep: bool
) -> None:
    root, _, rest = theirs.folder.partition("/workspaces/")
    source, path = (theirs.folder, FILE) if deep else (root, f"workspaces/{rest}/{FILE}")
    made = over_s3.ask(
        *(theirs.me, OURS, "POST", f"{API}/model-versions/create"),
        json={"name": MODEL, "source": source},
    )
    version = made.raise_for_status().json()["model_version"]["version"]
    query = {"name": MODEL, "version": version, "path": path}
    answer = over_s3.ask(theirs.me, OURS, "GET", "/model-versions/get-artifact", params=query)
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert "its source may lie in another namespace" in answer.json()["message"]


TRACE_FILES = "/ajax-api/2.0/mlflow/get-trace-artifact"


def traced(over_s3: Mlflow, token: str, namespace: str, experiment: str) -> tuple[str, str]:
    """A new trace, and where it is said to keep its files."""
    body = {"experiment_id": experiment, "timestamp_ms": 1}
    answer = over_s3.ask(token, namespace, "POST", f"{API}/traces", json=body)
    trace = answer.raise_for_status().json()["trace_info"]
    tags = {item["key"]: item["value"] for item in trace["tags"]}
    return trace["request_id"], tags["mlflow.artifactLocation"]


def test_a_trace_that_says_its_files_are_theirs_shows_none(over_s3: Mlflow, theirs: Theirs) -> None:
    def read(token: str, namespace: str, trace: str) -> httpx.Response:
        query = {"request_id": trace}
        return over_s3.ask(token, namespace, "GET", TRACE_FILES, params=query)

    def put(token: str, namespace: str, location: str, content: bytes) -> None:
        file = f"{FILES}/{location.removeprefix('mlflow-artifacts:/')}/traces.json"
        over_s3.ask(token, namespace, "PUT", file, content=content).raise_for_status()

    made = over_s3.ask(theirs.me, OURS, "POST", f"{API}/experiments/create", json={"name": "tools"})
    experiment = made.raise_for_status().json()["experiment_id"]
    foreign, place = traced(over_s3, theirs.them, THEIRS, theirs.experiment)
    own, own_place = traced(over_s3, theirs.me, OURS, experiment)
    put(theirs.them, THEIRS, place, SECRET)
    put(theirs.me, OURS, own_place, b"ours")
    assert read(theirs.them, THEIRS, foreign).content == SECRET
    assert read(theirs.me, OURS, own).content == b"ours"
    said = {"key": "mlflow.artifactLocation", "value": place}
    over_s3.ask(theirs.me, OURS, "PATCH", f"{API}/traces/{own}/tags", json=said).raise_for_status()
    answer = read(theirs.me, OURS, own)
    assert (answer.status_code, SECRET in answer.content) == (httpx.codes.FORBIDDEN, False)


def named(over_s3: Mlflow, theirs: Theirs, name: str, **tags: str) -> httpx.Response:
    """What is shown of the files of a trace of ours by that name."""
    wanted = f"traces of {name}"
    made = over_s3.ask(theirs.me, OURS, "POST", f"{API}/experiments/create", json={"name": wanted})
    experiment = made.raise_for_status().json()["experiment_id"]
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    told = {
        "trace_id": name,
        "trace_location": place,
        "request_time": "2026-01-01T00:00:00Z",
        "execution_duration": "1s",
        "state": "OK",
        "tags": tags,
    }
    body = {"trace": {"trace_info": told}}
    over_s3.ask(theirs.me, OURS, "POST", "/api/3.0/mlflow/traces", json=body).raise_for_status()
    return over_s3.ask(theirs.me, OURS, "GET", TRACE_FILES, params={"request_id": name})


def test_nor_does_one_whose_name_leads_out_of_its_experiment(
    over_s3: Mlflow, theirs: Theirs
) -> None:
    """Whoever writes a trace names it, and its files lie where the name says."""
    foreign, _ = traced(over_s3, theirs.them, THEIRS, theirs.experiment)
    name = f"../../../{THEIRS}/{theirs.experiment}/traces/{foreign}"
    assert named(over_s3, theirs, name).status_code == httpx.codes.FORBIDDEN


def test_nor_does_one_that_is_said_to_be_in_an_archive(over_s3: Mlflow, theirs: Theirs) -> None:
    tags = {
        "mlflow.trace.spansLocation": "ARCHIVE_REPO",
        "mlflow.trace.archiveLocation": theirs.folder,
    }
    assert named(over_s3, theirs, "tr-1", **tags).status_code == httpx.codes.FORBIDDEN
