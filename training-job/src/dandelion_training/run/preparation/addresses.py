"""The images that the dataset's table of addresses names.

`preparation` calls `fetched` before the dataset is listed, where there is such a table.
"""

from collections.abc import Callable
from pathlib import Path

from dandelion_training.data.copies import Copies
from dandelion_training.data.errors import DatasetError, Refusal
from dandelion_training.data.layout.fetched import Fetched
from dandelion_training.data.urls.fetch import fetched_images
from dandelion_training.data.urls.ledger import Ledger
from dandelion_training.data.urls.table import UrlTable, read_table, url_table
from dandelion_training.data.version.library import Library
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.progress import FETCHING, Progress, Stage
from dandelion_training.ports.settings import DatasetSettings
from dandelion_training.ports.storage import ObjectStore
from dandelion_training.ports.web.address import AllowedHosts
from dandelion_training.ports.web.connection import Network
from dandelion_training.ports.web.download import Downloader


def fetched(
    store: ObjectStore,
    settings: DatasetSettings,
    progress: Progress,
    library: Library,
    network: Network,
    decoding: int,
    room: Callable[[int], None],
    stage: Stage = FETCHING,
) -> Fetched:
    """`room` is told how many images the table names. Raises TrainingFailure."""
    try:
        table = _table(store, settings)
    except DatasetError as error:
        raise TrainingFailure(Reason(error.reason.value), error.message) from error
    room(len(table.named))
    progress.enter(stage)
    downloader = Downloader(_allowed(settings.urls_allowed_hosts), network)
    return fetched_images(
        table,
        Ledger(store, library.urls, Copies(store, library.images)),
        downloader.fetch,
        decoding,
        lambda done, total: progress.advance(done / total, done=done, total=total),
    )


def _table(store: ObjectStore, settings: DatasetSettings) -> UrlTable:
    if settings.urls_uri is not None:
        return url_table(*read_table(store, settings.urls_uri))
    assert settings.urls_file is not None
    return url_table(settings.urls_file.name, _mounted(settings.urls_file))


def _mounted(file: Path) -> bytes:
    """A volume of a ConfigMap without that key, or of none at all, is empty."""
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise DatasetError(
            Refusal.LABELS_INVALID,
            f"The ConfigMap of spec.dataset.urls.configMapRef does not exist, or has no key"
            f" {file.name}. Create it in the ModelDeployment's namespace, and train again.",
        ) from error


def _allowed(written: str) -> AllowedHosts:
    try:
        return AllowedHosts.parse(item for item in written.split(",") if item.strip())
    except ValueError as error:
        raise TrainingFailure(
            Reason.CONFIGURATION_INVALID, f"spec.dataset.urls.allowedHosts: {error}."
        ) from error
