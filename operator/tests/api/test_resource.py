"""The parsed resource, held against the CRD that the API server enforces."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dandelion_operator.api.resource import InvalidResource, parse
from dandelion_operator.api.spec import Spec
from dandelion_operator.api.status import Status

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


def crd(section: str) -> dict[str, Any]:
    (version,) = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"][section]
    return schema


def test_the_crd_keeps_every_field_of_the_status() -> None:
    schema = Status.model_json_schema(by_alias=True)
    assert set(of_model(schema, schema["$defs"])) == set(of_crd(crd("status")))


def test_fields_defaults_bounds_and_choices_are_those_of_the_crd() -> None:
    schema = Spec.model_json_schema(by_alias=True)
    listed = {
        path: said for path, said in of_crd(crd("spec")).items() if not HANDED_ON.search(path)
    }
    # Which container there is depends on the section: a rule in the model.
    for section in ("training", "serving"):
        del listed[f".{section}.podTemplate.spec.containers.name"]["enum"]
    assert of_model(schema, schema["$defs"]) == listed


def test_quantities_are_those_that_kubernetes_takes_in_json() -> None:
    given = {"cpu": 0.5, "memory": 4_000_000_000, "nvidia.com/gpu": "1"}
    resources = {"training": {"resources": {"requests": given}}}
    spec = Spec.model_validate({"dataset": {"storageUri": "s3://datasets/lawn"}} | resources)
    assert spec.training.resources is not None
    assert spec.training.resources.requests == given


def test_the_smallest_resource_parses_with_the_defaults_of_the_crd() -> None:
    spec = Spec.model_validate({"dataset": {"storageUri": "s3://datasets/lawn"}})
    assert (spec.training.epochs, spec.promotion.minimum, spec.serving.replicas) == (10, 0.8, 1)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://datasets/ants#2",
        "s3://datasets/ants?/50%/my photos/",
        "s3://datasets/.hidden/..ants",
        "s3://datasets/ants/labels.csv",
    ],
)
def test_an_address_is_literal(uri: str) -> None:
    assert Spec.model_validate({"dataset": {"storageUri": uri}}).dataset.storage_uri == uri


@pytest.mark.parametrize(
    ("name", "spec", "words"),
    [
        pytest.param("a" * 64, {}, "64 characters; at most 42", id="a name of 64 characters"),
        pytest.param("lawn", {}, "spec.dataset: Field required", id="no dataset"),
        pytest.param(
            "lawn",
            {"dataset": {"storageUri": "s3://datasets/lawn"}, "training": {"imageSize": 100}},
            "spec.training.imageSize: Input should be a multiple of 32",
            id="an odd image size",
        ),
        pytest.param(
            "lawn",
            {
                "dataset": {"storageUri": "s3://datasets/lawn"},
                "storage": {"servingSecretRef": {"name": "x"}},
            },
            "servingSecretRef needs storage.secretRef",
            id="contradictory keys",
        ),
        pytest.param(
            "lawn",
            {
                "dataset": {"storageUri": "s3://datasets/lawn"},
                "serving": {"logging": {"predictions": False, "images": True}},
            },
            "logging.images needs logging.predictions: true",
            id="images of predictions that are not logged",
        ),
        pytest.param("lawn", {"dataset": None}, "spec.dataset", id="a null"),
        *(
            pytest.param("lawn", {"dataset": {"storageUri": uri}}, words, id=uri)
            for uri, words in (
                ("s3://datasets//ants", "spec.dataset.storageUri: String should match"),
                ("s3://datasets/ants//", "spec.dataset.storageUri: String should match"),
                ("s3://datasets", "spec.dataset.storageUri: String should match"),
                ("s3://datasets/a/../b", "which S3 does not resolve"),
                ("s3://datasets/ants ", "ends in white space"),
            )
        ),
        pytest.param(
            "lawn",
            {"dataset": {"storageUri": "s3://datasets/lawn", "version": "3"}},
            "spec.dataset.version: String should match",
            id="a version by number",
        ),
    ],
)
def test_what_cannot_be_worked_with_is_named(name: str, spec: dict[str, Any], words: str) -> None:
    metadata = {"namespace": "default", "name": name, "uid": "u"}
    found = parse({"metadata": metadata, "spec": spec})
    assert isinstance(found, InvalidResource)
    assert words in found.message
