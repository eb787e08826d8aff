"""The commands `dataset show` and `dataset diff`, as a person types and reads them."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest
from dandelion_training.__main__ import main as process
from dandelion_training.commands import dataset, main
from dandelion_training.data.layout.assignments import Rejected, RejectionKind, Split
from dandelion_training.data.layout.fetched import Addresses
from dandelion_training.data.version.index import Index
from dandelion_training.data.version.library import Library
from dandelion_training.data.version.manifest import DatasetVersion, Entry, name_of
from dandelion_training.data.version.report import ClassShare, VersionReport
from dandelion_training.ports.storage import Location
from fakes.s3 import MemoryStore

VERSIONS = "s3://models/default/lawn/datasets"
CLASSES = ("dandelion", "grass")


def entry(key: str, content: int, split: Split = Split.TRAIN) -> Entry:
    return Entry(key, f"{content:064x}", key.split("/")[0], split)


def lawn(*more: Entry, classes: tuple[str, ...] = CLASSES) -> DatasetVersion:
    entries = [
        *(entry(f"dandelion/{n}.jpg", n) for n in range(1, 5)),
        entry("dandelion/5.jpg", 5, Split.HOLDOUT),
        *(entry(f"grass/{n}.jpg", 10 + n) for n in range(1, 4)),
        entry("grass/4.jpg", 14, Split.HOLDOUT),
        *more,
    ]
    in_order = tuple(sorted(entries, key=lambda found: found.key))
    return DatasetVersion("s3://datasets/lawn", classes, 0.2, in_order)


REPORT = VersionReport(
    reading="One folder a class.",
    classes={"dandelion": ClassShare(4, 1), "grass": ClassShare(3, 1)},
    rejected={"exact duplicate": 2, "not a usable image": 1},
    rejected_files=[
        Rejected(
            "dandelion/copy.jpg",
            "an exact duplicate of dandelion/1.jpg",
            "dandelion",
            RejectionKind.DUPLICATE,
        ),
        Rejected("grass/page.jpg", "it is no image", "grass"),
    ],
    ignored=("1 file of tools was ignored: Thumbs.db (1).",),
    suspects=(),
    suspect_pairs=0,
    near_duplicates=0,
    warnings=("3 of 12 files (25%) were left out.",),
    former="",
    objects_read=12,
    bytes_read=1000,
)


class Kept:
    """A store with versions, and the commands called on it."""

    def __init__(
        self, work: Path, capsys: pytest.CaptureFixture[str], *versions: DatasetVersion
    ) -> None:
        self.store = MemoryStore()
        self._capsys = capsys
        library = Library(self.store, Location.parse(VERSIONS), work)
        for version in versions:
            library.keep(version, Index("1"), REPORT, (), name_of(version.digest))

    def called(self, *arguments: str) -> tuple[int, list[str]]:
        """Exit code and lines; those of the error stream after a failure."""
        parser = argparse.ArgumentParser()
        dataset.add_to(parser.add_subparsers())
        options = ("--versions", VERSIONS, "--endpoint", "http://s3")
        parsed = parser.parse_args(["dataset", *arguments, *options])
        code = dataset.call(parsed, lambda _: self.store)
        out, err = self._capsys.readouterr()
        return code, (err if code else out).splitlines()


def test_show_tells_classes_what_was_left_out_and_warnings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version = lawn()
    assert Kept(tmp_path, capsys, version).called("show", version.digest) == (
        0,
        [
            f"Version:   {version.digest}",
            "Former:    <none>",
            "Source:    s3://datasets/lawn",
            "Layout:    One folder a class.",
            "Images:    9",
            "Held out:  2 (22.2%, asked for 20.0%)",
            "",
            "CLASS       IMAGES   TRAIN   HOLDOUT   HELD OUT",
            "dandelion        5       4         1   20.0%",
            "grass            4       3         1   25.0%",
            "",
            "LEFT OUT             FILES   EXAMPLE",
            "exact duplicate          2"
            "   dandelion/copy.jpg: an exact duplicate of dandelion/1.jpg",
            "not a usable image       1   grass/page.jpg: it is no image",
            "",
            "Ignored:",
            "  1 file of tools was ignored: Thumbs.db (1).",
            "",
            "Warnings:",
            "  3 of 12 files (25%) were left out.",
        ],
    )


def test_show_tells_who_labelled_the_images_that_callers_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = [
        Entry(f"answer://{n}/0", f"{n:064x}", "grass", Split.TRAIN, origin)
        for n, origin in enumerate(("review by ada", "agreement of 3 callers", "review by ada"), 90)
    ]
    version = lawn(*sent)
    kept = Kept(tmp_path, capsys, version)
    _, lines = kept.called("show", version.digest)
    place = lines.index("ORIGIN                   IMAGES")
    assert lines[place + 1 : place + 3] == [
        "agreement of 3 callers        1",
        "review by ada                 2",
    ]
    _, lines = kept.called("show", version.digest, "-o", "json")
    assert json.loads("\n".join(lines))["origins"] == {
        "agreement of 3 callers": 1,
        "review by ada": 2,
    }


def test_show_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    version = lawn()
    code, lines = Kept(tmp_path, capsys, version).called("show", version.digest, "-o", "json")
    assert code == 0
    assert json.loads("\n".join(lines)) == {
        "version": version.digest,
        "former": "",
        "storageUri": "s3://datasets/lawn",
        "layout": "One folder a class.",
        "holdoutFraction": 0.2,
        "images": 9,
        "holdout": 2,
        "classes": {
            "dandelion": {"train": 4, "holdout": 1},
            "grass": {"train": 3, "holdout": 1},
        },
        "rejected": {"exact duplicate": 2, "not a usable image": 1},
        "ignored": ["1 file of tools was ignored: Thumbs.db (1)."],
        "suspectPairs": 0,
        "nearDuplicates": 0,
        "warnings": ["3 of 12 files (25%) were left out."],
    }


def test_show_as_json_tells_what_became_of_addresses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version, kept = lawn(), Kept(tmp_path, capsys)
    became = Addresses("urls.csv", named=9, fetched=3, known=4, lost={"answered 404": 2})
    library = Library(kept.store, Location.parse(VERSIONS), tmp_path)
    library.keep(version, Index("1"), replace(REPORT, addresses=became), [], "inputs")
    _, lines = kept.called("show", version.digest, "-o", "json")
    assert json.loads("\n".join(lines))["addresses"] == {
        "table": "urls.csv",
        "named": 9,
        "fetched": 3,
        "known": 4,
        "lost": {"answered 404": 2},
    }


def test_show_does_without_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    version = lawn()
    kept = Kept(tmp_path, capsys, version)
    kept.store.objects = {k: v for k, v in kept.store.objects.items() if "report" not in k}
    code, lines = kept.called("show", version.digest)
    assert code == 0
    assert "dandelion        5       4         1   20.0%" in lines
    assert lines[-1].startswith("There is no report")


def test_diff_tells_counts_and_examples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = lawn(entry("grass/odd.jpg", 30))
    after = lawn(entry("moss/odd.jpg", 30), classes=(*CLASSES, "moss"))
    kept = Kept(tmp_path, capsys, before, after)
    assert kept.called("diff", before.digest, after.digest) == (
        0,
        [
            f"       {'VERSION':<71}   IMAGES   CLASSES",
            f"from   {before.digest}       10         2",
            f"to     {after.digest}       10         3",
            "",
            "CHANGE                     IMAGES",
            "added                           0",
            "removed                         0",
            "changed                         0",
            "relabelled                      1",
            "renamed                         0",
            "moved to the other split        0",
            "",
            "Classes gained: moss",
            "",
            "Relabelled:",
            "  FILE           CLASS BEFORE   CLASS",
            "  moss/odd.jpg   grass          moss",
        ],
    )


def test_diff_counts_all_and_names_twenty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = lawn(), lawn(*(entry(f"grass/new{n:02}.jpg", 100 + n) for n in range(45)))
    kept = Kept(tmp_path, capsys, before, after)
    _, lines = kept.called("diff", before.digest, after.digest)
    assert "Added (20 of 45):" in lines
    assert sum("grass/new" in line for line in lines) == 20
    _, lines = kept.called("diff", before.digest, after.digest, "--output", "json")
    added = json.loads("\n".join(lines))["changes"]["added"]
    assert added["count"] == 45
    assert added["examples"][0] == {"key": "grass/new00.jpg", "label": "grass", "split": "train"}
    assert len(added["examples"]) == 20


def test_the_first_digits_of_a_digest_are_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version = lawn()
    kept = Kept(tmp_path, capsys, version, lawn(entry("grass/9.jpg", 99)))
    digits = name_of(version.digest)[:8]
    for wanted in (digits, f"sha256:{digits}"):
        assert kept.called("show", wanted)[1][0] == f"Version:   {version.digest}"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("abc", "or the first 8 or more"),
        ("lawn-train-1", "is no digest of a dataset version"),
        ("sha256:01234567", "No dataset version begins with 01234567"),
        ("sha256:" + "0" * 64, "There is no dataset version sha256:000"),
    ],
)
def test_a_version_that_is_not_there_is_one_sentence_and_exit_code_1(
    wanted: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = Kept(tmp_path, capsys, lawn()).called("show", wanted)
    assert code == 1
    (line,) = lines
    assert line.startswith("error: ")
    assert words in line


def test_digits_of_two_versions_are_not_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Kept(tmp_path, capsys, lawn())
    for ending in "ab":
        kept.store.objects[f"{VERSIONS}/{'1' * 63}{ending}/manifest.jsonl.gz"] = b""
    code, lines = kept.called("show", "1" * 12)
    assert code == 1
    assert "2 dataset versions begin with 111111111111" in lines[0]


def test_where_versions_are_kept_comes_from_the_environment_of_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DANDELION_DATASET_MANIFESTS_URI", VERSIONS)
    monkeypatch.setenv("DANDELION_S3_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("DANDELION_S3_CREDENTIALS_DIR", str(tmp_path))
    assert process(["dataset", "show", "0" * 64]) == 1
    assert f"{tmp_path}/AWS_ACCESS_KEY_ID" in capsys.readouterr().err


def test_without_a_place_the_command_says_what_to_write(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DANDELION_DATASET_MANIFESTS_URI", raising=False)
    assert main(["dataset", "show", "0" * 64]) == 1
    assert "Write --versions, or set DANDELION_DATASET_MANIFESTS_URI" in capsys.readouterr().err
