"""An artifact that an earlier run published, as far as an evaluation needs it.

Every file is held to the digest that the contract names, and the contract to the digest that the
caller was told, as serving does.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from dandelion_training.data.images.inspect import Geometry
from dandelion_training.export.engine import Precision
from dandelion_training.ports.documents import digest
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location, ObjectStore

CONTRACT = "contract.json"


@dataclass(frozen=True)
class StoredArtifact:
    """A model as it is served, in a folder of this machine."""

    contract: str  # digest
    classes: tuple[str, ...]
    geometry: Geometry
    precision: Precision
    graph: Path
    lineage: tuple[str, ...]  # dataset versions that it and its ancestors learnt from


def fetch_artifact(
    store: ObjectStore, folder: Location, contract: str, work: Path
) -> StoredArtifact:
    """The artifact in `folder` whose contract has this digest.

    Raises TrainingFailure where a file is missing or is another one than was promised, and where
    the contract is one of an older release.
    """
    content = store.read(folder.child(CONTRACT))
    if content is None or digest(content) != contract:
        found = "missing" if content is None else "another one than the registry promises"
        raise _unavailable(f"{folder.child(CONTRACT)} is {found}.")
    try:
        described: dict[str, Any] = json.loads(content)
        precision = Precision(described["precision"]["choice"])
        graphs = described["graphs"]
        graph = str(graphs["int8"] if precision is Precision.INT8 else graphs["fp32"])
        preprocessing = described["preprocessing"]
        artifact = StoredArtifact(
            contract=contract,
            classes=tuple(described["classes"]),
            geometry=Geometry(preprocessing["resizeShortSide"], preprocessing["centerCrop"]),
            precision=precision,
            graph=work / graph,
            lineage=(*described["dataset"]["lineage"], described["dataset"]["digest"]),
        )
        wanted = {
            name: file["sha256"]
            for name, file in described["files"].items()
            if name in (graph, f"{PurePosixPath(graph).stem}.bin") or name.startswith(f"{graph}.")
        }
    except KeyError as missing:
        raise TrainingFailure(
            Reason.EVALUATION_IMPOSSIBLE,
            f"A model cannot be evaluated: {folder.child(CONTRACT)} is of an older release and says"
            f" nothing of {missing.args[0]}. Set the alias champion to the version that is to"
            " serve.",
        ) from missing
    except (ValueError, TypeError) as error:
        raise _unavailable(f"{folder.child(CONTRACT)} cannot be read: {error}.") from error
    work.mkdir(parents=True, exist_ok=True)
    for name, sha256 in wanted.items():
        file = store.read(folder.child(name))
        if file is None or hashlib.sha256(file).hexdigest() != sha256:
            found = "missing" if file is None else "not the file that the contract names"
            raise _unavailable(f"{folder.child(name)} is {found}.")
        (work / name).write_bytes(file)
    return artifact


def _unavailable(what: str) -> TrainingFailure:
    return TrainingFailure(
        Reason.ARTIFACT_UNAVAILABLE,
        f"A model cannot be evaluated: {what} Put the artifact's files back, or move the alias to"
        " another version.",
    )
