"""What serving logs is what people are handed out to review, and each answer is found again."""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dandelion_inference.answer.prediction import Prediction
from dandelion_inference.journal import Journal
from dandelion_inference.journal.rows import Correlation, Took
from dandelion_inference.journal.sample import sampled
from dandelion_inference.ports.metrics import Metrics
from dandelion_inference.ports.settings import Settings
from dandelion_operator.api import naming
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.s3.documents.live import read_live
from dandelion_training.commands import review
from dandelion_training.data.version.library import Library
from dandelion_training.ports.settings import Settings as TrainingSettings
from dandelion_training.ports.settings import load_settings
from dandelion_training.ports.storage import Fetched, Location, StoredObject
from dandelion_training.run.preparation.reviewed import reviewed
from fakes.s3 import SECRET_KEY, WRITER_KEY, FakeS3, running

from tests.agreement.pods import enter, training_pod

CLASSES = ("dandelion", "grass")
IMAGES = [f"image {number}".encode() for number in range(40)]
CONTRACT = f"sha256:{'3' * 64}"
SHARE = 0.5


class Bucket:
    """What lies in the object store that serving wrote to."""

    def __init__(self, s3: FakeS3) -> None:
        self._objects = s3.objects

    def list(self, prefix: Location, beginning: str = "") -> Iterator[StoredObject]:
        root = f"{_path(prefix)}/"
        for path, content in sorted(self._objects.items()):
            if path.startswith(root + beginning):
                yield StoredObject(path.removeprefix(root), len(content), "")

    def read(self, location: Location) -> bytes | None:
        return self._objects.get(_path(location))

    def fetch(self, location: Location, *, etag: str = "", version_id: str = "") -> Fetched:
        return Fetched(self._objects[_path(location)])

    def write(self, location: Location, content: bytes | Path, content_type: str) -> None:
        self._objects[_path(location)] = (
            content.read_bytes() if isinstance(content, Path) else content
        )

    def delete(self, location: Location) -> None:
        self._objects.pop(_path(location), None)


def _path(location: Location) -> str:
    return f"/{location.bucket}/{location.key}"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "AWS_ACCESS_KEY_ID").write_text(WRITER_KEY)
    (tmp_path / "AWS_SECRET_ACCESS_KEY").write_text(SECRET_KEY)
    return tmp_path


@pytest.fixture
def s3() -> Iterator[FakeS3]:
    with running() as found:
        yield found


def answered(number: int) -> Prediction:
    scores = dict(zip(CLASSES, (0.6 + number / 200, 0.4 - number / 200), strict=True))
    return Prediction("dandelion", scores["dandelion"], scores, None, None)


def journal_of(s3: FakeS3, keys: Path) -> Journal:
    """That of a pod."""
    settings = Settings.model_validate(
        {
            "model_name": "lawn",
            "model_namespace": "default",
            "model_uid": "uid-1",
            "model_version": "3",
            "artifact_uri": "s3://models/default/lawn/run3/artifact",
            "contract_digest": CONTRACT,
            "s3_endpoint": s3.url,
            "log_uri": "s3://predictions",
            "log_credentials_dir": keys,
            "log_images": True,
            "review_share": SHARE,
        }
    )
    journal = Journal(settings, Metrics(settings))
    journal.start()
    return journal


def logged(s3: FakeS3, keys: Path, callers: Sequence[str | None] = (None,)) -> dict[str, int]:
    """Answers, each with the number of its image; what callers corrected is the first of them."""
    journal = journal_of(s3, keys)
    answers = {}
    for number, image in enumerate(IMAGES):
        answer = journal.new_id([True])
        answers[answer] = number
        records = journal.upload_records([image])
        records[0].compute_digest()
        journal.predicted(
            answer,
            "int8",
            CLASSES,
            [answered(number)],
            0.01,
            [Took(0.001, 0.002, 0.003)],
            Correlation("r-1", None, None, 200),
            records,
        )
        for caller in callers if not number else ():
            assert journal.labelled(answer, "3", 0, "grass", caller)
    journal.close()
    return answers


def called(s3: FakeS3, keys: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    review.add_to(parser.add_subparsers())
    options = (
        *("--model", "default/lawn", "--log", "s3://predictions", "--decisions", "s3://models"),
        *("--endpoint", s3.url, "--credentials-dir", str(keys)),
    )
    parsed = parser.parse_args(["review", *arguments, *options])
    now = datetime.now(UTC) + timedelta(seconds=1)
    return review.call(parsed, lambda _: Bucket(s3), lambda: now)


def test_what_serving_marked_or_people_corrected_is_handed_out(s3: FakeS3, keys: Path) -> None:
    answers = logged(s3, keys)
    drawn = {answer for answer in answers if sampled(answer, 0, SHARE)}
    (corrected,) = (answer for answer, number in answers.items() if not number)
    assert called(s3, keys, "export", str(keys / "queue.csv")) == 0
    with (keys / "queue.csv").open(newline="", encoding="utf-8") as file:
        lines = {line["id"]: line for line in csv.DictReader(file)}
    assert lines.keys() == drawn | {corrected}
    assert {answer for answer, line in lines.items() if line["source"] == "sample"} == drawn
    assert lines[corrected]["told"] == "grass"
    for answer, line in lines.items():
        image = IMAGES[answers[answer]]
        assert line["sha256"] == hashlib.sha256(image).hexdigest()
        assert s3.objects[line["image"].removeprefix("s3:/")] == image


def test_a_folder_of_what_serving_kept_comes_back_as_decisions(s3: FakeS3, keys: Path) -> None:
    logged(s3, keys)
    assert called(s3, keys, "export", str(keys / "queue")) == 0
    assert called(s3, keys, "import", str(keys / "queue"), "--by", "ada") == 0
    assert called(s3, keys, "export", str(keys / "next")) == 0
    assert not (keys / "next").exists(), "nothing is left to review"


def told(monkeypatch: pytest.MonkeyPatch, **feedback: Any) -> TrainingSettings:
    """What the operator tells a run of a resource whose answers are reviewed."""
    pod = training_pod(
        serving={"logging": {"images": True}, "auth": "ClusterTokens"},
        feedback={"mode": "Review"} | feedback,
    )
    enter(pod, monkeypatch)
    return load_settings()


def test_a_run_learns_from_what_an_import_kept(
    s3: FakeS3, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged(s3, keys)
    assert called(s3, keys, "export", str(keys / "queue")) == 0
    handed_out = {file.name for file in (keys / "queue" / "dandelion").iterdir()}
    assert called(s3, keys, "import", str(keys / "queue"), "--by", "ada") == 0
    settings = told(monkeypatch).model_copy(update={"s3_credentials_dir": keys})
    assert settings.has_reviews
    library = Library(Bucket(s3), settings.dataset_manifests_uri, keys)
    found = reviewed(Bucket(s3), settings, library, 2)
    assert {image.sha256 for image in found.images} == handed_out
    assert {image.label for image in found.images} == {"dandelion"}
    assert found.rejected == []


def learnt(
    s3: FakeS3, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """How many callers agree, by key, and the labels and images that a run takes from that."""
    settings = told(monkeypatch, mode="Auto", minAgreement=2)
    settings = settings.model_copy(update={"s3_credentials_dir": keys})
    library = Library(Bucket(s3), settings.dataset_manifests_uri, keys)
    found = reviewed(Bucket(s3), settings, library, 2)
    return dict(found.callers), [(image.label, image.sha256) for image in found.images]


def test_a_run_learns_from_what_callers_of_any_pod_agree_on(
    s3: FakeS3, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = logged(s3, keys, ("camera", "camera"))
    (corrected,) = (answer for answer, number in answers.items() if not number)
    assert learnt(s3, keys, monkeypatch) == ({}, []), "one caller alone teaches nothing"
    another = journal_of(s3, keys)
    assert another.labelled(corrected, "3", 0, "grass", "desk")
    another.close()
    image = ("grass", hashlib.sha256(IMAGES[0]).hexdigest())
    assert learnt(s3, keys, monkeypatch) == ({f"answer://{corrected}/0": 2}, [image])


def test_the_operator_finds_how_often_what_serves_was_right(s3: FakeS3, keys: Path) -> None:
    answers = logged(s3, keys)
    drawn = sum(sampled(answer, 0, SHARE) for answer in answers)
    complained = not sampled(next(iter(answers)), 0, SHARE)
    assert called(s3, keys, "export", str(keys / "queue")) == 0
    assert called(s3, keys, "import", str(keys / "queue"), "--by", "ada") == 0
    place = naming.live_accuracy(NamespacedName("default", "lawn"), CONTRACT)
    found = read_live(s3.objects[f"/models/{place}"], CONTRACT)
    assert (found.reviewed, found.right, found.corrections) == (drawn, drawn, complained)
    folder = naming.decisions_prefix(NamespacedName("default", "lawn"))
    assert [path for path in s3.objects if path.startswith(f"/models/{folder}")]
    assert 0 < found.lower < found.upper == 1
