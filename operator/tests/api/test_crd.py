"""The operator's own model of a ModelDeployment is the CRD's: fields, defaults, choices, bounds.

What the operator would write into a status field that the CRD does not have, the API server drops
without a word; what it would refuse of a spec that the CRD lets through becomes a condition instead
of an error at the keyboard.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from dandelion_operator.api.reasons.facts import FALSE, TRUE, UNKNOWN
from dandelion_operator.api.resource import NAME_LIMIT
from dandelion_operator.api.spec import Spec
from dandelion_operator.api.spec.dataset import Dataset
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.history import HISTORY_LIMIT

CRD = Path(__file__).parents[3] / "charts/dandelion/files/modeldeployment-crd.yaml"
# What is Kubernetes' own below it: the model hands it on, and the schema alone looks at it.
HANDED_ON = re.compile(
    r"\.podTemplate\.spec\.(affinity|imagePullSecrets|tolerations|topologySpreadConstraints|volumes"
    r"|securityContext\.seLinuxOptions|containers\.(env|envFrom|volumeMounts))\."
)
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "multipleOf")


def resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """One pydantic property without references and without the `null` of an optional."""
    if "$ref" in schema:
        found: dict[str, Any] = dict(definitions[schema["$ref"].rpartition("/")[2]])
        return found | {key: value for key, value in schema.items() if key != "$ref"}
    options = [item for item in schema.get("anyOf", []) if item != {"type": "null"}]
    if len(options) == 1 and len(schema["anyOf"]) == 2:
        return resolved(options[0], definitions)
    return schema


def of_model(
    schema: dict[str, Any], definitions: dict[str, Any], path: str = ""
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, raw in schema.get("properties", {}).items():
        inner = resolved(raw, definitions)
        where = f"{path}.{name}"
        found[where] = facts(raw.get("default"), inner)
        found |= of_model(inner, definitions, where)
        if inner.get("type") == "array":
            found |= of_model(resolved(inner["items"], definitions), definitions, where)
    return found


def of_crd(schema: dict[str, Any], path: str = "") -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, inner in schema.get("properties", {}).items():
        where = f"{path}.{name}"
        found[where] = facts(inner.get("default"), inner)
        found |= of_crd(inner, where)
        if inner.get("type") == "array":
            found |= of_crd(inner["items"], where)
    return found


def facts(default: Any, schema: dict[str, Any]) -> dict[str, Any]:
    told = {name: schema[name] for name in BOUNDS if name in schema}
    # Of a fraction's bound in the schema the API server's message keeps the integer; a rule has
    # words of its own.
    for rule in schema.get("x-kubernetes-validations", []):
        for sign, limit in re.findall(r"self (>=|<=) ([\d.]+)", rule["rule"]):
            told[{">=": "minimum", "<=": "maximum"}[sign]] = float(limit)
    if told.get("exclusiveMinimum") is True:
        told["exclusiveMinimum"] = told.pop("minimum")
    if schema.get("enum"):
        told["enum"] = sorted(schema["enum"])
    plain = schema.get("type") in ("boolean", "integer", "number", "string")
    if plain or "enum" in told:
        told["default"] = default
    return told


def whole() -> dict[str, Any]:
    (version,) = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def crd(section: str) -> dict[str, Any]:
    schema: dict[str, Any] = whole()["properties"][section]
    return schema


def test_the_crd_keeps_every_field_and_every_choice_of_the_status() -> None:
    schema = Status.model_json_schema(by_alias=True)
    ours, theirs = of_model(schema, schema["$defs"]), of_crd(crd("status"))
    # The operator's own code chooses among three constants.
    assert theirs[".conditions.status"].pop("enum") == sorted([TRUE, FALSE, UNKNOWN])
    assert {path: said.get("enum") for path, said in ours.items()} == {
        path: said.get("enum") for path, said in theirs.items()
    }


def test_the_history_is_as_long_and_a_name_too() -> None:
    assert crd("status")["properties"]["history"]["maxItems"] == HISTORY_LIMIT
    rules = [rule["rule"] for rule in whole()["x-kubernetes-validations"]]
    assert any(f"<= {NAME_LIMIT}" in rule for rule in rules)


def test_only_the_dataset_and_its_place_are_required() -> None:
    assert crd("spec")["required"] == ["dataset"]
    assert {name for name, field in Spec.model_fields.items() if field.is_required()} == {"dataset"}
    assert Dataset.model_fields["storage_uri"].is_required()
    assert crd("spec")["properties"]["dataset"]["required"] == ["storageUri"]


def test_fields_defaults_bounds_and_choices_are_those_of_the_crd() -> None:
    schema = Spec.model_json_schema(by_alias=True)
    listed = {
        path: said for path, said in of_crd(crd("spec")).items() if not HANDED_ON.search(path)
    }
    # Which container there is depends on the section: a rule in the model.
    for section in ("training", "serving"):
        del listed[f".{section}.podTemplate.spec.containers.name"]["enum"]
    assert of_model(schema, schema["$defs"]) == listed
