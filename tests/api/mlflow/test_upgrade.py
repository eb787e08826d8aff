"""An installation that let everybody in comes to ask the cluster, and keeps what it had."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from dandelion_local import tools

from tests.api.mlflow.server import API, ASKS, Mlflow, started
from tests.keys.minio import ROOT, Store
from tests.keys.minio import running as minio

EVERYBODY = {"mlflow": {"auth": {"mode": "None"}}}
TEAM, MODEL, HERS = "allotment", "allotment.beans", "default.lawn"
REPORT = b"<p>all is well</p>"
FILES = "/api/2.0/mlflow-artifacts/artifacts"


@dataclass(frozen=True)
class Before:
    """What a registry that asks nobody holds, and where it keeps it."""

    folder: Path
    store: Store
    runs: dict[str, str]

    @property
    def database(self) -> Path:
        """A copy of it, as it is before an upgrade."""
        return self.folder / "before.db"

    def environment(self) -> dict[str, str]:
        return {
            "MLFLOW_S3_ENDPOINT_URL": self.store.url,
            "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE": "path",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": ROOT[0],
            "AWS_SECRET_ACCESS_KEY": ROOT[1],
        }


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Before]:
    tools.ensure(tools.holding(["minio"]))
    folder = tmp_path_factory.mktemp("upgraded")
    with minio(tmp_path_factory.mktemp("minio")) as store:
        found = Before(folder, store, {})
        with (
            started(folder, EVERYBODY, "s3://mlflow/files", **found.environment()) as url,
            httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
        ):
            for model in (MODEL, HERS):
                found.runs[model] = registered(client, model)
        shutil.copy(folder / "mlflow.db", found.database)
        yield found


def registered(client: httpx.Client, model: str) -> str:
    """A version with the alias champion, of a run with a report; the run's ID."""

    def post(path: str, **body: object) -> httpx.Response:
        return client.post(f"{API}{path}", json=body).raise_for_status()

    experiment = post("/experiments/create", name=model).json()["experiment_id"]
    info = post("/runs/create", experiment_id=experiment).json()["run"]["info"]
    path = info["artifact_uri"].removeprefix("mlflow-artifacts:")
    client.put(f"{FILES}{path}/report/report.html", content=REPORT).raise_for_status()
    post("/registered-models/create", name=model)
    source = f"s3://models/{model.replace('.', '/')}/a/artifact"
    post("/model-versions/create", name=model, source=source, run_id=info["run_id"])
    post("/registered-models/alias", name=model, alias="champion", version="1")
    return str(info["run_id"])


def test_models_and_files_of_runs_follow_into_their_namespaces(
    before: Before, mlflow: Mlflow
) -> None:
    mlflow.api.kubectl("create", "namespace", TEAM)
    roles = ("dandelion-mlflow-view",)
    tokens = {
        TEAM: mlflow.account(f"{TEAM}:view", *roles),
        "default": mlflow.account("default:view", *roles),
    }
    config = {"KUBECONFIG": str(mlflow.folder / "kubeconfig")}
    again = before.environment() | config
    for _ in range(2):
        with started(before.folder, ASKS, "s3://mlflow/files", **again) as url:
            upgraded = Mlflow(url, mlflow.api, before.folder)
            for model, namespace in ((MODEL, TEAM), (HERS, "default")):
                holds(upgraded, tokens[namespace], namespace, model, before.runs[model])
            strange = upgraded.ask(
                tokens[TEAM], TEAM, "GET", f"{API}/runs/get", params={"run_id": before.runs[HERS]}
            )
            assert strange.is_client_error
    with (
        started(before.folder, EVERYBODY, "s3://mlflow/files", **before.environment()) as url,
    ):
        back = Mlflow(url, mlflow.api, before.folder)
        for model in (MODEL, HERS):
            holds(back, None, "", model, before.runs[model])


def test_experiments_of_one_name_go_back_as_those_of_their_namespaces(
    before: Before, mlflow: Mlflow, tmp_path: Path
) -> None:
    name, wanted = "trials", ["trials", f"{TEAM}.trials"]
    shutil.copy(before.database, tmp_path / "mlflow.db")
    mlflow.api.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}}, "--server-side"
    )
    roles = ("dandelion-mlflow-view", "dandelion-mlflow-edit")
    tokens = {space: mlflow.account(f"{space}:trier", *roles) for space in (TEAM, "default")}
    again = before.environment() | {"KUBECONFIG": str(mlflow.folder / "kubeconfig")}
    made = {}
    with started(tmp_path, ASKS, "s3://mlflow/files", **again) as url:
        asking = Mlflow(url, mlflow.api, before.folder)
        for space, token in tokens.items():
            answer = asking.ask(
                token, space, "POST", f"{API}/experiments/create", json={"name": name}
            )
            made[space] = answer.raise_for_status().json()["experiment_id"]
    with started(tmp_path, EVERYBODY, "s3://mlflow/files", **before.environment()) as url:
        back = Mlflow(url, mlflow.api, before.folder)
        for space, called in zip(("default", TEAM), wanted, strict=True):
            query = {"experiment_id": made[space]}
            found = back.ask(None, "", "GET", f"{API}/experiments/get", params=query)
            assert found.raise_for_status().json()["experiment"]["name"] == called
    with started(tmp_path, ASKS, "s3://mlflow/files", **again) as url:
        asking = Mlflow(url, mlflow.api, before.folder)
        query = {"experiment_name": f"{TEAM}.{name}"}
        path = f"{API}/experiments/get-by-name"
        found = asking.ask(tokens[TEAM], TEAM, "GET", path, params=query)
        assert found.raise_for_status().json()["experiment"]["experiment_id"] == made[TEAM]


def test_a_run_of_between_keeps_its_files(before: Before, mlflow: Mlflow, tmp_path: Path) -> None:
    """From asking to letting everybody in, where a run is made, and to asking again."""
    mlflow.api.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}}, "--server-side"
    )
    token = mlflow.account(f"{TEAM}:goer", "dandelion-mlflow-view", "dandelion-mlflow-edit")
    again = before.environment() | {"KUBECONFIG": str(mlflow.folder / "kubeconfig")}
    runs = []

    def run_in(server: Mlflow, key: str | None, space: str, experiment: str) -> None:
        made = server.ask(
            key, space, "POST", f"{API}/runs/create", json={"experiment_id": experiment}
        )
        info = made.raise_for_status().json()["run"]["info"]
        path = info["artifact_uri"].removeprefix("mlflow-artifacts:")
        server.ask(
            key, space, "PUT", f"{FILES}{path}/report/report.html", content=REPORT
        ).raise_for_status()
        runs.append(info["run_id"])

    with started(tmp_path, ASKS, "s3://mlflow/files", **again) as url:
        server = Mlflow(url, mlflow.api, before.folder)
        named = {"name": f"{TEAM}.peas"}
        made = server.ask(token, TEAM, "POST", f"{API}/experiments/create", json=named)
        experiment = made.raise_for_status().json()["experiment_id"]
        run_in(server, token, TEAM, experiment)
    with started(tmp_path, EVERYBODY, "s3://mlflow/files", **before.environment()) as url:
        run_in(Mlflow(url, mlflow.api, before.folder), None, "", experiment)
    with started(tmp_path, ASKS, "s3://mlflow/files", **again) as url:
        server = Mlflow(url, mlflow.api, before.folder)
        for run in runs:
            query = {"run_id": run, "path": "report"}
            listed = server.ask(token, TEAM, "GET", f"{API}/artifacts/list", params=query)
            files = listed.raise_for_status().json()["files"]
            assert [item["path"] for item in files] == ["report/report.html"]


def holds(mlflow: Mlflow, token: str | None, namespace: str, model: str, run: str) -> None:
    """A caller finds version, alias, run and report of a model."""

    def get(path: str, /, **query: str) -> httpx.Response:
        return mlflow.ask(token, namespace, "GET", path, params=query).raise_for_status()

    found = get(f"{API}/registered-models/get", name=model).json()["registered_model"]
    assert [(item["alias"], item["version"]) for item in found["aliases"]] == [("champion", "1")]
    info = get(f"{API}/runs/get", run_id=run).json()["run"]["info"]
    listed = get(f"{API}/artifacts/list", run_id=run, path="report").json()["files"]
    assert [item["path"] for item in listed] == ["report/report.html"]
    path = info["artifact_uri"].removeprefix("mlflow-artifacts:")
    assert get(f"{FILES}{path}/report/report.html").content == REPORT
    assert get("/get-artifact", run_uuid=run, path="report/report.html").content == REPORT


def test_mlflow_does_not_start_before_the_files_could_be_copied(
    before: Before, tmp_path: Path
) -> None:
    shutil.copy(before.database, tmp_path / "mlflow.db")
    away = before.environment() | {"MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:9"}
    with (
        pytest.raises(AssertionError, match="it goes on once s3://mlflow/files can be read"),
        started(tmp_path, ASKS, "s3://mlflow/files", **away),
    ):
        pass
