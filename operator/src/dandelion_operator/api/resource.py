"""A ModelDeployment as the operator reads it: parsed once at the edge, typed from there on.

`parse` is called by `reconcile`. An object that gets past the API server and still does not parse
becomes `InvalidResource`, never a crash.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from dandelion_operator.api.spec import Spec
from dandelion_operator.api.status import parse as parse_status

GROUP = "dandelion.dev"
API_VERSION = f"{GROUP}/v1alpha1"
KIND = "ModelDeployment"
PLURAL = "modeldeployments"
RETRAIN_ANNOTATION = f"{GROUP}/retrain"
ADOPT_ANNOTATION = f"{GROUP}/adopt"
PROMOTE_ANNOTATION = f"{GROUP}/promote"
INGEST_ANNOTATION = f"{GROUP}/ingest"
REQUESTED_BY_ANNOTATION = f"{GROUP}/requested-by"

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
    """`retrain`: for which value of the annotation its model is wanted.

    `promote`: the version that a person asks to have served, and what makes it another request.
    `ingest`: for which value of the annotation its images are wanted to be read.
    `signature`: who asks, and for what; the chart's admission policy lets nobody write another's
    name. `unknown`: fields of the spec that this release does not know, and ignores.
    """

    key: NamespacedName
    uid: str
    generation: int
    retrain: str
    spec: Spec
    adopt: str = ""
    promote: str = ""
    ingest: str = ""
    signature: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def namespace(self) -> str:
        return self.key.namespace

    def asked_by(self, annotation: str, value: str | None) -> str | None:
        """Who signed what was asked for by this annotation of the group; None: nobody did."""
        asked, _, name = self.signature.partition(" by ")
        return name or None if value and asked == f"{annotation}={value}" else None

    def suspension_signed(self) -> tuple[str, str] | None:
        """When somebody signed that `spec.suspend` be what it is, and who; None: nobody did."""
        asked, _, name = self.signature.partition(" by ")
        wanted = f"suspend={'true' if self.spec.suspend else 'false'} at "
        moment = asked.removeprefix(wanted)
        return (moment, name) if name and asked.startswith(wanted) else None


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
        spec, unknown = _spec(body.get("spec") or {})
    except ValidationError as error:
        return InvalidResource(key, uid, generation, _in_words(error))
    annotations = metadata.get("annotations") or {}
    return Resource(
        key,
        uid,
        generation,
        _retrain(body),
        spec,
        adopt=annotations.get(ADOPT_ANNOTATION, ""),
        promote=annotations.get(PROMOTE_ANNOTATION, ""),
        ingest=annotations.get(INGEST_ANNOTATION, ""),
        signature=annotations.get(REQUESTED_BY_ANNOTATION, ""),
        unknown=unknown,
    )


def _spec(raw: Mapping[str, Any]) -> tuple[Spec, tuple[str, ...]]:
    """And what it holds that this release does not know: a newer schema defaults its fields.

    Raises ValidationError, which is about what is known only.
    """
    try:
        return Spec.model_validate(raw), ()
    except ValidationError as error:
        unknown = [item["loc"] for item in error.errors() if item["type"] == "extra_forbidden"]
        if not unknown:
            raise
    known = copy.deepcopy(dict(raw))
    for place in unknown:
        section: Any = known
        for part in place[:-1]:
            section = section[part]
        del section[place[-1]]
    return Spec.model_validate(known), tuple(_path(place) for place in unknown)


def _retrain(body: Mapping[str, Any]) -> str:
    """An annotation that was removed asks for nothing: the last run's value goes on to hold."""
    asked: str = (body["metadata"].get("annotations") or {}).get(RETRAIN_ANNOTATION, "")
    last = parse_status(body.get("status")).training
    return asked or (last.retrain if last is not None else None) or ""


def _path(place: tuple[int | str, ...]) -> str:
    return ".".join(("spec", *(str(part) for part in place)))


def _in_words(error: ValidationError) -> str:
    found = (
        f"{_path(item['loc'])}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)
    )
    return "; ".join(found)
