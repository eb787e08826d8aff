"""The comparison of two versions, which is remembered once it is made."""

from __future__ import annotations

from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.s3.connection.budget import MEBIBYTE, LargeError
from dandelion_operator.ports.s3.connection.client import ERRORS, as_failure, is_missing_key
from dandelion_operator.ports.s3.connection.lanes import Kind
from dandelion_operator.ports.s3.connection.reader import Access, Reader
from dandelion_operator.ports.s3.documents.evaluation import (
    ComparisonError,
    ComparisonImpossible,
    read_comparison,
)
from dandelion_operator.ports.s3.memory import Memory
from dandelion_operator.ports.s3.storage.limits import ReadLimits
from dandelion_operator.seen.comparison import Comparison, ComparisonName

REMEMBERED_BYTES = 32 * MEBIBYTE


class Comparisons:
    def __init__(self, reader: Reader, limits: ReadLimits) -> None:
        self._reader = reader
        self._limits = limits
        self._comparisons = Memory[Comparison](REMEMBERED_BYTES, _bytes)

    async def comparison(
        self, access: Access, key: NamespacedName, name: ComparisonName
    ) -> Comparison | Failure | None:
        """None: it has not been made. One that was found cannot change: its name is its content."""
        digests = (name.dataset, name.challenger, name.champion)
        remembered = (*access.identity[:3], access.location.bucket, str(key), *digests)
        found = self._comparisons.get(remembered) or await self._comparison(access, key, name)
        if isinstance(found, Comparison):
            self._comparisons.put(remembered, found)
        return found

    async def _comparison(
        self, access: Access, key: NamespacedName, name: ComparisonName
    ) -> Comparison | Failure | None:
        bucket = access.location.bucket
        path = naming.comparison(name.dataset, name.challenger, name.champion)
        where = f"{naming.evaluations_prefix(key)}/{path}.json"
        try:
            return await self._reader.read(
                access,
                Kind.DOCUMENT,
                self._limits.document,
                lambda: read_comparison(self._reader.document(access, bucket, where), name),
            )
        except ComparisonImpossible as outcome:
            return Failure(
                Reason.EVALUATION_FAILED,
                f"EvaluationImpossible: {outcome} Delete s3://{bucket}/{where} to have it tried "
                "again",
            )
        except (ComparisonError, LargeError) as error:
            return Failure(
                Reason.EVALUATION_FAILED,
                f"s3://{bucket}/{where} is no comparison: {error}; delete it to have it made again",
            )
        except ERRORS as error:
            if is_missing_key(error):
                return None
            return as_failure(error, access.location, bucket)


def _bytes(comparison: Comparison) -> int:
    """About; what usual ones weigh, of a hundred classes, is ten kilobytes."""
    names = (*comparison.shared, *comparison.gained, *comparison.lost, *comparison.never_answered)
    return 2_000 + sum(50 + len(name) for name in names) + 32 * len(comparison.macro_f1.bootstrap)
