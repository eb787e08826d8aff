"""The complete artifacts below a resource's prefix: what a lost registry is restored from.

A run writes `contract.json` last, so a folder that has one is complete. Called by `storage`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from minio import Minio
from minio.error import S3Error

from dandelion_operator.api import naming
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.s3.connection.budget import LargeError
from dandelion_operator.ports.s3.connection.client import is_missing_key
from dandelion_operator.ports.s3.documents.contract import Contract, ContractError
from dandelion_operator.seen.versions import StoredArtifact

# The registry's newest versions are read in one page; as many and a few more have room in it.
RESTORED = 30

Read = Callable[[str], bytes]


def stored_artifacts(
    client: Minio, read: Read, bucket: str, key: NamespacedName, served: tuple[str, ...]
) -> tuple[StoredArtifact, ...]:
    """The newest ones and those that serve (by the digests of their contracts), oldest first.

    Contracts are read from the newest on until both are found. It takes a request for each run that
    there ever was, and one for each contract: what serves is found behind 1,900 newer runs, and
    among the newest 30 behind 3,900 older ones. Raises what the client raises.
    """
    prefix = naming.artifacts_uri(bucket, key).removeprefix(f"s3://{bucket}/")
    written: dict[str, datetime] = {}
    for folder in client.list_objects(bucket, prefix=prefix, recursive=False):
        name = f"{folder.object_name}artifact/contract.json"
        if folder.is_dir and (moment := _written(client, bucket, name)) is not None:
            written[name] = moment
    found: list[StoredArtifact] = []
    wanted = set(served)
    for name in sorted(written, key=lambda item: (written[item], item), reverse=True):
        if len(found) >= RESTORED and not wanted:
            break
        try:
            artifact = _artifact(read(name), bucket, name, key)
        except LargeError:
            continue  # no contract is that large
        if artifact is None:
            continue
        if len(found) < RESTORED or artifact.contract_digest in served:
            found.append(artifact)
            wanted.discard(artifact.contract_digest)
    return tuple(reversed(found))


def _written(client: Minio, bucket: str, name: str) -> datetime | None:
    try:
        moment: datetime | None = client.stat_object(bucket, name).last_modified
    except S3Error as error:
        if is_missing_key(error):
            return None
        raise
    return moment


def _artifact(content: bytes, bucket: str, name: str, key: NamespacedName) -> StoredArtifact | None:
    """None where the contract is none, or of another model."""
    try:
        contract = Contract.read(content)
    except ContractError:
        return None
    if contract.name != naming.registered_model(key):
        return None
    folder = name.removesuffix("/contract.json")
    return StoredArtifact(
        run=folder.split("/")[-2],
        source=f"s3://{bucket}/{folder}",
        contract_digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        dataset_digest=contract.dataset.digest or "",
        image=contract.training.image,
        git_revision=contract.training.git_revision,
        precision=contract.precision.choice,
    )
