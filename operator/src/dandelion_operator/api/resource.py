"""A ModelDeployment as the operator reads it: parsed once at the edge, typed from there on.

`parse` is called by `reconcile`. An object that gets past the API server and still does not parse
becomes `InvalidResource`, never a crash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from dandelion_operator.api.spec import Spec

GROUP = "dandelion.dev"
API_VERSION = f"{GROUP}/v1alpha1"
KIND = "ModelDeployment"
PLURAL = "modeldeployments"
RETRAIN_ANNOTATION = f"{GROUP}/retrain"
ADOPT_ANNOTATION = f"{GROUP}/adopt"

NAME_LIMIT = 42


@dataclass(frozen=True)
class NamespacedName:
    """What a ModelDeployment is called, and so the key of its entry in the work queue."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Resource:
    key: NamespacedName
    uid: str
    generation: int
    retrain: str
    spec: Spec
    adopt: str = ""

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def namespace(self) -> str:
        return self.key.namespace


@dataclass(frozen=True)
class InvalidResource:
    key: NamespacedName
    uid: str
    generation: int
    message: str


def parse(body: Mapping[str, Any]) -> Resource | InvalidResource:
    metadata = body["metadata"]
    key = NamespacedName(namespace=metadata["namespace"], name=metadata["name"])
    uid, generation = metadata["uid"], metadata.get("generation", 0)
    if len(key.name) > NAME_LIMIT:
        return InvalidResource(
            key,
            uid,
            generation,
            f"metadata.name has {len(key.name)} characters; at most {NAME_LIMIT} are possible, "
            "because the names of Jobs, pods and the Service are made from it",
        )
    try:
        spec = Spec.model_validate(body.get("spec") or {})
    except ValidationError as error:
        return InvalidResource(key, uid, generation, _in_words(error))
    annotations = metadata.get("annotations") or {}
    retrain, adopt = annotations.get(RETRAIN_ANNOTATION, ""), annotations.get(ADOPT_ANNOTATION, "")
    return Resource(key, uid, generation, retrain, spec, adopt)


def _in_words(error: ValidationError) -> str:
    found = (
        f"spec.{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)
    )
    return "; ".join(found)
