"""The way from an answer to everything that it rests on, a link after the other."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from dandelion_training.commands.connection import refused
from dandelion_training.commands.trace.answer.log import Row, Search, search
from dandelion_training.commands.trace.answer.rows import damaged, id_link, image_links, row_links
from dandelion_training.commands.trace.links import Link, Witness, broken
from dandelion_training.commands.trace.model.evidence import dataset_links, evaluation_links
from dandelion_training.commands.trace.model.images import images_links
from dandelion_training.commands.trace.model.registered import Model, model
from dandelion_training.commands.trace.model.verdict import verdict_links
from dandelion_training.commands.trace.question import Question
from dandelion_training.data.version.library import Library
from dandelion_training.evaluate.library import Evaluations
from dandelion_training.ports.failures import TrainingFailure
from dandelion_training.ports.registry.versions import RegisteredVersion, Versions
from dandelion_training.ports.storage import Location, ObjectStore


def trace(
    question: Question, store: ObjectStore, registry: Versions, now: datetime, work: Path
) -> Sequence[Link]:
    """Every link from the answer on. Raises TrainingFailure where there is no such answer."""
    answer, resource = question.answer, question.resource
    if not answer.images:
        raise refused(
            f"The answer {answer.text} was an error: it predicted nothing and has no row."
        )
    links = [id_link(answer, resource, question.key)]
    found = search(store, question.log, answer, question.since, now)
    if found.found is None:
        if found.damaged:
            return [*links, *damaged(found)]
        raise _not_there(question, found)
    rows = found.found
    links += row_links(rows, answer, resource)
    links += image_links(store, question.log, rows.rows, rows.place)
    row = rows.rows[0]
    version = _version(registry, resource.model, row)
    if version is None:
        where = f"MLflow: {resource.model} version {row.version}"
        return [*links, broken("version", where, "a registered version", "")]
    said = Witness(f"{rows.place}, contract", row.contract)
    made = model(store, registry, version, said if said.value else None, row.version)
    return [*links, *made.links, *_rested_on(question, store, registry, made, work)]


def _version(registry: Versions, name: str, row: Row) -> RegisteredVersion | None:
    """The version that answered; its number is another one where MLflow had lost it."""
    version = registry.version(name, row.version)
    if not row.contract or (version and version.tags.get("contract-digest") == row.contract):
        return version
    return registry.registered_again(name, row.contract) or version


def _rested_on(
    question: Question, store: ObjectStore, registry: Versions, made: Model, work: Path
) -> list[Link]:
    """Data, evaluation and verdict."""
    links: list[Link] = []
    home = _home(made)
    versions = question.versions or (home and home.child("datasets"))
    evaluations = question.evaluations or (home and home.child("evaluations"))
    if versions is None or evaluations is None or not made.dataset_digest:
        return links
    dataset, found = dataset_links(store, versions, "dataset", made.dataset_digest, work)
    links += found
    for ancestor in dict.fromkeys(made.contract.dataset.lineage if made.contract else ()):
        if ancestor != made.dataset_digest:
            links += dataset_links(store, versions, "ancestor", ancestor, work)[1]
    if dataset is not None and question.images != "none":
        library = Library(store, versions, work)
        links += images_links(store, versions, library, dataset, question.images == "hash")
    kept = Evaluations(store, evaluations)
    links += evaluation_links(store, kept, made)
    return [*links, *verdict_links(store, registry, kept, made)]


def _home(made: Model) -> Location | None:
    """The folder of the resource, which its runs lie in: an artifact is at RUN/artifact."""
    if made.folder is None:
        return None
    return Location(made.folder.bucket, made.folder.key.rpartition("/")[0].rpartition("/")[0])


def _not_there(question: Question, found: Search) -> TrainingFailure:
    further = "" if question.answer.time is not None else " Look further back with --since."
    return refused(
        f"There is no row of {question.answer.text} in {question.log}: {found.objects:,} objects"
        f" ({found.bytes:,} bytes) of {found.span} were read. Rows are written up to half a minute"
        f" after the answer.{further}"
    )
