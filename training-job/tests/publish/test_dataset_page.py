"""The page of a dataset version: what is on it, and that it is bounded and only HTML."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from dandelion_training.data.images.inspect import Geometry, window
from dandelion_training.data.images.pixels import PixelFile
from dandelion_training.data.ingest import Threads
from dandelion_training.data.inputs import Wanted
from dandelion_training.data.layout.assignments import Rejected, RejectionKind, Split
from dandelion_training.data.load import Dataset, load
from dandelion_training.data.version.index import Index
from dandelion_training.data.version.library import Library
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.data.version.report import SuspectedPair, VersionReport
from dandelion_training.evaluate.labels.features import LabelSuspect, Suspects
from dandelion_training.learn.network import build
from dandelion_training.ports.storage import Location
from dandelion_training.publish.dataset_page import (
    NOT_EXAMINED,
    dataset_page,
    dataset_report,
)
from dandelion_training.publish.dataset_page.page import html
from dandelion_training.publish.dataset_page.sizes import sizes
from fakes.images import encoded, picture, with_dataset
from fakes.s3 import MemoryStore
from given.data.pages import HOSTILE, Page
from PIL import Image

URI = "s3://data/lawn"
GEOMETRY = Geometry(36, 32)
MEGABYTE = 1024 * 1024


class Lawn:
    """A small dataset with every fault, loaded."""

    def __init__(self, work: Path) -> None:
        store = MemoryStore()
        with_dataset(store, URI, images=24)
        blue = {n: store.objects[f"{URI}/blue/{n:03}.png"] for n in range(24)}
        store.objects |= {
            f"{URI}/blue/copy.png": blue[0],
            f"{URI}/yellow/contradiction.png": blue[1],
            f"{URI}/yellow/broken.jpg": b"no image",
            f"{URI}/Thumbs.db": b"x",
            f"{URI}/yellow/again.png": encoded(picture(2, (40, 60, 200)).convert("RGB"), "WEBP"),
        }
        library = Library(store, Location.parse("s3://models/default/lawn/datasets"), work)
        wanted = Wanted(Location.parse(URI), 0.2)
        self.dataset = load(
            *(store, library, wanted, None, GEOMETRY, work / "pixels", Threads(2, 2)),
            advance=lambda done, total: None,
        )
        self.index = library.index(self.dataset.digest)

    @property
    def report(self) -> VersionReport:
        assert self.dataset.report is not None
        return self.dataset.report

    def shown(self, labels: Suspects = NOT_EXAMINED, /, **changed: Any) -> Page:
        dataset = replace(self.dataset, report=replace(self.report, **changed))
        return Page(html(dataset_page("default/lawn", dataset, self.index, labels, GEOMETRY)))


@pytest.fixture(scope="module")
def lawn(tmp_path_factory: pytest.TempPathFactory) -> Lawn:
    return Lawn(tmp_path_factory.mktemp("lawn"))


def test_the_head_names_the_version_and_how_large_it_is(lawn: Lawn) -> None:
    text = lawn.shown().text
    assert "default/lawn · s3://data/lawn" in text
    assert lawn.dataset.digest in text
    assert f"Images | {len(lawn.dataset.entries)}" in text
    assert "Version before | none" in text


def test_classes_are_told_with_their_split(lawn: Lawn) -> None:
    for label, share in lawn.report.classes.items():
        images = share.train + share.holdout
        expected = f"{label} | {images} | {share.train} | {share.holdout} | {share.held_out:.1%}"
        assert expected.replace("%", " %") in lawn.shown().text


def test_what_was_left_out_is_told_with_examples(lawn: Lawn) -> None:
    text = lawn.shown().text
    assert "exact duplicate | 1 |  | blue/copy.png – an exact duplicate of blue/000.png" in text
    assert "in several classes | 2 | " in text
    assert "yellow/broken.jpg" in text
    assert "Thumbs.db (1)" in text
    assert "Exact duplicates left out | 1" in text


def test_pairs_across_classes_stand_side_by_side(lawn: Lawn) -> None:
    page = lawn.shown()
    assert len(lawn.report.suspects) == 1
    _, _, section = page.text.partition("The same picture in two classes")
    assert "blue/002.png" in section
    assert "yellow/again.png" in section


def test_suspected_labels_show_given_and_suggested_class(lawn: Lawn) -> None:
    entry = lawn.dataset.entries[3]
    text = lawn.shown(Suspects([LabelSuspect(entry, "yellow", 0.834)], 48)).text
    assert "of 48 that were examined" in text
    assert "labelled blue | looks like yellow | margin 0.83" in text
    assert "None of 48 images looks more" in lawn.shown(Suspects((), 48)).text
    assert "Labels to check" not in lawn.shown().text


def test_sizes_are_told_by_the_short_side(lawn: Lawn) -> None:
    assert "Smallest | 40 × 40" in lawn.shown().text
    assert "Smaller than the network's 32 pixels" in lawn.shown().text


def test_sizes_are_counted_in_two_bins_for_each_doubling() -> None:
    found = sizes([(640, 480), (300, 200), (90, 4000), (255, 256)], crop=224)
    assert found is not None
    assert found.bins == [
        ("64 – 95", 1),
        ("96 – 127", 0),
        ("128 – 191", 0),
        ("192 – 255", 2),
        ("256 – 383", 0),
        ("384 – 511", 1),
    ]
    assert dict(found.facts) == {
        "Smallest": "90 × 4,000",
        "Median": "255 × 256",
        "Largest": "640 × 480",
        "Smaller than the network's 224 pixels": "2",
    }
    assert sizes([], crop=224) is None


def test_a_version_without_report_and_index_has_a_page(lawn: Lawn) -> None:
    dataset = replace(lawn.dataset, report=None)
    page = Page(html(dataset_page("lawn", dataset, None, NOT_EXAMINED, GEOMETRY)))
    assert "Classes" in page.text
    assert "Sizes" not in page.text


def test_the_file_is_written_for_a_network_and_the_same_twice(lawn: Lawn, tmp_path: Path) -> None:
    network, cpu = build("resnet18", 2, seed=0), torch.device("cpu")
    first, again = (
        dataset_report(
            "default/lawn", lawn.dataset, lawn.index, network, GEOMETRY, cpu, tmp_path
        ).read_bytes()
        for _ in range(2)
    )
    assert first == again
    assert "Labels to check" in Page(first).text


def test_strangers_names_are_text_and_nothing_is_fetched(lawn: Lawn) -> None:
    rejected = [Rejected(HOSTILE, HOSTILE, HOSTILE, RejectionKind.UNUSABLE)]
    entry = Entry(HOSTILE, "0" * 64, HOSTILE, Split.TRAIN)
    page = lawn.shown(
        Suspects([LabelSuspect(entry, HOSTILE, 1.0)] * 40, 48),
        reading=HOSTILE,
        rejected={RejectionKind.UNUSABLE.value: 1},
        rejected_files=rejected,
        ignored=(HOSTILE,),
        warnings=(HOSTILE,),
        suspects=(SuspectedPair(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    )
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert page.text.count(HOSTILE) > 40
    addresses = [value for name, value in page.attributes if name in ("src", "href")]
    assert all(address.startswith("data:image/jpeg;base64,") for address in addresses)
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert ("content", policy) in page.attributes


def large(work: Path, classes: int) -> Dataset:
    """About 500 images, and one a class at least."""
    names = tuple(f"class {number:04} {'ä' * 60}" for number in range(classes))
    contents = classes * max(1, 500 // classes)
    with PixelFile(work / "pixels") as file:
        shown = window(picture(1, side=64), Geometry(64, 64))
        for number in range(contents):
            file.add(f"{number:064x}", shown)
        pixels = file.close()
    entries = tuple(
        Entry(
            f"{number:07}{'k' * 200}.jpg",
            f"{number:064x}",
            names[number % classes],
            Split.TRAIN,
        )
        for number in range(contents)
    )
    return Dataset(DatasetVersion(URI, names, 0.2, entries), None, pixels)


@pytest.mark.parametrize(
    ("classes", "pictures"),
    [(2, 100), (20, 190), (60, 150), (2000, 90)],
)
def test_the_page_is_bounded_whatever_the_dataset(
    classes: int, pictures: int, tmp_path: Path, lawn: Lawn
) -> None:
    dataset = large(tmp_path, classes)
    entries = dataset.entries
    report = replace(
        lawn.report,
        rejected={kind.value: 9000 for kind in RejectionKind},
        rejected_files=[
            Rejected(f"{'r' * 1000}{number}.jpg", "w" * 5000, None, kind)
            for number in range(140)
            for kind in RejectionKind
        ],
        suspects=[
            SuspectedPair(entries[n].key, entries[n + 1].key, "one", "other") for n in range(100)
        ],
        suspect_pairs=4000,
        warnings=["w" * 9000] * 900,
        ignored=["i" * 400] * 900,
    )
    suspects = Suspects([LabelSuspect(entry, "other", 1.0) for entry in entries] * 3, 20_000)
    found = dataset_page(
        "n", replace(dataset, report=report), Index("1"), suspects, Geometry(64, 64)
    )
    content = html(found)
    page = Page(content)
    assert len(page.pictures) == pictures
    assert len(content) < 2 * MEGABYTE
    for jpeg in page.pictures:
        with Image.open(io.BytesIO(jpeg)) as shown:
            assert max(shown.size) <= 96


def test_of_many_classes_the_largest_and_the_smallest_are_listed(tmp_path: Path) -> None:
    dataset = large(tmp_path, 300)
    page = Page(html(dataset_page("n", dataset, None, NOT_EXAMINED, Geometry(64, 64))))
    assert "The 50 largest of 300" in page.text
    assert "The 50 smallest" in page.text
    assert page.tags.count("tr") == 2 + 100
