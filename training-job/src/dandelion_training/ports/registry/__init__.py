"""The MLflow side of a run: one MLflow run and one registered version for each run of ours, however
often it restarts.

Everything is found by the tag dandelion.dev/run before it is made. `pipeline` uses it; only `job`
makes the client.
"""

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import requests
import stamina
import structlog
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from dandelion_training.ports.failures import Reason, TrainingFailure, is_disk_full
from dandelion_training.ports.registry.identity import Identify, nobody
from dandelion_training.ports.registry.tracking import Client

T = TypeVar("T")
log = structlog.get_logger()

RUN_TAG = "dandelion.dev/run"
TRIAL_TAG = "dandelion.dev/trial"
PARENT_TAG = "mlflow.parentRunId"  # by which MLflow shows a run below another
EXISTS = "RESOURCE_ALREADY_EXISTS"
METRICS_AT_ONCE = 1000  # MLflow's limit
OVER = frozenset({"FINISHED", "FAILED"})  # runs
DIGEST_LENGTH = 36  # the most that MLflow keeps of a dataset's digest
CONTEXT_TAG = "mlflow.data.context"
# What a server answers that knows no inputs, or none like this: asking again would not help.
NO_INPUTS = frozenset(
    {"ENDPOINT_NOT_FOUND", "RESOURCE_DOES_NOT_EXIST", "NOT_IMPLEMENTED", "INVALID_PARAMETER_VALUE"}
)
# Every version of a dataset has these columns; MLflow shows them in its own form.
SCHEMA = {
    "mlflow_colspec": [
        {"name": "image", "type": "binary", "required": True},
        {"name": "label", "type": "string", "required": True},
    ]
}
PEOPLE = "report"  # the folder of the MLflow run for files that people read


def connect(tracking_uri: str) -> Client:
    """mlflow's client, kept from retrying on its own (we do) and from calling anyone but the
    server.
    """
    os.environ["MLFLOW_TRACKING_URI"] = tracking_uri
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "15")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    client: Client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    return client


class Registry:
    """The MLflow run and registered version of one run of ours."""

    def __init__(self, client: Client, run: str, address: str, identify: Identify = nobody) -> None:
        self._client = client
        self._identify = identify
        self._run = run
        self._address = address
        self._unsent: list[Metric] = []
        self._known: set[tuple[str, int]] = set()  # names and steps that a former pod told of
        self._experiment_id = ""
        self.run_id = ""

    def begin(self, experiment: str, settings: Mapping[str, str], tags: Mapping[str, str]) -> str:
        """The MLflow run, found or made, and running."""
        self.run_id = self._patiently(lambda: self._found_or_made(experiment, tags))
        params = [Param(name, value) for name, value in settings.items()]
        self._patiently(lambda: self._client.log_batch(self.run_id, params=params))
        return self.run_id

    def tag(self, tags: Mapping[str, str]) -> None:
        listed = [RunTag(name, value) for name, value in tags.items()]
        self._patiently(lambda: self._client.log_batch(self.run_id, tags=listed))

    def measure(self, step: int, figures: Mapping[str, float]) -> None:
        """Tell MLflow of figures, each once however often a run restarts; while it is away they are
        kept, and training goes on.
        """
        now = int(datetime.now(UTC).timestamp() * 1000)
        self._unsent += [
            Metric(name, value, now, step)
            for name, value in figures.items()
            if (name, step) not in self._known
        ]
        self._known |= {(name, step) for name in figures}
        try:
            self._once(self._send)
        except TrainingFailure as failure:
            log.warning("MLflow is away; figures are kept", error=failure.message)

    def attach(self, *files: Path) -> None:
        """Put files for people into the MLflow run."""
        self._patiently(self._send)
        for file in files:
            self._patiently(partial(self._client.log_artifact, self.run_id, str(file), PEOPLE))

    def keep_child(
        self,
        name: str,
        params: Mapping[str, str],
        figures: Mapping[str, Mapping[int, float]],
        tags: Mapping[str, str],
        *,
        failed: bool,
    ) -> None:
        """A run below this one that is over, once however often it is told of.

        `figures` are values by step.
        """
        run_id = self._patiently(lambda: self._child(name, tags))
        if run_id is None:
            return
        now = int(datetime.now(UTC).timestamp() * 1000)
        metrics = [
            Metric(figure, value, now, step)
            for figure, values in figures.items()
            for step, value in values.items()
        ]
        listed = [Param(key, value) for key, value in params.items()]
        status = "FAILED" if failed else "FINISHED"
        for start in range(0, max(len(metrics), 1), METRICS_AT_ONCE):
            part = metrics[start : start + METRICS_AT_ONCE]
            self._patiently(partial(self._client.log_batch, run_id, metrics=part, params=listed))
        self._patiently(lambda: self._client.set_terminated(run_id, status))

    def log_dataset(
        self, name: str, digest: str, source: str, counts: Mapping[str, int], context: str
    ) -> None:
        """Put a dataset version among the run's inputs. `source` is the S3 URI that it was read
        from, `counts` its size in figures, `context` what it is for, as in "training". An MLflow
        that does not take it keeps no run from going on: the version stands in the tags as well.
        """
        dataset = Dataset(
            name=name,
            digest=digest.removeprefix("sha256:")[:DIGEST_LENGTH],
            source_type="s3",
            source=json.dumps({"uri": source}),
            schema=json.dumps(SCHEMA),
            profile=json.dumps(counts),
        )
        given = DatasetInput(dataset, [InputTag(CONTEXT_TAG, context)])
        try:
            self._patiently(lambda: self._log_input(given))
        except TrainingFailure as failure:
            log.warning("MLflow did not take the dataset as an input", error=failure.message)

    def register(self, model: str, source: str, tags: Mapping[str, str]) -> str:
        """The version of this run: the one there is, or a new one."""
        self._patiently(lambda: self._create_model(model))
        return self._patiently(lambda: self._version(model, source, tags))

    def finish(self, *, succeeded: bool) -> None:
        status = "FINISHED" if succeeded else "FAILED"
        self._patiently(lambda: self._client.set_terminated(self.run_id, status))

    def abandon(self) -> None:
        """Mark the run failed if MLflow is there to hear it; the reason is known elsewhere."""
        if not self.run_id:
            return
        try:
            self._once(lambda: self._client.set_terminated(self.run_id, "FAILED"))
        except TrainingFailure as failure:
            log.warning("the MLflow run could not be marked as failed", error=failure.message)

    def _log_input(self, given: DatasetInput) -> None:
        try:
            self._client.log_inputs(self.run_id, [given])
        except MlflowException as error:
            if error.error_code not in NO_INPUTS:
                raise
            log.warning("this MLflow takes no datasets as inputs", error=str(error)[:300])

    def _found_or_made(self, experiment: str, tags: Mapping[str, str]) -> str:
        self._experiment_id = experiment_id = self._experiment(experiment)
        found = self._client.search_runs(
            [experiment_id],
            f"tags.`{RUN_TAG}` = '{self._run}'",
            order_by=["attributes.start_time ASC"],
        )
        if found:
            run_id = str(found[0].info.run_id)
            self._client.update_run(run_id, status="RUNNING")
            self._known = {
                (name, metric.step)
                for name in found[0].data.metrics
                for metric in self._client.get_metric_history(run_id, name)
            }
            return run_id
        made = self._client.create_run(
            experiment_id, tags={RUN_TAG: self._run, **tags}, run_name=self._run
        )
        return str(made.info.run_id)

    def _child(self, name: str, tags: Mapping[str, str]) -> str | None:
        """The child run of a name; nothing where it is told of wholly."""
        found = self._client.search_runs(
            [self._experiment_id],
            f"tags.`{TRIAL_TAG}` = '{name}'",
            order_by=["attributes.start_time ASC"],
        )
        if found:
            known = found[0].info
            return None if known.status in OVER else str(known.run_id)
        every = {TRIAL_TAG: name, PARENT_TAG: self.run_id, **tags}
        made = self._client.create_run(self._experiment_id, tags=every, run_name=name)
        return str(made.info.run_id)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is None:
            try:
                return self._client.create_experiment(name)
            except MlflowException as error:
                if error.error_code != EXISTS:
                    raise
                found = self._client.get_experiment_by_name(name)
        if found.lifecycle_stage == "deleted":
            self._client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _create_model(self, model: str) -> None:
        try:
            self._client.create_registered_model(model)
        except MlflowException as error:
            if error.error_code != EXISTS:
                raise

    def _version(self, model: str, source: str, tags: Mapping[str, str]) -> str:
        existing = self._own_versions(model)
        if not existing:
            # The tags go with the creation: a version without them would not be found again after a
            # crash.
            everything = {RUN_TAG: self._run, **tags}
            self._client.create_model_version(
                model, source, self.run_id, everything, await_creation_for=0
            )
            existing = self._own_versions(model)
        first, *others = existing
        for version in others:  # two pods of one Job met here; the first version is the one
            self._client.delete_model_version(model, str(version))
        return str(first)

    def _own_versions(self, model: str) -> list[int]:
        found = self._client.search_model_versions(f"name = '{model}'")
        return sorted(int(v.version) for v in found if v.tags.get(RUN_TAG) == self._run)

    def _send(self) -> None:
        while self._unsent:
            self._client.log_batch(self.run_id, metrics=self._unsent[:METRICS_AT_ONCE])
            self._unsent = self._unsent[METRICS_AT_ONCE:]

    def _patiently(self, call: Callable[[], T]) -> T:
        for attempt in stamina.retry_context(
            on=_may_pass, attempts=12, timeout=120, wait_initial=0.5, wait_max=15
        ):
            with attempt:
                return self._once(call)
        raise AssertionError("a retry ends with a result or an exception")

    def _once(self, call: Callable[[], T]) -> T:
        try:
            self._identify()
            return call()
        except (MlflowException, requests.RequestException, OSError) as error:
            if is_disk_full(error):
                raise
            text = " ".join(str(error).split())[:300]
            raise TrainingFailure(
                Reason.REGISTRY_UNREACHABLE,
                f"MLflow at {self._address} did not do what was asked: {text}."
                " Check that its pod is up; training goes on from the last checkpoint.",
            ) from error


def _may_pass(error: Exception) -> bool:
    return isinstance(error, TrainingFailure) and error.reason is Reason.REGISTRY_UNREACHABLE
