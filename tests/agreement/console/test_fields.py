"""What the console reads of a ModelDeployment is what the schema knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import yaml
from dandelion_console.resource import Spec
from dandelion_console.status import Part, Status
from dandelion_local import places

CRD = places.REPOSITORY / "charts" / "dandelion" / "files" / "modeldeployment-crd.yaml"


def schema() -> dict[str, Any]:
    (version,) = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]
    return found


def parts(annotation: Any) -> list[type[Part]]:
    """Those in a field's type, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return [annotation]
    return [part for inner in get_args(annotation) for part in parts(inner)]


def unknown(kind: type[Part], known: Mapping[str, Any], path: str) -> Iterator[str]:
    known = known.get("items", known)
    for field in kind.model_fields.values():
        here = f"{path}.{field.alias}"
        found = known.get("properties", {}).get(field.alias)
        if found is None:
            yield here
            continue
        for part in parts(field.annotation):
            yield from unknown(part, found, here)


def test_every_field_that_a_page_shows_is_one_of_the_schemas() -> None:
    assert list(unknown(Status, schema()["status"], "status")) == []
    assert list(unknown(Spec, schema()["spec"], "spec")) == []
