"""JSON schemas for kubeconform, from the OpenAPI documents of Kubernetes' own releases.

kubeconform would fetch schemas that others derived; here they are derived from the same source, the
swagger.json inside the k8s.io/kubernetes Go module, once per release, into the project's cache.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from dandelion_local import places, tools

PROMETHEUS_OPERATOR = "v0.85.0"
GATEWAY_API = "v1.4.0"
VERSIONS = ("v1.34.4", "v1.35.4", "v1.36.3")
#: Part of the cache's folder name: a changed derivation derives anew.
DERIVATION = 1

Schema = dict[str, Any]
#: Written as strings in OpenAPI, taken as numbers too by the API server.
STRING_OR_NUMBER = frozenset(
    {
        "io.k8s.apimachinery.pkg.api.resource.Quantity",
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    }
)


def folder(version: str) -> Path:
    """The folder with one schema per kind of that release, made if it is not there."""
    target = places.cache() / "schemas" / f"{version}-{DERIVATION}"
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=target.parent))
        try:
            _derive(_swagger(version), partial)
            partial.rename(target)
        except OSError:
            if not target.is_dir():
                raise  # else somebody else was first, and made the same
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return target


def _swagger(version: str) -> Mapping[str, Any]:
    module = _module(f"k8s.io/kubernetes@{version}")
    document: Mapping[str, Any] = json.loads(
        (module / "api" / "openapi-spec" / "swagger.json").read_text()
    )
    return document


def monitoring_crds() -> list[Mapping[str, Any]]:
    """The Prometheus Operator's CRDs, as it publishes them."""
    path = "github.com/prometheus-operator/prometheus-operator"
    folder = _module(f"{path}@{PROMETHEUS_OPERATOR}") / "example" / "prometheus-operator-crd"
    wanted = ("podmonitors", "prometheusrules", "servicemonitors")
    return [
        yaml.load((folder / f"monitoring.coreos.com_{name}.yaml").read_text(), yaml.CSafeLoader)
        for name in wanted
    ]


def gateway_crds() -> list[Mapping[str, Any]]:
    """Gateway API's kinds that routes are about, as it publishes them."""
    folder = _module(f"sigs.k8s.io/gateway-api@{GATEWAY_API}") / "config" / "crd" / "standard"
    return [
        yaml.load((folder / f"gateway.networking.k8s.io_{name}.yaml").read_text(), yaml.CSafeLoader)
        for name in ("gatewayclasses", "gateways", "httproutes", "referencegrants")
    ]


def contour_crds() -> list[Mapping[str, Any]]:
    """Contour's own CRDs, of the version that the tests run."""
    folder = _module("github.com/projectcontour/contour", tools.MODULES / "contour")
    documents = (folder / "examples" / "contour" / "01-crds.yaml").read_text()
    return [crd for crd in yaml.load_all(documents, yaml.CSafeLoader) if crd is not None]


def _module(module: str, within: Path | None = None) -> Path:
    """The folder of a Go module, which `go` verifies and keeps; its version is in `module`, or
    in the go.mod of a module that requires it.
    """
    done = subprocess.run(
        ["go", "mod", "download", "-json", module],
        env={**os.environ, "GOFLAGS": "-mod=mod"},
        cwd=within or tempfile.gettempdir(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} cannot be had: {done.stdout}{done.stderr}")
    return Path(json.loads(done.stdout)["Dir"])


def _derive(swagger: Mapping[str, Any], target: Path) -> None:
    definitions = swagger["definitions"]
    for name, definition in definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            group = kind["group"].split(".")[0]
            parts = [kind["kind"], group, kind["version"]]
            file = "-".join(part for part in parts if part).lower() + ".json"
            schema = _inlined({"$ref": f"#/definitions/{name}"}, definitions, ())
            _pin(schema, "kind", kind["kind"])
            _pin(schema, "apiVersion", "/".join(filter(None, (kind["group"], kind["version"]))))
            (target / file).write_text(json.dumps(schema))


def _pin(schema: Schema, field: str, value: str) -> None:
    if field in schema.get("properties", {}):
        schema["properties"][field] = {"type": "string", "enum": [value]}


def _inlined(schema: Schema, definitions: Mapping[str, Schema], within: tuple[str, ...]) -> Schema:
    """The schema without references; where one contains itself (only in CRDs), anything goes."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/definitions/")
        if name in within:
            return {}
        if name in STRING_OR_NUMBER:
            return {"type": ["string", "number"]}
        return _inlined(definitions[name], definitions, (*within, name))
    kept: Schema = {key: schema[key] for key in ("type", "enum", "required") if key in schema}
    if "properties" in schema:
        kept["properties"] = {
            key: _inlined(value, definitions, within) for key, value in schema["properties"].items()
        }
        kept["additionalProperties"] = False
    if isinstance(schema.get("additionalProperties"), dict):
        kept["additionalProperties"] = _inlined(schema["additionalProperties"], definitions, within)
    if "items" in schema:
        kept["items"] = _inlined(schema["items"], definitions, within)
    return kept


def strict(schema: Schema) -> Schema:
    """A CRD's own schema, with unknown fields refused as `kubectl apply` refuses them."""
    result: Schema = {}
    for key in ("type", "enum", "required", "minimum", "maximum", "maxLength", "maxItems"):
        if key in schema:
            result[key] = schema[key]
    if schema.get("x-kubernetes-int-or-string"):
        result["type"] = ["string", "integer"]
    if "properties" in schema:
        result["properties"] = {key: strict(value) for key, value in schema["properties"].items()}
        result["additionalProperties"] = schema.get("x-kubernetes-preserve-unknown-fields", False)
    if isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = strict(schema["additionalProperties"])
    if "items" in schema:
        result["items"] = strict(schema["items"])
    return result


def custom(crds: list[Mapping[str, Any]], target: Path) -> Path:
    """The folder, with a schema for each version of each CRD."""
    for crd in crds:
        names, group = crd["spec"]["names"], crd["spec"]["group"]
        for version in crd["spec"]["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"] |= {
                "apiVersion": {"type": "string", "enum": [f"{group}/{version['name']}"]},
                "kind": {"type": "string", "enum": [names["kind"]]},
                "metadata": {"type": "object"},
            }
            file = f"{names['kind']}-{group.split('.')[0]}-{version['name']}.json".lower()
            (target / file).write_text(json.dumps(schema))
    return target
