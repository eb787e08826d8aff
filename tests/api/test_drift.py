"""The operator's own model of a ModelDeployment is the CRD's: fields, defaults, choices, bounds.

What the operator would write into a status field that the CRD does not have, the API server drops
without a word; what it would refuse of a spec that the CRD lets through becomes a condition instead
of an error at the keyboard.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from dandelion_operator.api import resource, spec, status
from pydantic import BaseModel

from tests.api.test_crd import schema

#: Kubernetes' own fields, which the operator hands on as they are.
HANDED_ON = re.compile(
    r"\.podTemplate\.spec\.(affinity|imagePullSecrets\[\]|tolerations\[\]"
    r"|topologySpreadConstraints\[\]|volumes\[\]|securityContext\.seLinuxOptions"
    r"|containers\[\]\.(env|envFrom|volumeMounts)\[\])\."
)
#: Left out, these mean what the installation set up, which the CRD cannot know.
SET_BY_INSTALLATION = {".storage.bucket", ".storage.region"}


def modelled(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """Every field of a pydantic model by path, as JSON schema without references."""
    document = model.model_json_schema(by_alias=True)
    return dict(_walk(document, document.get("$defs", {}), ""))


def declared(section: str) -> dict[str, dict[str, Any]]:
    """Every field of the CRD's spec or status by path."""
    found = _walk(schema()["properties"][section], {}, "")
    return {path: field for path, field in found if not HANDED_ON.search(path)}


def _walk(
    node: Mapping[str, Any], definitions: Mapping[str, Any], path: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, child in node.get("properties", {}).items():
        plain = _resolved(child, definitions)
        yield f"{path}.{name}", plain
        yield from _walk(plain, definitions, f"{path}.{name}")
        if isinstance(plain.get("items"), dict):
            yield from _walk(
                _resolved(plain["items"], definitions), definitions, f"{path}.{name}[]"
            )


def _resolved(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Without references and without the `null` of an optional field."""
    found = dict(node)
    if "anyOf" in found and not found.get("x-kubernetes-int-or-string"):
        choices = [choice for choice in found.pop("anyOf") if choice.get("type") != "null"]
        if len(choices) == 1:
            found = choices[0] | found
    while "$ref" in found:
        reference = found.pop("$ref").removeprefix("#/$defs/")
        found = dict(definitions[reference]) | found
    return found


SECTIONS = pytest.mark.parametrize(
    ("section", "model"), [("spec", spec.Spec), ("status", status.Status)]
)


@SECTIONS
def test_the_fields_are_the_same(section: str, model: type[BaseModel]) -> None:
    assert modelled(model).keys() == declared(section).keys()


@SECTIONS
def test_the_choices_are_the_same(section: str, model: type[BaseModel]) -> None:
    ours, theirs = modelled(model), declared(section)
    # The operator's own code chooses among three constants; which container there is, by section.
    free = {".conditions[].status"} | {
        f".{name}.podTemplate.spec.containers[].name" for name in ("training", "serving")
    }
    for path in theirs.keys() - free:
        assert set(ours[path].get("enum", [])) == set(theirs[path].get("enum", [])), path


def test_the_defaults_are_the_same() -> None:
    ours, theirs = modelled(spec.Spec), declared("spec")
    for path in theirs.keys() - SET_BY_INSTALLATION:
        wanted, known = theirs[path].get("default"), ours[path].get("default")
        if wanted in (None, {}):
            assert known in (None, {}, []), path
        else:
            assert known == wanted, path


def test_the_required_fields_are_the_same() -> None:
    assert schema()["properties"]["spec"]["required"] == ["dataset"]
    required = {name for name, field in spec.Spec.model_fields.items() if field.is_required()}
    assert required == {"dataset"}
    assert spec.Dataset.model_fields["storage_uri"].is_required()


def test_the_operator_accepts_every_number_that_the_api_server_lets_through() -> None:
    ours, theirs = modelled(spec.Spec), declared("spec")
    for path, wanted in theirs.items():
        known = ours[path]
        if wanted.get("type") not in ("integer", "number"):
            continue
        least, most = _bounds(wanted)
        if "minimum" in known or "exclusiveMinimum" in known:
            assert least >= float(known.get("minimum", known.get("exclusiveMinimum", 0))), path
        if "maximum" in known:
            assert most <= known["maximum"], path
        assert known.get("multipleOf") in (None, wanted.get("multipleOf")), path


def _bounds(field: dict[str, Any]) -> tuple[float, float]:
    """By the schema or by a rule: of a fraction the API server names its limit as an integer."""
    least, most = field.get("minimum", -math.inf), field.get("maximum", math.inf)
    for rule in field.get("x-kubernetes-validations", []):
        for sign, limit in re.findall(r"self (>=|<=) ([\d.]+)", rule["rule"]):
            least, most = (float(limit), most) if sign == ">=" else (least, float(limit))
    return least, most


def test_names_may_be_as_long_for_both() -> None:
    rules = schema()["x-kubernetes-validations"]
    assert any(f"<= {resource.NAME_LIMIT}" in rule["rule"] for rule in rules)


def test_the_history_is_bounded_alike() -> None:
    assert declared("status")[".history"]["maxItems"] == status.HISTORY_LIMIT
