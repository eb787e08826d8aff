"""A run that learns from what people decided about logged images, as far as its dataset."""

from pathlib import Path
from typing import Any

from dandelion_training.data.images.inspect import Geometry
from dandelion_training.data.load import Dataset
from dandelion_training.ports.storage import Location
from dandelion_training.run.preparation import prepared
from fakes.mlflow import FakeMlflow
from fakes.s3 import MemoryStore
from given.reviews import SECRET
from given.runs import task


def dataset_of(work: Path, store: MemoryStore, **changed: Any) -> Dataset:
    (work / "AWS_ACCESS_KEY_ID").write_text("training")
    (work / "AWS_SECRET_ACCESS_KEY").write_text(SECRET)
    reviews = {
        "log_uri": Location.parse("s3://predictions"),
        "decisions_uri": Location.parse("s3://models"),
        "s3_credentials_dir": work,
    }
    run = task(work, store, FakeMlflow(), **reviews | changed)
    folder = work / "work"
    folder.mkdir(exist_ok=True)
    return prepared(
        *(run.store, run.settings, run.progress, Geometry(36, 32)),
        *(run.threads, [], folder, run.network),
    )


def origins(dataset: Dataset) -> dict[str, str]:
    """Who gave the images their labels that come from the log, by key."""
    return {e.key: e.origin for e in dataset.entries if e.key.startswith("answer://")}
