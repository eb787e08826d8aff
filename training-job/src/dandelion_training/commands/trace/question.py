"""What is to be traced, and where to look."""

from dataclasses import dataclass
from datetime import timedelta

from dandelion_training.ports.storage import Location
from dandelion_training.review.answer_id import AnswerId


@dataclass(frozen=True)
class Resource:
    """The ModelDeployment that answered."""

    namespace: str
    name: str

    @property
    def model(self) -> str:
        """Its registered model in MLflow."""
        return f"{self.namespace}.{self.name}"


@dataclass(frozen=True)
class Question:
    """What is to be traced. `log` is the folder of the resource in the prediction log, `key` what
    ids are signed with where that is there; of `versions` and `evaluations` None means beside the
    runs. `images` says how the images of the dataset version are checked.
    """

    answer: AnswerId
    resource: Resource
    log: Location
    key: bytes | None
    versions: Location | None
    evaluations: Location | None
    images: str
    since: timedelta
