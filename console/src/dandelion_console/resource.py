"""A ModelDeployment as pages read it: leniently, since an older or newer operator wrote its status.

The schema of the API server has checked the types; what is missing or of another shape all the same
is left out, and the rest is shown. Made by `cluster.models`, read by `views`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from dandelion_console.status import Condition, Part, Status

GROUP = "dandelion.dev"
VERSION = "v1alpha1"
PLURAL = "modeldeployments"
RETRAIN = f"{GROUP}/retrain"
PROMOTE = f"{GROUP}/promote"
INGEST = f"{GROUP}/ingest"
REQUESTED_BY = f"{GROUP}/requested-by"


class Right(StrEnum):
    """Subresources of `modeldeployments` that the API server does not serve: `create` on one is the
    right to do it. Only RBAC knows them, and the roles of the chart bundle them.
    """

    PREDICT = "predict"
    FEEDBACK = "feedback"
    REVIEW = "review"
    TRAIN = "train"
    INGEST = "ingest"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    SUSPEND = "suspend"


class Metadata(Part):
    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    annotations: dict[str, str] = Field(default_factory=dict)


class DatasetSpec(Part):
    storage_uri: str = ""
    version: str | None = None


class Promotion(Part):
    mode: str = "Auto"
    metric: str = "accuracy"


class Storage(Part):
    endpoint: str | None = None
    bucket: str | None = None
    secret_ref: dict[str, str] | None = None


class Logging(Part):
    storage_uri: str | None = None


class Serving(Part):
    logging: Logging = Logging()


class Feedback(Part):
    mode: str = "Disabled"
    min_agreement: int | None = None


class Spec(Part):
    suspend: bool = False
    dataset: DatasetSpec = DatasetSpec()
    promotion: Promotion = Promotion()
    storage: Storage = Storage()
    serving: Serving = Serving()
    feedback: Feedback = Feedback()


class ModelDeployment(Part):
    metadata: Metadata
    spec: Spec = Spec()
    status: Status = Status()

    def seen_as(self, uid: str) -> ModelDeployment:
        """The one that somebody saw before: a change of another one of its name is refused."""
        return self.model_copy(update={"metadata": self.metadata.model_copy(update={"uid": uid})})

    def condition(self, kind: str) -> Condition | None:
        return next((item for item in self.status.conditions if item.type == kind), None)

    @property
    def retrain(self) -> str:
        """For which value of the annotation its model was asked for last."""
        return self.metadata.annotations.get(RETRAIN, "")

    @property
    def promote(self) -> str:
        """Which version was asked for last by the annotation, and what makes it another request."""
        return self.metadata.annotations.get(PROMOTE, "")

    @property
    def ingest(self) -> str:
        """For which value of the annotation its images were asked to be read last."""
        return self.metadata.annotations.get(INGEST, "")

    @property
    def signature(self) -> tuple[str, str]:
        """What was asked for last by somebody who signed, and who that was; both may be empty."""
        request, _, name = self.metadata.annotations.get(REQUESTED_BY, "").partition(" by ")
        return (request, name) if name else ("", "")


SomePart = TypeVar("SomePart", bound=Part)


def parse(body: Mapping[str, Any]) -> ModelDeployment:
    """Raises ValidationError where it has no name."""
    return ModelDeployment(
        metadata=Metadata.model_validate(body.get("metadata")),
        spec=_what_fits(Spec, body.get("spec")),
        status=_what_fits(Status, body.get("status")),
    )


def _what_fits(kind: type[SomePart], raw: Any) -> SomePart:
    kept = dict(raw) if isinstance(raw, Mapping) else {}
    while True:
        try:
            return kind.model_validate(kept)
        except ValidationError as error:
            for item in error.errors():
                kept.pop(str(item["loc"][0]), None)
