"""Every leaf field of the spec, with values that it may take and one that is refused.

The leaves come from the operator's own model, which a test holds against the CRD. What a field can
be set to follows from its type and default, or stands in `values.py`: a field without values is an
error. Who asks: that each reaches Kubernetes and a digest, that each may be changed at any time,
and that the API server takes and refuses what it should.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dandelion_operator.api.spec import Spec
from dandelion_operator.api.spec.camel import Camel

from spec_fields.values import BESIDE, REFUSED, VALUES

Kind = Any


@dataclass(frozen=True)
class Field:
    """`values`: one after the other, each of which is not the default. `refused` is none of them.

    `beside`: what else the spec has to say for it.
    """

    path: str
    values: tuple[Any, ...]
    refused: Any
    beside: Mapping[str, Any]

    def spec(self, value: Any) -> dict[str, Any]:
        """A whole spec with the field at that value."""
        return merged(plain(self), nested(self.path, value))


DATASET = {"dataset": {"storageUri": "s3://datasets/lawn"}}


def plain(field: Field) -> dict[str, Any]:
    """A whole spec that leaves the field out, or at what it always needs."""
    return merged(DATASET, field.beside)


def leaves(model: type[Camel], path: str = "") -> Iterator[tuple[str, Kind, Any]]:
    """Each leaf with its path, type and default. A list is one leaf, and so is a map."""
    for field in model.model_fields.values():
        where, kind = f"{path}.{field.alias}".strip("."), _without_none(field.annotation)
        if isinstance(kind, type) and issubclass(kind, Camel):
            yield from leaves(kind, where)
        else:
            yield where, kind, field.get_default(call_default_factory=True)


def _without_none(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        (first, *_) = (item for item in typing.get_args(annotation) if item is not type(None))
        return first
    return annotation


def _said(table: Mapping[str, Any], path: str) -> Any:
    """What a table says of a field by its whole path, or by the path in its section."""
    return table.get(path, table.get(path.partition(".")[2]))


def _values(path: str, kind: Kind, default: Any) -> tuple[Any, ...]:
    said: tuple[Any, ...] | None = _said(VALUES, path)
    if said is not None:
        return said
    if kind is bool:
        return (not default,)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(item.value for item in kind if item != default)
    if kind is int:
        return (default or 0) + 1, (default or 0) + 2
    raise AssertionError(f"{path}: give values of it in spec_fields/values.py")


def _refused(path: str, kind: Kind) -> Any:
    said = _said(REFUSED, path)
    if said is not None:
        return said
    if kind is int:
        return -1
    if kind is bool or (isinstance(kind, type) and issubclass(kind, Enum)):
        return "perhaps"
    return [["of another type"]]


def _fields() -> Iterator[Field]:
    for path, kind, default in leaves(Spec):
        beside = _said(BESIDE, path) or {}
        yield Field(path, _values(path, kind, default), _refused(path, kind), beside)


def nested(path: str, value: Any) -> dict[str, Any]:
    for part in reversed(path.split(".")):
        value = {part: value}
    return dict(value)


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both, section by section; what the other says counts."""
    found = dict(one)
    for name, value in other.items():
        there = found.get(name)
        if isinstance(there, Mapping) and isinstance(value, Mapping):
            found[name] = merged(there, value)
        else:
            found[name] = value
    return found


FIELDS: dict[str, Field] = {field.path: field for field in _fields()}
