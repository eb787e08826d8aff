"""The report of a dataset version for people: one HTML file of bounded size, whatever the dataset.

A thousand classes and a million images make a page of at most 200 small pictures and a few hundred
rows. The same version and the same network make the same bytes. The pipeline calls
`dataset_report` once the network has learnt, because its features show which labels are suspect.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from dandelion_training.data.images.inspect import Geometry, serving_crop
from dandelion_training.data.layout.assignments import RejectionKind, Split
from dandelion_training.data.load import Dataset
from dandelion_training.data.version.index import Index, UsableImage
from dandelion_training.data.version.manifest import Entry, name_of
from dandelion_training.data.version.report import VersionReport
from dandelion_training.evaluate.answers.sampling import sample
from dandelion_training.evaluate.labels.features import Suspects, label_suspects
from dandelion_training.publish.dataset_page.label_sections import (
    PICTURED,
    Labelled,
    Pair,
    Suspect,
)
from dandelion_training.publish.dataset_page.page import ClassRow, DatasetPage, LeftOut, html
from dandelion_training.publish.dataset_page.sizes import sizes
from dandelion_training.publish.sheet_page import Part, percent
from dandelion_training.publish.sheets import thumbnail

FILE = "dataset-report.html"
SIDE = 96  # pixels of a thumbnail
LOOKS = 100  # pictures of all classes together
LOOKS_OF_A_CLASS = 5
PAIRS = 30  # of two pictures each
SUSPECTS = 500
EXAMPLES = 5  # files of each kind of reason
WARNINGS = 50
IGNORED = 20
LONGEST = 500  # characters of a warning or a reason
NOT_EXAMINED = Suspects((), 0)


def dataset_report(
    name: str,
    dataset: Dataset,
    index: Index | None,
    network: nn.Module,
    geometry: Geometry,
    device: torch.device,
    work: Path,
) -> Path:
    """The file in `work`. `name` is the ModelDeployment's for people; without the version's index
    the page says nothing of sizes.
    """
    suspects = label_suspects(network, dataset, geometry, device, listed=SUSPECTS)
    path = work / FILE
    path.write_bytes(html(dataset_page(name, dataset, index, suspects, geometry)))
    return path


def dataset_page(
    name: str, dataset: Dataset, index: Index | None, suspects: Suspects, geometry: Geometry
) -> DatasetPage:
    """What the page shows of a version; without a report, only what the version itself holds."""
    report, version = dataset.report, dataset.version
    shown = _Shown(dataset, geometry)
    classes = _classes(dataset, shown)
    images, holdout = len(version.entries), sum(row.holdout for row in classes)
    left_out = sum(report.rejected.values()) if report else 0
    return DatasetPage(
        title="Dataset version",
        subtitle=f"{name} · {version.storage_uri}",
        facts=(
            ("Version", name_of(version.digest)[:12]),
            ("Images", f"{images:,}"),
            ("Classes", f"{len(version.classes):,}"),
            ("Held out", percent(holdout / max(1, images))),
            ("Left out", f"{left_out:,}"),
            ("Version before", name_of(report.former)[:12] if report and report.former else "none"),
        ),
        parts=(
            Part("Train", images - holdout, "train"),
            Part("Holdout", holdout, "holdout"),
        ),
        notes=(
            *((report.reading[:LONGEST],) if report else ()),
            f"spec.dataset.version: {version.digest} trains on exactly these images again.",
        ),
        warnings=[text[:LONGEST] for text in report.warnings[:WARNINGS]] if report else (),
        classes=classes,
        suspects=_suspects(suspects, shown),
        examined=suspects.examined,
        pairs=_pairs(report, shown),
        pair_count=report.suspect_pairs if report else 0,
        duplicates=_duplicates(report),
        left_out=_left_out(report),
        ignored=report.ignored[:IGNORED] if report else (),
        sizes=sizes(_sizes(version.entries, index), geometry.crop),
    )


@dataclass(frozen=True)
class _Shown:
    """Pictures of a dataset's images, as the network sees them."""

    dataset: Dataset
    geometry: Geometry

    def thumbnail(self, sha256: str) -> bytes:
        """Empty where the run holds no pixels of the image."""
        try:
            window = self.dataset.pixels[sha256]
        except KeyError:
            return b""
        return thumbnail(serving_crop(window, self.geometry), SIDE)


def _classes(dataset: Dataset, shown: _Shown) -> list[ClassRow]:
    members: dict[str, list[Entry]] = {label: [] for label in dataset.classes}
    for entry in dataset.entries:
        members[entry.label].append(entry)
    looks = min(LOOKS_OF_A_CLASS, LOOKS // max(1, len(members)))
    rows = []
    for label, entries in members.items():
        drawn = sample((entry.sha256 for entry in entries), looks, "looks") if looks else ()
        holdout = sum(entry.split is Split.HOLDOUT for entry in entries)
        pictures = [shown.thumbnail(sha256) for sha256 in sorted(drawn)]
        rows.append(ClassRow(label, len(entries) - holdout, holdout, pictures))
    return rows


def _suspects(suspects: Suspects, shown: _Shown) -> list[Suspect]:
    return [
        Suspect(
            Labelled(
                found.entry.key,
                found.entry.label,
                shown.thumbnail(found.entry.sha256) if number < PICTURED else b"",
            ),
            found.suggested,
            found.margin,
        )
        for number, found in enumerate(suspects.found[:SUSPECTS])
    ]


def _pairs(report: VersionReport | None, shown: _Shown) -> list[Pair]:
    pairs = report.suspects[:PAIRS] if report else ()
    wanted = {key for pair in pairs for key in (pair.first, pair.second)}
    content = {e.key: e.sha256 for e in shown.dataset.entries if e.key in wanted}

    def labelled(key: str, label: str) -> Labelled:
        return Labelled(key, label, shown.thumbnail(content.get(key, "")))

    return [
        Pair(labelled(pair.first, pair.first_label), labelled(pair.second, pair.second_label))
        for pair in pairs
    ]


def _duplicates(report: VersionReport | None) -> Sequence[tuple[str, str]]:
    if report is None:
        return ()

    def left_out(kind: RejectionKind) -> str:
        return f"{report.rejected.get(kind.value, 0):,}"

    return (
        ("Exact duplicates left out", left_out(RejectionKind.DUPLICATE)),
        ("Left out as the same file in several classes", left_out(RejectionKind.CONTRADICTION)),
        ("Near-duplicates kept, on one side of the split", f"{report.near_duplicates:,}"),
        ("Left out as too like a held-out image", left_out(RejectionKind.NEAR_HOLDOUT)),
    )


def _left_out(report: VersionReport | None) -> list[LeftOut]:
    if report is None:
        return []
    examples: Mapping[str, list[tuple[str, str]]] = {kind: [] for kind in report.rejected}
    for item in report.rejected_files:
        found = examples.get(item.kind.value)
        if found is not None and len(found) < EXAMPLES:
            found.append((item.key, item.reason[:LONGEST]))
    ranked = sorted(report.rejected.items(), key=lambda kind: (-kind[1], kind[0]))
    return [LeftOut(kind, files, examples[kind]) for kind, files in ranked]


def _sizes(entries: Sequence[Entry], index: Index | None) -> Iterator[tuple[int, int]]:
    """Widths and heights, as far as they are known."""
    if index is None:
        return
    for entry in entries:
        try:
            finding = index[entry.key]
        except KeyError:
            continue
        if isinstance(finding, UsableImage):
            yield finding.width, finding.height
