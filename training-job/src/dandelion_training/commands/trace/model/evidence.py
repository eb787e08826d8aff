"""What a model learnt from and was evaluated on: dataset versions, the evaluation, its answers."""

import gzip
import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dandelion_training.commands.trace.links import Link, State, Witness, agreed, broken
from dandelion_training.commands.trace.model.registered import Model
from dandelion_training.data.version.library import MANIFEST
from dandelion_training.data.version.manifest import (
    DatasetVersion,
    VersionError,
    name_of,
    read_version,
)
from dandelion_training.evaluate.answers.record import FILE as ANSWERS
from dandelion_training.evaluate.documents import Unreadable
from dandelion_training.evaluate.library import Evaluations
from dandelion_training.evaluate.result import FILE as EVALUATION
from dandelion_training.evaluate.result import EvaluationResult, read_result
from dandelion_training.ports.documents import digest
from dandelion_training.ports.storage import Location, ObjectStore

ROUNDING = 1e-6
PIECE = 1 << 20  # bytes


def dataset_links(
    store: ObjectStore, root: Location, name: str, wanted: str, work: Path
) -> tuple[DatasetVersion | None, list[Link]]:
    """The dataset version of a digest, and whether it is the one."""
    place = root.child(f"{name_of(wanted)}/{MANIFEST}")
    content = store.read(place)
    if content is None:
        return None, [broken(name, place, wanted, "")]
    path = work / MANIFEST
    path.write_bytes(content)
    try:
        found = _content_digest(path)
        if found != wanted:
            return None, [broken(name, place, wanted, found)]
        version = read_version(path, wanted)
    except (VersionError, OSError, EOFError, zlib.error) as error:
        return None, [broken(name, place, wanted, str(error))]
    finally:
        path.unlink()
    sides = Counter(entry.split.value for entry in version.entries)
    words = (
        f"{wanted}: {len(version.entries):,} images of {len(version.classes)} classes from"
        f" {version.storage_uri}, {sides['holdout']:,} held out"
    )
    return version, [Link(name, State.OK, str(place), words)]


def _content_digest(path: Path) -> str:
    """Of the lines themselves, however they are packed."""
    found = hashlib.sha256()
    with gzip.open(path, "rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return f"sha256:{found.hexdigest()}"


def evaluation_links(store: ObjectStore, evaluations: Evaluations, model: Model) -> Iterator[Link]:
    """The evaluation of the model on its own dataset version, and its answers."""
    folder = evaluations.place(model.dataset_digest, model.contract_digest)
    place = folder.child(EVALUATION)
    content = store.read(place)
    tags = model.witnesses("evaluation-digest")
    if content is None:
        if tags:
            yield broken("evaluation", place, tags[0].value, "")
        else:
            yield Link("evaluation", State.UNKNOWN, str(place), "there is none")
        return
    bytes_say = Witness(str(place), digest(content))
    wanted, others = agreed("evaluation", [*tags, bytes_say])
    yield from others
    result = read_result(content)
    if wanted != bytes_say.value:
        return
    wrong = _not_of(model, result)
    if wrong:
        expected = f"an evaluation of {model.contract_digest} on {model.dataset_digest}"
        yield broken("evaluation", place, expected, wrong)
        return
    assert isinstance(result, EvaluationResult)
    words = (
        f"accuracy {result.confusion.accuracy:.4f}, macro F1 {result.confusion.macro_f1:.4f}"
        f" on {result.confusion.images:,} images, {result.precision}"
    )
    if tags:
        yield Link("evaluation", State.OK, str(place), f"{wanted}: {words}")
    else:
        words += "; no digest of it was kept, its figures agree with the contract's"
        yield Link("evaluation", State.UNKNOWN, str(place), words)
    yield _answers(store, folder.child(ANSWERS), result.answers)


def _answers(store: ObjectStore, place: Location, wanted: str) -> Link:
    content = store.read(place)
    found = "" if content is None else digest(content)
    if found != wanted:
        return broken("answers", place, wanted, found)
    return Link("answers", State.OK, str(place), wanted)


def _not_of(model: Model, result: EvaluationResult | Unreadable) -> str:
    """Why it is not the evaluation that the contract tells of, or nothing."""
    if isinstance(result, Unreadable):
        return result.reason
    if (result.dataset, result.contract) != (model.dataset_digest, model.contract_digest):
        return f"one of {result.contract} on {result.dataset}"
    metrics = model.contract.metrics if model.contract is not None else {}
    told = {"accuracy": result.confusion.accuracy, "macroF1": result.confusion.macro_f1}
    for name, value in told.items():
        if abs(metrics.get(name, value) - value) > ROUNDING:
            return f"{name} {value:.6f}, where the contract has {metrics[name]:.6f}"
    return ""
