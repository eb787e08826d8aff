"""What people add to the pods that the operator makes, in the shape of Kubernetes' PodTemplateSpec.

The same model reads `podTemplate` of a ModelDeployment and the installation's default for all of
them. Down to the fields of the pod it is typed; what is below is handed on as it is, and the CRD's
schema has looked at it. What would take the place of something that the operator sets is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, JsonValue, field_validator, model_validator

from dandelion_operator.api.spec.camel import Camel

Object = dict[str, JsonValue]
Given = TypeVar("Given")

OWN_LABELS = ("dandelion.dev/", "app.kubernetes.io/")
OWN_VARIABLES = ("HOME", "MLFLOW_TRACKING_URI")
OWN_VARIABLE_PREFIX = "DANDELION_"
OWN_VOLUMES = ("s3", "log")
OWN_FOLDER = "/var/run/secrets/dandelion"


class PodMetadata(Camel):
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)

    @field_validator("labels", "annotations")
    @classmethod
    def leave_the_operators_own(cls, value: dict[str, str]) -> dict[str, str]:
        taken = [name for name in value if name.startswith(OWN_LABELS)]
        return _without(value, taken, "is the operator's own: choose another name")


class PodSecurity(Camel):
    """Only what keeps a pod within Pod Security `restricted`."""

    run_as_user: int | None = Field(default=None, ge=1)
    run_as_group: int | None = Field(default=None, ge=0)
    fs_group: int | None = Field(default=None, ge=0)
    fs_group_change_policy: Literal["Always", "OnRootMismatch"] | None = None
    supplemental_groups: tuple[int, ...] = ()
    se_linux_options: Object | None = None


class PodContainer(Camel):
    """The one container of a pod."""

    name: str
    env: tuple[Object, ...] = ()
    env_from: tuple[Object, ...] = ()
    volume_mounts: tuple[Object, ...] = ()

    @field_validator("env")
    @classmethod
    def leave_the_operators_variables(cls, value: tuple[Object, ...]) -> tuple[Object, ...]:
        taken = [
            name
            for name in _names(value)
            if name in OWN_VARIABLES or name.startswith(OWN_VARIABLE_PREFIX)
        ]
        return _without(value, taken, "is set by the operator: write the field of the spec instead")

    @field_validator("volume_mounts")
    @classmethod
    def leave_the_keys(cls, value: tuple[Object, ...]) -> tuple[Object, ...]:
        paths = (str(item.get("mountPath", "")) for item in value)
        taken = [path for path in paths if path.startswith(OWN_FOLDER)]
        return _without(value, taken, "is where the S3 keys are: choose another folder")


class PodSpec(Camel):
    image_pull_secrets: tuple[Object, ...] = ()
    service_account_name: str | None = None
    priority_class_name: str | None = None
    runtime_class_name: str | None = None
    scheduler_name: str | None = None
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[Object, ...] = ()
    affinity: Object | None = None
    topology_spread_constraints: tuple[Object, ...] = ()
    security_context: PodSecurity | None = None
    volumes: tuple[Object, ...] = ()
    containers: tuple[PodContainer, ...] = Field(default=(), max_length=1)

    @field_validator("volumes")
    @classmethod
    def leave_the_volumes_of_keys(cls, value: tuple[Object, ...]) -> tuple[Object, ...]:
        taken = [name for name in _names(value) if name in OWN_VOLUMES]
        return _without(value, taken, "holds the S3 keys: choose another name")


class PodTemplate(Camel):
    metadata: PodMetadata = Field(default_factory=PodMetadata)
    spec: PodSpec = Field(default_factory=PodSpec)

    @model_validator(mode="before")
    @classmethod
    def empty_sections_say_nothing(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {} if inner is None else inner for name, inner in value.items()}

    def of_container(self, name: str) -> Self:
        """Raises ValueError where it speaks of a container by another name."""
        others = [item.name for item in self.spec.containers if item.name != name]
        if others:
            raise ValueError(
                f"podTemplate.spec.containers: no container is called {others[0]}; write {name}"
            )
        return self

    @property
    def pod(self) -> dict[str, Any]:
        """The fields of the pod's spec that are set."""
        return self.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _names(items: Iterable[Object]) -> list[str]:
    return [str(item.get("name", "")) for item in items]


def _without(value: Given, taken: list[str], why: str) -> Given:
    if taken:
        raise ValueError(f"{taken[0]} {why}")
    return value
