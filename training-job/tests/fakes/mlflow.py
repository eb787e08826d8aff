"""MLflow in a dictionary, behind the client's calls that a run makes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mlflow.entities import DatasetInput, Metric
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST


@dataclass
class FakeRun:
    run_id: str
    tags: dict[str, str]
    status: str = "RUNNING"
    params: dict[str, str] = field(default_factory=dict)
    told: list[Metric] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    inputs: list[DatasetInput] = field(default_factory=list)

    @property
    def metrics(self) -> dict[str, list[float]]:
        """Values by name, in the order of the epochs."""
        found: dict[str, list[float]] = {}
        for metric in sorted(self.told, key=lambda metric: metric.step):
            found.setdefault(metric.key, []).append(metric.value)
        return found

    @property
    def data(self) -> Any:
        metrics = {metric.key: metric.value for metric in self.told}
        return SimpleNamespace(metrics=metrics, tags=self.tags)

    @property
    def info(self) -> Any:
        return SimpleNamespace(
            run_id=self.run_id,
            status=self.status,
            start_time=1_790_000_000_000,
            lifecycle_stage="active",
        )


@dataclass
class FakeVersion:
    version: str
    source: str
    run_id: str
    tags: dict[str, str]


class FakeMlflow:
    """The part of MLflow that is used, with its habit of refusing what exists already."""

    def __init__(self) -> None:
        self.experiments: dict[str, str] = {}
        self.runs: list[FakeRun] = []
        self.versions: dict[str, list[FakeVersion]] = {}
        self.aliases: dict[str, str] = {}
        self.calls: list[str] = []
        self.outages: dict[str, list[Exception]] = {}

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.outages.get(name):
            raise self.outages[name].pop(0)

    def _run(self, run_id: str) -> FakeRun:
        return next(run for run in self.runs if run.run_id == run_id)

    def get_experiment_by_name(self, name: str) -> Any:
        self._called("get_experiment_by_name")
        if name not in self.experiments:
            return None
        return SimpleNamespace(experiment_id=self.experiments[name], lifecycle_stage="active")

    def create_experiment(self, name: str) -> str:
        self._called("create_experiment")
        if name in self.experiments:
            raise MlflowException("exists", error_code=RESOURCE_ALREADY_EXISTS)
        self.experiments[name] = str(len(self.experiments) + 1)
        return self.experiments[name]

    def restore_experiment(self, experiment_id: str) -> None:
        self._called("restore_experiment")

    def search_runs(
        self, experiment_ids: list[str], filter_string: str, *, order_by: list[str]
    ) -> list[FakeRun]:
        self._called("search_runs")
        _, tag, _, wanted, _ = filter_string.replace("'", "`").split("`")
        return [run for run in self.runs if run.tags.get(tag) == wanted]

    def get_metric_history(self, run_id: str, key: str) -> list[Metric]:
        self._called("get_metric_history")
        return [metric for metric in self._run(run_id).told if metric.key == key]

    def create_run(self, experiment_id: str, *, tags: dict[str, str], run_name: str) -> FakeRun:
        self._called("create_run")
        self.runs.append(FakeRun(f"id-{len(self.runs) + 1}", dict(tags)))
        return self.runs[-1]

    def update_run(self, run_id: str, status: str) -> None:
        self._run(run_id).status = status

    def set_terminated(self, run_id: str, status: str) -> None:
        self._called("set_terminated")
        self._run(run_id).status = status

    def log_batch(
        self, run_id: str, *, metrics: Any = (), params: Any = (), tags: Any = ()
    ) -> None:
        self._called("log_batch")
        run = self._run(run_id)
        assert len(metrics) <= 1000, "MLflow refuses more at once"
        run.told += metrics
        for param in params:
            if run.params.setdefault(param.key, param.value) != param.value:
                raise MlflowException(f"param {param.key} has another value already")
        run.tags |= {tag.key: tag.value for tag in tags}

    def log_artifact(self, run_id: str, local_path: str, artifact_path: str) -> None:
        self._called("log_artifact")
        path = Path(local_path)
        self._run(run_id).files[f"{artifact_path}/{path.name}"] = path.read_bytes()

    def log_inputs(self, run_id: str, datasets: Sequence[DatasetInput]) -> None:
        self._called("log_inputs")
        for given in datasets:
            assert len(given.dataset.digest) <= 36, "MLflow refuses a longer one"
        self._run(run_id).inputs += datasets

    def create_registered_model(self, name: str) -> None:
        self._called("create_registered_model")
        if name in self.versions:
            raise MlflowException("exists", error_code=RESOURCE_ALREADY_EXISTS)
        self.versions[name] = []

    def search_model_versions(self, filter_string: str) -> list[FakeVersion]:
        self._called("search_model_versions")
        return list(self.versions.get(filter_string.split("'")[1], []))

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str,
        tags: dict[str, str],
        *,
        await_creation_for: int,
    ) -> FakeVersion:
        self._called("create_model_version")
        number = max((int(v.version) for v in self.versions[name]), default=0) + 1
        self.versions[name].append(FakeVersion(str(number), source, run_id, dict(tags)))
        return self.versions[name][-1]

    def delete_model_version(self, name: str, version: str) -> None:
        self._called("delete_model_version")
        self.versions[name] = [v for v in self.versions[name] if v.version != version]

    def get_model_version(self, name: str, version: str) -> FakeVersion:
        self._called("get_model_version")
        for found in self.versions.get(name, []):
            if found.version == version:
                return found
        raise MlflowException("no such version", error_code=RESOURCE_DOES_NOT_EXIST)

    def get_registered_model(self, name: str) -> Any:
        self._called("get_registered_model")
        return SimpleNamespace(aliases=self.aliases)

    def get_run(self, run_id: str) -> FakeRun:
        self._called("get_run")
        for found in self.runs:
            if found.run_id == run_id:
                return found
        raise MlflowException("no such run", error_code=RESOURCE_DOES_NOT_EXIST)
