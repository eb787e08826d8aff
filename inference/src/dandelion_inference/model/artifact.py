"""Fetches one exact artifact and proves every byte of it before anything else looks at it.

The operator names the digest of contract.json, the contract names the digest of every file.
Called by `loader.py`. A file that is already there with the right digest (the container restarted
and its emptyDir stayed) is not fetched again, so a restart needs no object store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path

from pydantic import ValidationError

from dandelion_inference.errors import LoadError, Reason
from dandelion_inference.model.contract import Contract, Precision, StoredFile
from dandelion_inference.model.precision import wished
from dandelion_inference.model.store import ObjectStore
from dandelion_inference.ports.settings import Asked

CONTRACT = "contract.json"
MAX_CONTRACT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Artifact:
    """What is on disk and proven: the contract, and the graph of the precision to serve."""

    contract: Contract
    graph: Path
    asked: Asked
    precision: Precision


@dataclass(frozen=True)
class ArtifactReference:
    """Where an artifact lies and what its contract must hash to."""

    bucket: str
    prefix: str
    digest: str

    def key(self, name: str) -> str:
        return f"{self.prefix}/{name}"


def fetch(
    store: ObjectStore,
    reference: ArtifactReference,
    asked: Asked,
    folder: Path,
    go_on: Callable[[], None],
) -> Artifact:
    """Raises LoadError. `go_on` is called between pieces and may raise to end the work."""
    home = folder / reference.digest.removeprefix("sha256:")
    home.mkdir(parents=True, exist_ok=True)
    contract = _contract(store, reference, home)
    precision = wished(asked, contract)
    graph = contract.graphs.of(precision)
    assert graph is not None
    for name, file in contract.files_of(graph).items():
        _ensure(store, reference, home / name, file, go_on)
    return Artifact(contract, home / graph, asked, precision)


def _contract(store: ObjectStore, reference: ArtifactReference, home: Path) -> Contract:
    path = home / CONTRACT
    raw = path.read_bytes() if path.exists() else b""
    if _digest(raw) != reference.digest:
        raw = _read_all(store, reference)
        if _digest(raw) != reference.digest:
            raise LoadError(
                Reason.DIGEST_MISMATCH,
                f"s3://{reference.bucket}/{reference.key(CONTRACT)} has digest {_digest(raw)}, "
                f"but {reference.digest} was promoted; artifacts must not change after training: "
                f"promote another version or train again",
            )
        path.write_bytes(raw)
    try:
        return Contract.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        why = first["msg"].removeprefix("Value error, ")
        raise LoadError(
            Reason.MODEL_INVALID, f"{CONTRACT} cannot be served: {place}: {why}"
        ) from error


def _read_all(store: ObjectStore, reference: ArtifactReference) -> bytes:
    raw = bytearray()
    for chunk in store.read(reference.bucket, reference.key(CONTRACT)):
        raw += chunk
        if len(raw) > MAX_CONTRACT_BYTES:
            raise LoadError(
                Reason.MODEL_INVALID, f"{CONTRACT} is larger than {MAX_CONTRACT_BYTES} bytes"
            )
    return bytes(raw)


def _ensure(
    store: ObjectStore,
    reference: ArtifactReference,
    path: Path,
    file: StoredFile,
    go_on: Callable[[], None],
) -> None:
    if path.exists() and path.stat().st_size == file.size and _file_hash(path) == file.sha256:
        return
    where = f"s3://{reference.bucket}/{reference.key(path.name)}"
    partial = path.with_name(f"{path.name}.partial")
    seen = hashlib.sha256()
    written = 0
    with partial.open("wb") as out:
        for chunk in store.read(reference.bucket, reference.key(path.name)):
            go_on()
            written += len(chunk)
            if written > file.size:
                break
            seen.update(chunk)
            out.write(chunk)
    if written != file.size or seen.hexdigest() != file.sha256:
        partial.unlink()
        size = f"more than {file.size}" if written > file.size else str(written)
        raise LoadError(
            Reason.DIGEST_MISMATCH,
            f"{where} ({size} bytes) is not the file of {file.size} bytes with SHA-256 "
            f"{file.sha256} that the contract names; promote another version or train again",
        )
    partial.rename(path)


def _digest(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _file_hash(path: Path) -> str:
    if not path.stat().st_size:
        return hashlib.sha256().hexdigest()  # nothing that could be mapped
    # In one piece: between pieces it would wait for the interpreter, which is busy with imports.
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return hashlib.sha256(content).hexdigest()
