"""A logged answer of a model that followed another, with all that it rests on."""

import argparse
import base64
import copy
import gzip
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dandelion_training.commands import trace
from dandelion_training.ports.registry.versions import Versions
from fakes.images import encoded, picture
from fakes.mlflow import FakeMlflow
from fakes.s3 import MemoryStore
from given.evaluation.successive_runs import EVALUATIONS, World, of
from given.runs import DATASET, sha256

LOG = "s3://predictions/default/lawn"
SECRET = b"the secret key of the log"
NOW = datetime(2026, 11, 26, 9, 40, tzinfo=UTC)
ROWS = f"{LOG}/predictions/date=2026-11-26/hour=09/lawn-inference-abc-1795685000000-1.jsonl.gz"
MODEL = "default.lawn"
IMAGE = encoded(picture(4711, (40, 60, 200)))


def answer_id(
    milliseconds: int | None = 1_795_684_990_000, version: str = "2", images: int = 1
) -> str:
    """As serving signs it; without a time, as an earlier release did."""
    number = 0x4F0C6A5E0F0C4A5E8F0C6A5E0F0C6A5E
    if milliseconds is not None:
        number = milliseconds << 80 | 0x7 << 76 | 0xABC << 64 | 0b10 << 62 | 0x1234
    digits = f"{number:032x}"
    uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    signed = f"{uuid}.{version}.{images:x}"
    key = hmac.digest(SECRET, b"dandelion answer id, version 1", "sha256")
    mac = hmac.digest(key, f"default\0lawn\0{signed}".encode(), "sha256")[:16]
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


ANSWER = answer_id()


class Traced:
    """A store and an MLflow in which every link holds, and the command called on them."""

    def __init__(self, store: MemoryStore, mlflow: FakeMlflow, folder: str, work: Path) -> None:
        self.store = store
        self.mlflow = mlflow
        self.folder = folder  # of the artifact
        self.work = work
        self.secret = SECRET

    @property
    def objects(self) -> dict[str, bytes]:
        return self.store.objects

    @property
    def tags(self) -> dict[str, str]:
        """Of the version."""
        return self.mlflow.versions[MODEL][1].tags

    @property
    def run_tags(self) -> dict[str, str]:
        return self.mlflow.runs[1].tags

    @property
    def contract(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.objects[f"{self.folder}/contract.json"])
        return found

    @property
    def dataset(self) -> str:
        """The digits of the dataset version's digest."""
        return str(self.contract["dataset"]["digest"])[7:]

    @property
    def evaluation(self) -> str:
        """The folder of the evaluation."""
        digits = sha256(self.objects[f"{self.folder}/contract.json"])
        return f"{EVALUATIONS}/{self.dataset}/{digits}"

    @property
    def comparison(self) -> str:
        (found,) = (uri for uri in self.objects if uri.startswith(f"{self.evaluation}-"))
        return found

    def copied(self, work: Path) -> "Traced":
        """One that a test may change."""
        store = MemoryStore()
        store.objects = dict(self.objects)
        return Traced(store, copy.deepcopy(self.mlflow), self.folder, work)

    def log(self, *rows: dict[str, Any], place: str = ROWS) -> None:
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        self.objects[place] = gzip.compress(lines.encode(), mtime=0)

    def row(self, **changed: Any) -> dict[str, Any]:
        return {
            "time": "2026-11-26T09:23:10.004Z",
            "id": ANSWER,
            "index": 0,
            "namespace": "default",
            "name": "lawn",
            "uid": "0f0c6a5e",
            "version": "2",
            "contract": "sha256:" + sha256(self.objects[f"{self.folder}/contract.json"]),
            "precision": "int8",
            "imageSha256": sha256(IMAGE),
            "label": "blue",
            "probability": 0.75,
            "scores": {"blue": 0.75, "yellow": 0.25},
            "code": 200,
        } | changed

    def called(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
        """Exit code and lines; those of the error stream where the answer is not there."""
        parser = argparse.ArgumentParser()
        trace.add_to(parser.add_subparsers())
        folder = self.work / "log-key"
        folder.mkdir(exist_ok=True)
        (folder / "AWS_SECRET_ACCESS_KEY").write_bytes(self.secret)
        given = (
            arguments if arguments and not arguments[0].startswith("-") else (ANSWER, *arguments)
        )
        parsed = parser.parse_args(
            [
                "trace",
                *given,
                *("--model", "default/lawn", "--log", "s3://predictions"),
                *("--endpoint", "http://s3", "--mlflow", "http://mlflow"),
                *("--log-credentials-dir", str(folder)),
            ]
        )
        clients = self.store, Versions(self.mlflow, "http://mlflow")
        code = trace.call(parsed, lambda _: clients, lambda: NOW)
        out, err = capsys.readouterr()
        return code, (err if code == 2 else out).splitlines()

    def links(
        self, capsys: pytest.CaptureFixture[str], *arguments: str
    ) -> tuple[int, list[dict[str, str]]]:
        code, lines = self.called(capsys, *arguments, "--output", "json")
        assert code != 2, lines
        found: list[dict[str, str]] = json.loads("\n".join(lines))["links"]
        return code, found


def traced(work: Path) -> Traced:
    """Two runs: the second has one image more, starts from the first one's weights, and is promoted
    over it.
    """
    world = World(work)
    first = world.train("one")
    world.store.objects[f"{DATASET}/blue/new.png"] = encoded(picture(5000, (40, 60, 200)))
    second = world.train(
        "two",
        former_dataset=world.dataset(first),
        initial_weights=f"{first.folder}/model.safetensors",
        seed=1,
        **of(first),
    )
    found = Traced(world.store, world.mlflow, str(second.folder), work)
    found.objects[f"{LOG}/images/{sha256(IMAGE)}"] = IMAGE
    found.log(found.row(id="another"), found.row())
    found.mlflow.aliases = {"champion": "2"}
    found.run_tags.update(
        {
            "dandelion.dev/trigger": "Schedule",
            "dandelion.dev/trigger-message": "due 2026-11-26T03:00:00Z",
        }
    )
    comparison = sha256(found.objects[found.comparison])
    found.tags.update(
        {
            "dandelion.dev/verdict": "promoted",
            "dandelion.dev/verdict-reason": "accuracy 1.000, the champion's 1.000",
            "dandelion.dev/gate": "aa11bb22cc",
            "dandelion.dev/replaces": "1",
            "dandelion.dev/comparison-digest": f"sha256:{comparison}",
            "dandelion.dev/promoted-by": "Gate",
        }
    )
    return found


def changed(content: bytes) -> bytes:
    """One bit is another one, in the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
