"""One MLflow run and one version for one run of ours, whatever happens in between."""

import json
from typing import Any

import pytest
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.registry import RUN_TAG, Registry
from fakes.mlflow import FakeMlflow, FakeVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import ENDPOINT_NOT_FOUND, PERMISSION_DENIED

MODEL = "default.lawn"


def begun(mlflow: FakeMlflow, run: str = "a1") -> Registry:
    registry = Registry(mlflow, run, "http://mlflow")
    registry.begin(MODEL, {"epochs": "3"}, {"dandelion.dev/training-hash": "w"})
    return registry


def test_a_restarted_pod_goes_on_in_the_same_mlflow_run() -> None:
    mlflow = FakeMlflow()
    first, again = begun(mlflow), begun(mlflow)
    assert first.run_id == again.run_id
    assert [run.tags[RUN_TAG] for run in mlflow.runs] == ["a1"]
    assert mlflow.runs[0].status == "RUNNING"


def test_another_run_has_an_mlflow_run_of_its_own() -> None:
    mlflow = FakeMlflow()
    assert begun(mlflow, "a1").run_id != begun(mlflow, "b2").run_id


def test_a_version_is_registered_once() -> None:
    mlflow = FakeMlflow()
    versions = [begun(mlflow).register(MODEL, "s3://m/a1", {"t": "x"}) for _ in range(3)]
    assert versions == ["1", "1", "1"]
    assert [v.tags for v in mlflow.versions[MODEL]] == [{RUN_TAG: "a1", "t": "x"}]


def test_the_next_run_gets_the_next_version() -> None:
    mlflow = FakeMlflow()
    assert begun(mlflow, "a1").register(MODEL, "s3://m/a1", {}) == "1"
    assert begun(mlflow, "b2").register(MODEL, "s3://m/b2", {}) == "2"


def test_of_two_pods_that_register_at_the_same_moment_the_first_wins() -> None:
    class Racing(FakeMlflow):
        def create_model_version(self, name: str, *args: Any, **kwargs: Any) -> FakeVersion:
            self.versions[name].append(FakeVersion("1", "s3://m/a1", "other", {RUN_TAG: "a1"}))
            return super().create_model_version(name, *args, **kwargs)

    mlflow = Racing()
    assert begun(mlflow).register(MODEL, "s3://m/a1", {}) == "1"
    assert [v.version for v in mlflow.versions[MODEL]] == ["1"]


def test_an_mlflow_that_is_away_for_a_moment_is_asked_again() -> None:
    mlflow = FakeMlflow()
    mlflow.outages["create_run"] = [MlflowException("connection refused")]
    assert begun(mlflow).run_id == "id-1"


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("refused"),
        MlflowException("no", error_code=PERMISSION_DENIED),
    ],
)
def test_an_mlflow_that_stays_away_is_a_reason_to_come_back_later(error: Exception) -> None:
    mlflow = FakeMlflow()
    mlflow.outages["get_experiment_by_name"] = [error] * 9
    with pytest.raises(TrainingFailure, match="http://mlflow") as caught:
        begun(mlflow)
    assert caught.value.reason is Reason.REGISTRY_UNREACHABLE
    assert caught.value.exit_code == 1


def test_figures_are_kept_while_mlflow_is_away_and_sent_later() -> None:
    mlflow = FakeMlflow()
    registry = begun(mlflow)
    mlflow.outages["log_batch"] = [MlflowException("away")]
    registry.measure(1, {"loss": 3.0})
    registry.measure(2, {"loss": 2.0})
    assert mlflow.runs[0].metrics == {"loss": [3.0, 2.0]}


def test_a_failed_run_is_marked_unless_mlflow_is_away() -> None:
    mlflow = FakeMlflow()
    registry = begun(mlflow)
    mlflow.outages["set_terminated"] = [MlflowException("away")]
    registry.abandon()
    assert mlflow.runs[0].status == "RUNNING"
    registry.abandon()
    assert mlflow.runs[0].status == "FAILED"


def test_figures_that_a_former_pod_told_of_are_told_once() -> None:
    mlflow = FakeMlflow()
    begun(mlflow).measure(1, {"loss": 3.0})
    second = begun(mlflow)
    second.measure(1, {"loss": 3.0, "accuracy": 0.5})
    second.measure(2, {"loss": 2.0})
    assert mlflow.runs[0].metrics == {"loss": [3.0, 2.0], "accuracy": [0.5]}


def test_more_figures_than_mlflow_takes_at_once_are_sent_in_portions() -> None:
    mlflow = FakeMlflow()
    registry = begun(mlflow)
    mlflow.outages["log_batch"] = [MlflowException("away")] * 1200
    for epoch in range(1, 1201):
        registry.measure(epoch, {"loss": 1 / epoch})
    registry.measure(1201, {"loss": 0.0})
    assert len(mlflow.runs[0].metrics["loss"]) == 1201


def with_dataset_input(mlflow: FakeMlflow) -> Registry:
    registry = begun(mlflow)
    registry.log_dataset(
        "default/lawn",
        "sha256:" + "0123456789abcdef" * 4,
        "s3://datasets/lawn",
        {"images": 408, "classes": 2},
        "training",
    )
    return registry


def test_the_dataset_version_is_an_input_of_the_run() -> None:
    mlflow = FakeMlflow()
    with_dataset_input(mlflow)
    (given,) = mlflow.runs[0].inputs
    assert given.dataset.name == "default/lawn"
    assert given.dataset.digest == "0123456789abcdef0123456789abcdef0123"
    assert json.loads(given.dataset.source) == {"uri": "s3://datasets/lawn"}
    assert json.loads(given.dataset.profile) == {"images": 408, "classes": 2}
    assert [(tag.key, tag.value) for tag in given.tags] == [("mlflow.data.context", "training")]


@pytest.mark.parametrize(
    "outages",
    [
        [MlflowException("404", error_code=ENDPOINT_NOT_FOUND)],
        [ConnectionError("refused") for _ in range(20)],
    ],
    ids=["it knows no inputs", "it is away"],
)
def test_a_run_goes_on_where_mlflow_takes_no_dataset(outages: list[Exception]) -> None:
    mlflow = FakeMlflow()
    mlflow.outages["log_inputs"] = outages
    registry = with_dataset_input(mlflow)
    assert mlflow.runs[0].inputs == []
    assert registry.register(MODEL, "s3://m/a1", {}) == "1"


def test_a_dataset_reaches_an_mlflow_that_was_away_for_a_moment() -> None:
    mlflow = FakeMlflow()
    mlflow.outages["log_inputs"] = [MlflowException("connection refused")]
    with_dataset_input(mlflow)
    assert len(mlflow.runs[0].inputs) == 1
