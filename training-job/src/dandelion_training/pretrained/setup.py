"""Brings the installation's learnt weights into the models bucket, those that are not there yet.

`__main__` calls `set_up`. Done again it changes nothing.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from dandelion_training.learn.start import pretrained
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.settings import PREFIX
from dandelion_training.ports.storage import Location, ObjectStore
from dandelion_training.pretrained.download import UnavailableError, download
from dandelion_training.pretrained.published import published
from dandelion_training.pretrained.unpickled import RefusedError, convert

log = structlog.get_logger()

CONTENT_TYPE = "application/octet-stream"
PAUSE_SECONDS = 3.0
# On a first installation the bucket and the key's user are made while this waits.
NOT_YET = (Reason.STORAGE_UNREACHABLE, Reason.BUCKET_NOT_FOUND, Reason.CREDENTIALS_REJECTED)


class PretrainedSettings(BaseSettings):
    """What the chart asks for."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    pretrained_architectures: str  # separated by spaces
    pretrained_required: bool = False  # whether what cannot be had is a failure
    pretrained_source: str = ""  # another place for the same files; empty: torchvision's own
    pretrained_wait_seconds: float = Field(default=180, ge=0)
    models_bucket: str = "models"
    s3_endpoint: str
    s3_region: str = "us-east-1"
    s3_credentials_dir: Path = Path("/var/run/secrets/dandelion/training")
    s3_ca_bundle: str = ""
    log_format: str = "console"


def set_up(
    settings: PretrainedSettings,
    store: ObjectStore,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str | None:
    """Fetch what is missing. None once everything is there, or why it is not, in a sentence."""
    try:
        there = _there(settings, store, clock, sleep)
        for architecture in settings.pretrained_architectures.split():
            location = pretrained(settings.models_bucket, architecture)
            if location in there:
                log.info("already there", weights=str(location))
                continue
            with tempfile.TemporaryDirectory() as folder:
                _fetch(settings, architecture, store, location, Path(folder))
    except (TrainingFailure, UnavailableError, RefusedError) as problem:
        return " ".join(str(problem).rstrip(".").split()) + "."
    return None


def _there(
    settings: PretrainedSettings,
    store: ObjectStore,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> set[Location]:
    """The weights in the bucket, as soon as the bucket is there."""
    folder = Location(settings.models_bucket, "pretrained")
    deadline = clock() + settings.pretrained_wait_seconds
    while True:
        try:
            return {folder.child(item.name) for item in store.list(folder)}
        except TrainingFailure as failure:
            if failure.reason not in NOT_YET or clock() > deadline:
                raise
        sleep(PAUSE_SECONDS)


def _fetch(
    settings: PretrainedSettings,
    architecture: str,
    store: ObjectStore,
    location: Location,
    folder: Path,
) -> None:
    source = published(architecture, settings.pretrained_source)
    log.info("fetching", weights=source.url)
    checkpoint, weights = folder / "checkpoint.pth", folder / "weights.safetensors"
    digest = download(source, checkpoint)
    convert(source, digest, checkpoint, weights)
    store.write(location, weights, CONTENT_TYPE)
    log.info("fetched", weights=str(location), source=source.url, sha256=digest)
