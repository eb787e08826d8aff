"""A prediction log with its images, and the commands called on it."""

import argparse
import csv
import gzip
import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from dandelion_training.commands import review
from dandelion_training.review.prediction_log import Answer
from dandelion_training.review.queue import Item, Source
from fakes.images import encoded, picture
from fakes.s3 import MemoryStore

HOME = "s3://predictions/default/lawn"
DECISIONS = "s3://models/default/lawn/decisions"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
BY = ("--by", "ada")
SECRET = "a secret"
CONTRACT = f"sha256:{'c' * 64}"


@cache
def image(number: int) -> bytes:
    return encoded(picture(number))


def digest(number: int) -> str:
    return hashlib.sha256(image(number)).hexdigest()


def row(number: int, dandelion: float = 0.9, **about: Any) -> dict[str, Any]:
    """What was answered to image `number` in the answer of the same number."""
    label = "dandelion" if dandelion >= 0.5 else "grass"
    return {
        "time": f"2026-03-10T10:00:{number:02}.000Z",
        "id": f"answer-{number}",
        "index": 0,
        "namespace": "default",
        "name": "lawn",
        "uid": "uid-1",
        "version": "3",
        "contract": CONTRACT,
        "imageSha256": digest(number),
        "label": label,
        "probability": max(dandelion, 1 - dandelion),
        "scores": {"dandelion": dandelion, "grass": 1 - dandelion},
        "reviewSample": True,
        **about,
    }


def told(number: int, label: str, **about: Any) -> dict[str, Any]:
    return {
        "time": f"2026-03-10T11:00:{number:02}.000Z",
        "id": f"answer-{number}",
        "index": 0,
        "label": label,
        **about,
    }


def answer(number: int, dandelion: float = 0.9, **about: Any) -> Answer:
    return Answer.model_validate(row(number, dandelion, **about))


def item(number: int, dandelion: float = 0.9, **about: Any) -> Item:
    return Item(answer(number, dandelion), digest(number), Source.SAMPLE, **about)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fill(path: Path, **cells: dict[str, str]) -> None:
    """Write into the lines of these images."""
    rows = table(path)
    for found in rows:
        found.update(cells.get(found["id"].replace("-", "_"), {}))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


class Reviewed:
    """A store with a log, and `review` called on it."""

    def __init__(self, work: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.store = MemoryStore()
        self.now = NOW
        self.keys = work / "keys"
        self.keys.mkdir()
        self._capsys = capsys
        self.use_key(SECRET)

    @classmethod
    def of_four(cls, work: Path, capsys: pytest.CaptureFixture[str]) -> "Reviewed":
        """Three answers of the sample, and one that somebody corrected; of a fifth nobody asks."""
        found = cls(work, capsys)
        rows = [row(1, 0.9), row(2, 0.6), row(3, 0.25), row(4, 0.8, reviewSample=False)]
        found.log(*rows, row(5, reviewSample=False))
        found.log(told(4, "grass"), kind="feedback")
        return found

    def use_key(self, secret: str) -> None:
        (self.keys / "AWS_ACCESS_KEY_ID").write_text("training")
        (self.keys / "AWS_SECRET_ACCESS_KEY").write_text(secret)

    def log(self, *rows: dict[str, Any], kind: str = "predictions", images: bool = True) -> None:
        """As a pod writes it, an object a row."""
        for found in rows:
            day, hour = found["time"][:10], found["time"][11:13]
            name = f"{kind}/date={day}/hour={hour}/pod-{len(self.store.objects)}-1.jsonl.gz"
            self.store.objects[f"{HOME}/{name}"] = gzip.compress(json.dumps(found).encode() + b"\n")
        if images and kind == "predictions":
            for number in range(20):
                self.store.objects[f"{HOME}/images/{digest(number)}"] = image(number)

    def called(self, *arguments: str) -> tuple[int, list[str]]:
        """Exit code and lines; those of the error stream after a failure."""
        parser = argparse.ArgumentParser()
        review.add_to(parser.add_subparsers())
        options = (
            *("--model", "default/lawn", "--log", "s3://predictions"),
            *("--decisions", "s3://models", "--endpoint", "http://s3"),
            *("--credentials-dir", str(self.keys)),
        )
        parsed = parser.parse_args(["review", *arguments, *options])
        code = review.call(parsed, lambda _: self.store, lambda: self.now)
        out, err = self._capsys.readouterr()
        return code, (err if code else out).splitlines()

    def kept(self) -> list[dict[str, Any]]:
        """The rows of all decisions."""
        return [
            json.loads(line)
            for uri, content in sorted(self.store.objects.items())
            if uri.startswith(f"{DECISIONS}/")
            for line in gzip.decompress(content).splitlines()
        ]
