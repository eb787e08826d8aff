"""From what lies in a bucket to a dataset version: layout, ingest, clean, group, split, keep.

A version that was made from the same objects, the same wishes and the same former version is found
and not made again; objects that the former version knew are not read again. `pipeline` and the
command `dataset` call `dataset_version`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from dandelion_training.data.clean import Cleaned, OnSmallClass, clean
from dandelion_training.data.errors import DatasetError
from dandelion_training.data.ingest import Ingested, Threads, ingest
from dandelion_training.data.inputs import Wanted, copy_of, inputs_digest, listed
from dandelion_training.data.layout import layout
from dandelion_training.data.layout.assignments import Layout, Rejected, RejectionKind, Split
from dandelion_training.data.layout.fetched import NOTHING_FETCHED, Fetched
from dandelion_training.data.layout.reviewed import NOTHING_REVIEWED, Reviewed
from dandelion_training.data.split import split
from dandelion_training.data.split.groups import Grouping, group
from dandelion_training.data.split.member import Member
from dandelion_training.data.split.placement import Placement
from dandelion_training.data.version.index import Index, UnusableFile, UsableImage
from dandelion_training.data.version.library import Library
from dandelion_training.data.version.manifest import DatasetVersion, Entry
from dandelion_training.data.version.report import (
    EXAMPLES,
    ClassShare,
    SuspectedPair,
    VersionReport,
    rejections,
)
from dandelion_training.ports import storage
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import ObjectStore, StoredObject


@dataclass(frozen=True)
class Reading:
    """How objects are looked at. `generation` names what the findings depend on; `room` is told how
    many images were listed, and raises where they do not fit.
    """

    generation: str
    inspect: Callable[[bytes], UsableImage]
    threads: Threads
    room: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A readable image, before cleaning."""

    key: str
    label: str
    sha256: str
    split: Split | None


def dataset_version(
    store: ObjectStore,
    library: Library,
    wanted: Wanted,
    reading: Reading,
    advance: Callable[[int, int], None],
    fetched: Fetched = NOTHING_FETCHED,
    reviewed: Reviewed = NOTHING_REVIEWED,
) -> tuple[DatasetVersion, VersionReport]:
    """The version that `wanted` names today with what was fetched and reviewed, made where it does
    not exist yet.

    Raises TrainingFailure where there is no dataset.
    """
    try:
        return _version(store, library, wanted, reading, advance, fetched, reviewed)
    except DatasetError as error:
        raise TrainingFailure(Reason(error.reason.value), error.message) from error


def _version(
    store: ObjectStore,
    library: Library,
    wanted: Wanted,
    reading: Reading,
    advance: Callable[[int, int], None],
    fetched: Fetched,
    reviewed: Reviewed,
) -> tuple[DatasetVersion, VersionReport]:
    table, folder, objects = listed(store, wanted.source)
    inputs = inputs_digest(wanted, reading.generation, objects, fetched, reviewed)
    known = library.find(inputs)
    if known is not None:
        version, report = library.version(known[0]), known[1]
        library.keep_objects(version.digest, objects, fetched.lines)
        return version, report
    fetched.check(listed=len(objects))
    names = (item.name for item in objects)
    listed_and_fetched = fetched.joined(layout(str(wanted.source), names, table, fetched.labels))
    found = reviewed.joined(listed_and_fetched)
    index = _former_index(library, wanted.former, reading.generation)
    copies = {image.key: copy_of(image) for image in (*fetched.images, *reviewed.images)}
    by_name = {item.name: item for item in objects} | copies
    images = [by_name[assignment.key] for assignment in found.assignments]
    reading.room(len(images))

    def fetch(item: StoredObject) -> storage.Fetched:
        if item.name in copies:
            return library.fetched(item.etag)
        return store.fetch(folder.child(item.name), etag=item.etag)

    ingested = ingest(fetch, images, index, reading.inspect, reading.threads, advance)
    index = index.of(images)
    cleaned = cleaned_images(str(folder), found, index, ingested, wanted.on_small_class)
    version, report = split_version(wanted, found, cleaned, index, _past(library, wanted))
    report = replace(
        report,
        objects_read=ingested.objects_read,
        bytes_read=ingested.bytes_read,
        addresses=fetched.addresses,
    )
    library.keep(version, index, report, objects, inputs, fetched.lines)
    return version, report


def cleaned_images(
    folder: str, found: Layout, index: Index, ingested: Ingested, on_small_class: OnSmallClass
) -> Cleaned[Candidate]:
    """What is kept of the images that `found` names and `index` knows."""
    usable: list[Candidate] = []
    rejected = list(found.rejected)
    faults: list[Rejected] = []
    for key, label, given in found.assignments:
        if key in ingested.faults:
            reason = ingested.faults[key]
            faults.append(Rejected(key, reason, label, RejectionKind.UNREADABLE))
            continue
        finding = index[key]
        if isinstance(finding, UnusableFile):
            rejected.append(Rejected(key, finding.reason, label))
        else:
            usable.append(Candidate(key, label, finding.sha256, given))
    if found.yielding:
        usable, doubles = _without_yielding(usable, found.yielding)
        rejected += doubles
    return clean(folder, found.classes, usable, rejected, faults, on_small_class)


def _without_yielding(
    usable: Sequence[Candidate], yielding: frozenset[str]
) -> tuple[list[Candidate], list[Rejected]]:
    settled = {image.sha256 for image in usable if image.key not in yielding}
    kept, left_out = [], []
    for image in usable:
        if image.key in yielding and image.sha256 in settled:
            reason = "the dataset has the same file, whose label people gave it"
            left_out.append(Rejected(image.key, reason, image.label, RejectionKind.DUPLICATE))
        else:
            kept.append(image)
    return kept, left_out


def split_version(
    wanted: Wanted,
    found: Layout,
    cleaned: Cleaned[Candidate],
    index: Index,
    past: "Past",
) -> tuple[DatasetVersion, VersionReport]:
    """The version of what was kept, and its report."""
    images = cleaned.kept
    members = [
        Member(image.sha256, image.label, _usable(index, image.key).fingerprint, image.split)
        for image in images
    ]
    grouping = group(members)
    placement = split(
        members, grouping, wanted.holdout_fraction, former=past.splits, learnt=past.learnt
    )
    entries = tuple(
        Entry(image.key, image.sha256, image.label, side, found.origins.get(image.key, ""))
        for image, side in zip(images, placement.splits, strict=True)
        if side is not None
    )
    version = DatasetVersion(str(wanted.source), cleaned.classes, wanted.holdout_fraction, entries)
    report = _report(wanted, found, cleaned, placement, grouping, images)
    # The same images found again follow no other version than themselves.
    former = wanted.former if wanted.former != version.digest else ""
    return version, replace(report, former=former, warnings=(*past.warnings, *report.warnings))


def _report(
    wanted: Wanted,
    found: Layout,
    cleaned: Cleaned[Candidate],
    placement: Placement,
    grouping: Grouping,
    images: Sequence[Candidate],
) -> VersionReport:
    rejected = [
        *cleaned.rejected,
        *(
            Rejected(images[i].key, reason, images[i].label, RejectionKind.NEAR_HOLDOUT)
            for i, reason in placement.left_out.items()
        ),
    ]
    suspects = [
        SuspectedPair(
            images[pair.first].key,
            images[pair.second].key,
            images[pair.first].label,
            images[pair.second].label,
        )
        for pair in grouping.suspects
    ]
    return VersionReport(
        reading=found.reading,
        classes={s.label: ClassShare(s.train, s.holdout) for s in placement.shares},
        rejected=rejections(rejected),
        rejected_files=sorted(rejected, key=lambda item: item.key)[:EXAMPLES],
        ignored=found.ignored.words(),
        suspects=suspects,
        suspect_pairs=grouping.suspect_pairs,
        near_duplicates=len(images) - len(set(grouping.groups.tolist())),
        warnings=(
            *found.warnings,
            *cleaned.warnings,
            *placement.warnings,
            *_suspicion(suspects, grouping.suspect_pairs),
        ),
        former=wanted.former,
        objects_read=0,
        bytes_read=0,
    )


def _suspicion(suspects: Sequence[SuspectedPair], count: int) -> list[str]:
    if not suspects:
        return []
    first = suspects[0]
    pairs = "pair of images looks" if count == 1 else "pairs of images look"
    return [
        f"{count:,} {pairs} the same and lie in two classes, for example {first.first} and"
        f" {first.second}: one of the labels is probably wrong."
    ]


def _usable(index: Index, key: str) -> UsableImage:
    finding = index[key]
    assert isinstance(finding, UsableImage)
    return finding


def _former_index(library: Library, former: str, generation: str) -> Index:
    index = library.index(former) if former else None
    if index is None or index.generation != generation:
        return Index(generation)
    return index


@dataclass(frozen=True)
class Past:
    """What earlier versions settled about single images, by SHA-256."""

    splits: Mapping[str, Split]  # in the former version
    learnt: frozenset[str]  # what the starting weights or their ancestors learnt from
    warnings: tuple[str, ...]


def _past(library: Library, wanted: Wanted) -> Past:
    """Versions that are gone settle nothing any more, which is told."""
    learnt: set[str] = set()
    warnings = []
    for digest in wanted.ancestors:
        version = library.version_if_there(digest)
        if version is None:
            warnings.append(
                f"The starting weights learnt from dataset version {digest}, which is gone: the"
                " holdout may contain images that they know."
            )
        else:
            learnt.update(name for name, side in version.splits().items() if side is Split.TRAIN)
    former = library.version_if_there(wanted.former) if wanted.former else None
    if wanted.former and former is None:
        warnings.append(
            f"The former dataset version {wanted.former} is gone, so the split is decided anew."
        )
    return Past(former.splits() if former else {}, frozenset(learnt), tuple(warnings))
