"""From the version that answered to what it is: MLflow's version and run, the contract and every
file of the artifact.

What a digest is expected to be is said by several: the row, the version's tag, the run's. The
contract is believed only with the digest that most of them name.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dandelion_training.commands.trace.links import Link, State, Witness, agreed, broken
from dandelion_training.ports.documents import digest
from dandelion_training.ports.registry.versions import MlflowRun, RegisteredVersion, Versions
from dandelion_training.ports.storage import Location, ObjectStore

CONTRACT = "contract.json"
# Tags that every release writes; that another is missing says nothing.
ALWAYS = frozenset({"run", "contract-digest", "dataset-digest"})


class Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class File(Part):
    sha256: str
    bytes: int


class Dataset(Part):
    digest: str
    images: int = 0
    holdout: int = 0
    storage_uri: str = Field(default="", alias="storageUri")
    lineage: tuple[str, ...] = ()


class Training(Part):
    image: str = ""
    revision: str = Field(default="", alias="gitRevision")
    initial_weights: str = Field(default="", alias="initialWeights")


class Precision(Part):
    choice: str = ""


class Contract(Part):
    """What of contract.json is held against others; contracts of earlier releases say less."""

    name: str
    run: str
    architecture: str = ""
    classes: tuple[str, ...] = ()
    dataset: Dataset
    training: Training = Training()
    precision: Precision = Precision()
    metrics: dict[str, float] = Field(default_factory=dict)
    files: dict[str, File]


@dataclass
class Model:
    """A version, and all that was found out about it. `contract` is None where it cannot be
    believed; the digests are those that most places name.
    """

    version: RegisteredVersion
    run: MlflowRun | None = None
    folder: Location | None = None
    contract: Contract | None = None
    contract_digest: str = ""
    dataset_digest: str = ""
    evaluation_digest: str = ""
    links: list[Link] = field(default_factory=list)

    def tag_place(self, name: str) -> str:
        return (
            f"MLflow: {self.version.model} version {self.version.number}, tag dandelion.dev/{name}"
        )

    def run_place(self, name: str) -> str:
        return f"MLflow: run {self.version.run_id}, tag dandelion.dev/{name}"

    def witnesses(self, name: str) -> list[Witness]:
        """What version and run have under a tag."""
        found = [Witness(self.tag_place(name), self.version.tags.get(name, ""))]
        if self.run is not None:
            found.append(Witness(self.run_place(name), self.run.tags.get(name, "")))
        if name in ALWAYS:
            return found
        return [witness for witness in found if witness.value]


def model(
    store: ObjectStore,
    registry: Versions,
    version: RegisteredVersion,
    row: Witness | None,
    answered_as: str,
) -> Model:
    """Follow a version to its artifact; `row` says which contract answered, `answered_as` under
    which number.
    """
    found = Model(version)
    where = f"MLflow: {version.model} version {version.number}"
    again = f"answered as version {answered_as}, " if answered_as != version.number else ""
    found.links.append(Link("version", State.OK, where, f"{again}lies in {version.source}"))
    found.links += _run(found, registry)
    try:
        found.folder = Location.parse(version.source)
    except ValueError as error:
        wanted = "the address of an artifact"
        found.links.append(broken("version", f"{where}, source", wanted, str(error)))
    found.links += _contract(found, store, row)
    found.links += _origin(found)
    found.links += _files(found, store)
    return found


def _run(found: Model, registry: Versions) -> Iterator[Link]:
    version = found.version
    if not version.run_id:
        words = "registered without a run, as MLflow had lost the version"
        yield Link("run", State.UNKNOWN, f"MLflow: {version.model} version {version.number}", words)
        return
    run = registry.run(version.run_id)
    place = f"MLflow: run {version.run_id}"
    if run is None:
        yield broken("run", place, "a run", "")
        return
    found.run = run
    said = run.tags.get("version", "")
    if said != version.number:
        yield broken("run", found.run_place("version"), version.number, said)
        return
    deleted = ", deleted in MLflow" if run.deleted else ""
    trigger, message = (run.tags.get(name, "") for name in ("trigger", "trigger-message"))
    why = ": ".join(words for words in (trigger, message) if words)
    begun = f"{run.status}, begun {run.started}{deleted}"
    yield Link("run", State.OK, place, f"{begun}; trigger {why}" if why else begun)


def _contract(found: Model, store: ObjectStore, row: Witness | None) -> Iterator[Link]:
    if found.folder is None:
        return
    place = found.folder.child(CONTRACT)
    content = store.read(place)
    bytes_say = [] if content is None else [Witness(str(place), digest(content))]
    says = [row] if row is not None else []
    found.contract_digest, others = agreed(
        "contract", [*says, *found.witnesses("contract-digest"), *bytes_say]
    )
    yield from others
    if content is None:
        yield broken("contract", place, found.contract_digest, "")
        return
    if digest(content) != found.contract_digest:
        return
    try:
        found.contract = Contract.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        yield broken("contract", place, "a contract that can be read", str(first["msg"]))
        return
    contract = found.contract
    figures = ", ".join(f"{name} {value:.4f}" for name, value in contract.metrics.items())
    words = f"{found.contract_digest}: {contract.architecture}, {len(contract.classes)} classes"
    yield Link("contract", State.OK, str(place), f"{words}, {figures}")


def _origin(found: Model) -> Iterator[Link]:
    """What tags repeat: of the contract, which is believed first, and of the training."""
    contract = found.contract
    said = {
        "run": contract.run if contract else "",
        "dataset-digest": contract.dataset.digest if contract else "",
        "image": contract.training.image if contract else "",
        "git-revision": contract.training.revision if contract else "",
        "precision": contract.precision.choice if contract else "",
    }
    place = str(found.folder.child(CONTRACT)) if found.folder else ""
    agreement = {}
    for name, value in said.items():
        first = [Witness(place, value)] * 2 if value else []  # it has a digest of its own
        further = _source(found) if name == "run" else []
        agreement[name], others = agreed("origin", [*first, *found.witnesses(name), *further])
        yield from others
    # The training hash is written under two names.
    names = ("training-hash", "wish")
    hashes = [w for name in names for w in found.witnesses(name)]
    agreement["training-hash"], others = agreed("origin", hashes)
    yield from others
    found.dataset_digest = agreement["dataset-digest"]
    yield Link(
        "origin",
        State.OK if contract is not None else State.TOLD,
        f"run {agreement['run']}",
        f"code revision {agreement['git-revision'] or 'unknown'}, image"
        f" {agreement['image'] or 'unknown'}, training hash {agreement['training-hash']}"
        + (f", from {contract.training.initial_weights} weights" if contract else ""),
    )


def _source(found: Model) -> list[Witness]:
    """An artifact lies in the folder of its run."""
    version = found.version
    where = f"MLflow: {version.model} version {version.number}, source"
    return [Witness(where, PurePosixPath(version.source).parent.name)]


def _files(found: Model, store: ObjectStore) -> Iterator[Link]:
    if found.contract is None or found.folder is None:
        if found.folder is not None:
            words = "not checked without the contract that names them"
            yield Link("file", State.UNKNOWN, str(found.folder), words)
        return
    for name, file in found.contract.files.items():
        place = found.folder.child(name)
        content = store.read(place)
        sha256 = "" if content is None else hashlib.sha256(content).hexdigest()
        if sha256 != file.sha256:
            expected = f"sha256:{file.sha256}"
            yield broken("file", place, expected, f"sha256:{sha256}" if sha256 else "")
        else:
            yield Link("file", State.OK, str(place), f"sha256:{sha256}, {file.bytes:,} bytes")
