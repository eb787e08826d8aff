"""A disk that is too small is told before it is full, and when it is."""

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest
import safetensors
from dandelion_training.data.images.inspect import Geometry, window_of
from dandelion_training.data.images.pixels import PixelFile
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.registry import Registry
from dandelion_training.ports.storage import Location
from dandelion_training.ports.storage.s3 import S3Store
from dandelion_training.run.disk import BESIDE_PIXELS, disk_needed, room_for
from dandelion_training.run.job import unexpected
from fakes.images import encoded, picture
from fakes.mlflow import FakeMlflow
from minio.credentials.providers import StaticProvider
from PIL import Image

PHOTOS = Geometry(146, 128)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((400, 400), id="square"),
        pytest.param((600, 400), id="3 to 2"),
        pytest.param((400, 600), id="upright"),
        pytest.param((2000, 200), id="a panorama"),
    ],
)
def test_an_image_takes_no_more_than_was_said(tmp_path: Path, size: tuple[int, int]) -> None:
    file = tmp_path / "pixels"
    with PixelFile(file) as pixels:
        for number in range(3):
            pixels.add(str(number), window_of(encoded(picture(number).resize(size)), PHOTOS))
        pixels.close()
    assert file.stat().st_size <= disk_needed(3, PHOTOS) - BESIDE_PIXELS


def test_a_square_photo_takes_half_of_it(tmp_path: Path) -> None:
    """The estimate is no guess into the blue."""
    shown = window_of(encoded(Image.new("RGB", (400, 400))), PHOTOS)
    assert 2 * shown.pixels.nbytes >= disk_needed(1, PHOTOS) - BESIDE_PIXELS


def test_a_disk_without_room_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailure) as caught:
        room_for(1_000_000, PHOTOS, tmp_path, free=lambda folder: 20 * 1024**3)
    assert caught.value.reason is Reason.DISK_FULL
    assert "1,000,000 images of 128 pixels need 112.8 GiB" in caught.value.message
    assert "the node has 20.0 GiB left" in caught.value.message
    assert "training.resources.requests.ephemeral-storage" in caught.value.message
    assert caught.value.exit_code == 1  # another node may have room


def test_a_disk_with_room_is_no_reason_to_stop(tmp_path: Path) -> None:
    room_for(1000, PHOTOS, tmp_path, free=lambda folder: 2 * 1024**3)


def wrapped() -> Exception:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("the download failed") from error
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(OSError(errno.ENOSPC, "No space left on device"), id="Python's"),
        pytest.param(OSError(errno.EDQUOT, "Disk quota exceeded"), id="a quota"),
        pytest.param(wrapped(), id="what another error came from"),
        pytest.param(
            safetensors.SafetensorError(
                "Error while serializing: I/O error: No space left on device (os error 28)"
            ),
            id="safetensors', under a checkpoint",
        ),
    ],
)
def test_a_full_disk_is_a_reason_of_its_own(error: Exception) -> None:
    failure = unexpected(error, "downloading")
    assert failure.reason is Reason.DISK_FULL
    assert "'downloading'" in failure.message
    assert "ephemeral-storage" in failure.message


def test_a_full_disk_is_not_taken_for_a_store_or_a_registry_that_is_away() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    client = FakeMlflow()
    client.outages["log_artifact"] = [full]
    registry = Registry(client, "run", "http://mlflow")
    registry.begin("lawn", {}, {})
    with pytest.raises(OSError, match="No space left"):
        registry.attach(Path("plot.png"))

    def no_room(*_: object) -> None:
        raise full

    keys = StaticProvider("key", "secret")
    store = S3Store(SimpleNamespace(get_object=no_room), keys, "http://minio", attempts=1)
    with pytest.raises(OSError, match="No space left"):
        store.read(Location("models", "key"))
