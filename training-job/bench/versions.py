"""What a dataset version costs in seconds, memory and bytes, from a thousand images to a million.

`python versions.py real 100000` reads small pictures that it draws, then once more with 100 new
ones; `python versions.py simulated 1000000` lists so many objects and takes what a file looks like
from its name, so that everything but decoding is measured. `make bench ONLY=versions` runs it. One
row of JSON a call: peak memory is that of the process.
"""

import hashlib
import io
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from dandelion_training.data.dataset import Reading, dataset_version
from dandelion_training.data.images.fingerprint import FINGERPRINT_BYTES, Fingerprint
from dandelion_training.data.images.inspect import GENERATION, Geometry, inspect
from dandelion_training.data.ingest import Threads
from dandelion_training.data.inputs import Wanted
from dandelion_training.data.version.index import UsableImage
from dandelion_training.data.version.library import Library
from dandelion_training.ports.storage import Fetched, Location, StoredObject
from PIL import Image

CLASSES = 100
NEW = 100
SOURCE, VERSIONS = Location("datasets", "many"), Location("models", "default/many/datasets")
THREADS = Threads(transfers=8, decoding=2)
SIDE = 64


class Bucket:
    """So many objects that are made when they are read, and a folder for what is written."""

    def __init__(self, images: int, folder: Path) -> None:
        self.images = images
        self._folder = folder

    def list(self, prefix: Location, beginning: str = "") -> Iterator[StoredObject]:
        if prefix != SOURCE:
            return
        for number in range(self.images):
            name = f"class-{number % CLASSES:03}/{number:07}.jpg"
            yield StoredObject(name, 2000 + number % 100, f"{number:032x}")

    def fetch(self, location: Location, *, etag: str = "", version_id: str = "") -> Fetched:
        return Fetched(drawn(location.key) if REAL else location.key.encode())

    def read(self, location: Location) -> bytes | None:
        path = self._path(location)
        return path.read_bytes() if path.exists() else None

    def write(self, location: Location, content: bytes | Path, content_type: str) -> None:
        data = content.read_bytes() if isinstance(content, Path) else content
        self._path(location).write_bytes(data)

    def delete(self, location: Location) -> None:
        self._path(location).unlink(missing_ok=True)

    def _path(self, location: Location) -> Path:
        return self._folder / hashlib.sha256(str(location).encode()).hexdigest()


@lru_cache(maxsize=1)
def scenes() -> list[Image.Image]:
    """Pictures that others are made from, so that drawing one costs little."""
    chance = np.random.default_rng(0)
    patches = chance.integers(0, 255, (64, 8, 8, 3), np.uint8)
    return [
        Image.fromarray(p).resize((SIDE * 2, SIDE * 2), Image.Resampling.BICUBIC) for p in patches
    ]


def drawn(key: str) -> bytes:
    """A small JPEG of its own for each key."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    first, second = scenes()[seed % 64], scenes()[seed // 64 % 64]
    mixed = Image.blend(first, second, (seed >> 12) % 1000 / 1000)
    left, top = (seed >> 24) % SIDE, (seed >> 32) % SIDE
    file = io.BytesIO()
    mixed.crop((left, top, left + SIDE, top + SIDE)).save(file, "JPEG", quality=80)
    return file.getvalue()


def simulated(content: bytes) -> UsableImage:
    """Looks that follow from the name: like photos, few are alike."""
    digest = hashlib.sha256(content)
    seed = int.from_bytes(digest.digest()[:8], "big")
    looks = np.random.default_rng(seed).integers(0, 256, FINGERPRINT_BYTES, np.uint8).tobytes()
    return UsableImage(digest.hexdigest(), Fingerprint(looks), 400, 300)


def real(content: bytes) -> UsableImage:
    found = inspect(content, GEOMETRY)
    return UsableImage(found.sha256, found.fingerprint, found.width, found.height)


def measured(bucket: Bucket, work: Path, former: str) -> tuple[dict[str, float], str]:
    reading = Reading(GENERATION, real if REAL else simulated, THREADS, lambda _: None)
    begun = time.monotonic()
    version, report = dataset_version(
        bucket,
        Library(bucket, VERSIONS, work),
        Wanted(SOURCE, 0.2, former=former),
        reading,
        lambda _done, _total: None,
    )
    row = {
        "images": bucket.images,
        "seconds": round(time.monotonic() - begun, 1),
        "peakMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "bytesRead": report.bytes_read,
        "holdout": round(report.holdout / report.images, 4),
    }
    return row, version.digest


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        work, stored = Path(folder) / "work", Path(folder) / "bucket"
        work.mkdir()
        stored.mkdir()
        bucket = Bucket(int(sys.argv[2]), stored)
        first, digest = measured(bucket, work, former="")
        rows = [first]
        if REAL:
            bucket.images += NEW
            rows.append(measured(bucket, work, digest)[0])
    print(json.dumps(rows))
    return 0


REAL = sys.argv[1:2] == ["real"]
GEOMETRY = Geometry(73, 64)

if __name__ == "__main__":
    sys.exit(main())
