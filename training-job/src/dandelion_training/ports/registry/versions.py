"""What MLflow holds of a registered version and of the run that made it, to be read.

`trace` follows an answer through it. Nothing is written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import requests
import stamina
from mlflow.exceptions import MlflowException

from dandelion_training.ports import registry
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.registry.identity import Identify, nobody

T = TypeVar("T")
MISSING = "RESOURCE_DOES_NOT_EXIST"
TAG = "dandelion.dev/"


class Reader(Protocol):
    """What is used of mlflow's own client."""

    def get_model_version(self, name: str, version: str) -> Any: ...
    def get_registered_model(self, name: str) -> Any: ...
    def get_run(self, run_id: str) -> Any: ...
    def search_model_versions(self, filter_string: str) -> Any: ...


@dataclass(frozen=True)
class RegisteredVersion:
    """`tags` are those of Dandelion, without their prefix; `run_id` is empty where the version was
    registered without a run.
    """

    model: str
    number: str
    source: str
    run_id: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class MlflowRun:
    """A run; `tags` as above."""

    run_id: str
    status: str
    started: str  # RFC 3339
    deleted: bool
    tags: Mapping[str, str]


class Versions:
    """Looks at the registry at `address`; raises TrainingFailure where it does not answer."""

    def __init__(self, reader: Reader, address: str, identify: Identify = nobody) -> None:
        self._reader = reader
        self._address = address
        self._identify = identify

    def version(self, model: str, number: str) -> RegisteredVersion | None:
        found = self._read(lambda: self._reader.get_model_version(model, number))
        return None if found is None else _version(model, found)

    def registered_again(self, model: str, contract: str) -> RegisteredVersion | None:
        """The version of a contract that the operator registered again from S3, without a run,
        after MLflow had lost it: under another number perhaps.
        """
        found = self._read(lambda: self._reader.search_model_versions(f"name = '{model}'")) or ()
        versions = (_version(model, item) for item in found)
        return next(
            (
                version
                for version in versions
                if not version.run_id and version.tags.get("contract-digest") == contract
            ),
            None,
        )

    def run(self, run_id: str) -> MlflowRun | None:
        found = self._read(lambda: self._reader.get_run(run_id))
        if found is None:
            return None
        started = datetime.fromtimestamp((found.info.start_time or 0) / 1000, UTC)
        return MlflowRun(
            run_id,
            str(found.info.status),
            f"{started:%Y-%m-%dT%H:%M:%SZ}",
            found.info.lifecycle_stage == "deleted",
            _own(found.data.tags),
        )

    def champion(self, model: str) -> str:
        """The version that the alias champion names, empty where it names none."""
        found = self._read(lambda: self._reader.get_registered_model(model))
        return "" if found is None else str((found.aliases or {}).get("champion", ""))

    def _read(self, call: Callable[[], T]) -> T | None:
        for attempt in stamina.retry_context(
            on=TrainingFailure, attempts=3, timeout=60, wait_initial=0.5, wait_max=5
        ):
            with attempt:
                return self._once(call)
        raise AssertionError("a retry ends with a result or an exception")

    def _once(self, call: Callable[[], T]) -> T | None:
        try:
            self._identify()
            return call()
        except MlflowException as error:
            if error.error_code == MISSING:
                return None
            raise self._failure(error) from error
        except (requests.RequestException, OSError) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> TrainingFailure:
        text = " ".join(str(error).split())[:300]
        return TrainingFailure(
            Reason.REGISTRY_UNREACHABLE,
            f"MLflow at {self._address} cannot be asked: {text}. Check that its pod is up.",
        )


def connect(tracking_uri: str, identify: Identify = nobody) -> Versions:
    """The registry at an address."""
    return Versions(registry.connect(tracking_uri), tracking_uri, identify)


def _version(model: str, found: Any) -> RegisteredVersion:
    return RegisteredVersion(
        model, str(found.version), str(found.source), str(found.run_id or ""), _own(found.tags)
    )


def _own(tags: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(TAG): str(value) for name, value in tags.items() if name.startswith(TAG)
    }
