"""What one run is asked to do, read once from the environment that the operator writes.

`job` loads it; everything inside takes the parsed values.
"""

import os
import tempfile
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.settings.search import Search
from dandelion_training.ports.storage import Location

PREFIX = "DANDELION_"
DIGEST = r"^(sha256:[0-9a-f]{64})?$"
VERSION = r"^[0-9]*$"  # of the registered model; empty where that is not known
Strength = Literal["none", "light", "strong"]
ARCHITECTURES = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")

Found = TypeVar("Found", bound=BaseSettings)
Asked = TypeVar("Asked", bound="Settings")

Uri = Annotated[
    Location,
    NoDecode,
    BeforeValidator(lambda value: Location.parse(value) if isinstance(value, str) else value),
]

Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...],
    NoDecode,
    BeforeValidator(
        lambda value: tuple(filter(None, value.split(","))) if isinstance(value, str) else value
    ),
]


class JobSettings(BaseSettings):
    """What every Job of training is told. Holds no secret: the S3 key is read from files when it
    is used.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, arbitrary_types_allowed=True)

    namespace: str
    name: str
    run: str
    dataset_manifests_uri: Uri
    status_uri: Uri

    s3_endpoint: str
    s3_region: str = "us-east-1"
    s3_credentials_dir: Path = Path("/var/run/secrets/dandelion/s3")
    s3_ca_bundle: str = ""
    # Where an endpoint that the resource names may not be; none: it is the installation's.
    s3_closed_networks: Networks = ()

    work_dir: Path = Field(default_factory=lambda: Path(tempfile.gettempdir()))
    metrics_port: int = Field(default=9090, ge=0)  # 0: no metrics are served
    termination_log: Path = Path("/dev/termination-log")
    log_format: Literal["json", "console"] = "console"

    def described(self) -> dict[str, str]:
        """Every value, for the line at the start of a run."""
        return {name: str(getattr(self, name)) for name in type(self).model_fields}


class ModelSettings(JobSettings):
    """Of a Job that is about a model: where that lies, and the one that serves."""

    evaluations_uri: Uri
    artifact_uri: Uri
    champion_uri: str = ""
    champion_digest: str = Field(default="", pattern=DIGEST)
    champion_version: str = Field(default="", pattern=VERSION)


class EvaluationSettings(ModelSettings):
    """An evaluation alone: two published models on one dataset version."""

    dataset_version: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    artifact_digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    artifact_version: str = Field(default="", pattern=VERSION)


class DatasetSettings(JobSettings):
    """Of a Job that makes a dataset version: what that is made from."""

    dataset_uri: Uri
    dataset_version: str = Field(default="", pattern=DIGEST)
    former_dataset: str = Field(default="", pattern=DIGEST)
    holdout_fraction: float = Field(default=0.2, ge=0.05, le=0.5)
    on_small_class: Literal["Refuse", "Drop"] = "Refuse"
    keep: Literal["References", "Copies"] = "References"
    urls_uri: Uri | None = None  # a table of addresses in storage, or
    urls_file: Path | None = None  # one that is mounted
    urls_allowed_hosts: str = ""  # HOST or HOST:PORT, between commas
    log_uri: Uri | None = None  # of the prediction log, and
    decisions_uri: Uri | None = None  # of what people decided about its images
    min_agreement: int = Field(default=0, ge=0)  # of callers, for what nobody reviewed; 0: none is
    model_uid: str = ""  # of the ModelDeployment whose callers they are
    initial_weights: str = "auto"  # what they learnt from is not held out

    @property
    def has_urls(self) -> bool:
        """Whether a table of addresses is part of the dataset."""
        return self.urls_uri is not None or self.urls_file is not None

    @property
    def has_reviews(self) -> bool:
        """Whether reviewed images are part of the dataset."""
        return self.log_uri is not None and self.decisions_uri is not None


class Settings(DatasetSettings, ModelSettings):
    """One run's configuration."""

    training_hash: str = ""
    trigger: str = ""
    trigger_message: str = ""
    checkpoint_uri: Uri
    registered_model: str
    experiment: str

    architecture: str = "resnet34"
    epochs: int = Field(default=10, ge=1, le=1000)
    batch_size: int = Field(default=32, ge=1)
    image_size: int = Field(default=128, ge=32, le=512, multiple_of=32)
    learning_rate: float = Field(default=0.001, gt=0)
    schedule: Literal["OneCycle", "Cosine"] = "OneCycle"
    seed: int = 0
    augmentation: Strength = "light"
    mirror: bool = False
    balance_classes: bool = True
    checkpoint_seconds: float = Field(default=600, gt=0)  # between two checkpoints
    search: Search | None = None  # which of these settings are searched for, and
    search_uri: Uri | None = None  # where its trials lie
    folds: int | None = Field(default=None, ge=2)  # of the cross-validation, and
    folds_uri: Uri | None = None  # where they lie
    image: str = ""
    git_revision: str = "unknown"

    mlflow_tracking_uri: str = Field(validation_alias="MLFLOW_TRACKING_URI")
    mlflow_token_file: Path | None = None  # None: MLflow lets everybody in

    @property
    def origin(self) -> dict[str, str]:
        """What the run is of and what started it, as tags of MLflow."""
        why = {
            "dandelion.dev/trigger": self.trigger,
            "dandelion.dev/trigger-message": self.trigger_message,
        }
        return {
            "dandelion.dev/training-hash": self.training_hash,
            **{name: value for name, value in why.items() if value},
        }

    @property
    def resize_short_side(self) -> int:
        """A margin of one eighth round the crop, as is usual for photos."""
        return round(self.image_size * 1.14)


class TrialSettings(Settings):
    """One trial of a search: which one Kubernetes tells, as the index of the pod in its Job."""

    search: Search
    search_uri: Uri
    trial: int = Field(ge=0, validation_alias="JOB_COMPLETION_INDEX")


def load_ingest_settings() -> DatasetSettings:
    """The settings of an ingest, or the reason why they cannot be used."""
    return _loaded(DatasetSettings)


def load_evaluation_settings() -> EvaluationSettings:
    """The settings of an evaluation alone, or the reason why they cannot be used."""
    return _loaded(EvaluationSettings)


def load_settings() -> Settings:
    """The settings of a run, or the reason why they cannot be used."""
    return _known(_loaded(Settings))


def load_trial_settings() -> TrialSettings:
    """The settings of a trial, or the reason why they cannot be used."""
    return _known(_loaded(TrialSettings))


def _known(settings: Asked) -> Asked:
    if settings.architecture not in ARCHITECTURES:
        raise TrainingFailure(
            Reason.ARCHITECTURE_UNKNOWN,
            f"training.architecture is {settings.architecture!r};"
            f" write one of {', '.join(ARCHITECTURES)}.",
        )
    return settings


def _loaded(kind: type[Found]) -> Found:
    try:
        return kind.model_validate({})
    except ValidationError as error:
        raise TrainingFailure(Reason.CONFIGURATION_INVALID, _in_words(error)) from error


def _in_words(error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_url=False, include_context=False):
        field = str(problem["loc"][0]) if problem["loc"] else "settings"
        variable = field if field.isupper() else f"{PREFIX}{field.upper()}"
        shown = "" if variable not in os.environ else f" (it is {os.environ[variable]!r})"
        problems.append(f"{variable}: {problem['msg']}{shown}")
    return "The training Job's environment is not usable: " + "; ".join(problems)
