"""The contract of an artifact, which is remembered: its name is its content."""

from __future__ import annotations

from dandelion_operator.api.location import Target, split_uri
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.words import foreign
from dandelion_operator.ports.s3.connection.budget import LargeError
from dandelion_operator.ports.s3.connection.client import ERRORS, as_failure
from dandelion_operator.ports.s3.connection.lanes import Kind
from dandelion_operator.ports.s3.connection.reader import Access, Reader
from dandelion_operator.ports.s3.documents.contract import ContractError, verified
from dandelion_operator.ports.s3.memory import Memory
from dandelion_operator.ports.s3.storage.limits import ReadLimits
from dandelion_operator.seen.versions import ContractSeen

# A contract weighs what its classes do, half a kilobyte each. Were one forgotten that serves, every
# look at its resource would read it again: so many are those of ten thousand small models.
REMEMBERED_CLASSES, BYTES_OF_CLASS = 100_000, 512


class Contracts:
    def __init__(self, reader: Reader, limits: ReadLimits) -> None:
        self._reader = reader
        self._limits = limits
        self._contracts = Memory[ContractSeen](REMEMBERED_CLASSES, _classes)

    async def contract(self, access: Access, target: Target, fresh: bool) -> ContractSeen | Failure:
        """`fresh`: look again even if the very same bytes were found in order before."""
        key = (*access.identity[:3], target.artifact_uri, target.contract_digest)
        known = None if fresh else self._contracts.get(key)
        found = known or await self._contract(access, target)
        if isinstance(found, ContractSeen):
            self._contracts.put(key, found)
        return found

    async def _contract(self, access: Access, target: Target) -> ContractSeen | Failure:
        uri = target.artifact_uri
        if not uri.startswith("s3://"):
            return Failure(
                Reason.ARTIFACT_REJECTED,
                f"its source {foreign(uri)!r} is no s3:// address of an artifact",
            )
        if not target.contract_digest:
            return Failure(
                Reason.ARTIFACT_REJECTED,
                "it has no tag dandelion.dev/contract-digest; only versions that a training run "
                "registered can be served",
            )
        bucket = split_uri(uri)[0]
        try:
            return await self._reader.read(
                access,
                Kind.DOCUMENT,
                self._limits.document,
                lambda: verified(self._reader.client(access), target),
            )
        except ContractError as error:
            return Failure(Reason.ARTIFACT_REJECTED, f"{uri}/{error}")
        except LargeError as error:
            return Failure(Reason.ARTIFACT_REJECTED, f"{uri}/contract.json is no contract: {error}")
        except ERRORS as error:
            failure = as_failure(error, access.location, bucket)
            if failure.reason is Reason.BUCKET_NOT_FOUND:
                return Failure(Reason.ARTIFACT_REJECTED, failure.message)
            return failure


def _classes(contract: ContractSeen) -> int:
    """As many as weigh the same, since names may be of any length."""
    named = (*contract.metrics, *contract.classes, *contract.by_class)
    letters = sum(map(len, (*named, contract.model, contract.dataset_uri)))
    return 1 + max(len(contract.classes), len(contract.by_class)) + letters // BYTES_OF_CLASS
