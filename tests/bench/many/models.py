"""What lies in the registry and in storage for a resource: as little as the operator takes.

It checks the contract's digest, whom it was made for and the size of each file, and judges by the
figures; so one small file stands for the graphs and weights of a model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dandelion_operator.api import digests, naming
from dandelion_operator.api.resource import Resource
from dandelion_operator.seen.versions import Verdict

from tests.bench.many.scenarios import Scenario

BUCKET = "models"
FILE, CONTENT = "model.onnx", b"a graph"
DATASET_DIGEST = f"sha256:{hashlib.sha256(b'photos').hexdigest()}"
UNREAD_TAGS = ("run", "training-hash", "contract-digest", "dataset-digest", "verdict")


@dataclass(frozen=True)
class Version:
    """A version to be registered, and the objects of the bucket `models` that it consists of.

    `champion`: whether it is given that alias.
    """

    model: str
    source: str
    tags: Mapping[str, str]
    objects: Mapping[str, bytes] = field(default_factory=dict)
    champion: bool = False


def served(scenario: Scenario, names: Sequence[str], moved: str) -> list[Version]:
    """The champions of resources, as a registry holds them that outlived a cluster.

    `moved` has a version of an earlier spec too, to go back to.
    """
    earlier = _trained(scenario.resource(moved, training={"seed": 1}), Verdict.PROMOTED)
    champions = [_trained(scenario.resource(name), Verdict.PROMOTED) for name in names]
    return [earlier, *(replace(version, champion=True) for version in champions)]


def trained(scenario: Scenario, names: Sequence[str]) -> list[Version]:
    """Versions that nobody has judged."""
    return [_trained(scenario.resource(name)) for name in names]


def unread(scenario: Scenario, names: Sequence[str]) -> list[Version]:
    """Of resources that are suspended: nobody looks for what such a version promises."""
    return [_unread(scenario.resource(name)) for name in names]


def _unread(resource: Resource) -> Version:
    tags = {f"dandelion.dev/{tag}": "0123456789" * 3 for tag in UNREAD_TAGS}
    source = f"s3://{BUCKET}/{naming.run_prefix(resource.key, 'run')}"
    return Version(naming.registered_model(resource.key), source, tags)


def _trained(resource: Resource, verdict: str = "") -> Version:
    model, training_hash = naming.registered_model(resource.key), digests.training_hash(resource)
    run = digests.run(training_hash, model, "")
    folder = naming.run_prefix(resource.key, run)
    contract = _contract(resource)
    tags = {
        "run": run,
        "training-hash": training_hash,
        "dataset-digest": DATASET_DIGEST,
        "contract-digest": f"sha256:{hashlib.sha256(contract).hexdigest()}",
        **({"verdict": verdict, "gate": digests.gate(resource)} if verdict else {}),
    }
    return Version(
        model,
        f"s3://{BUCKET}/{folder}",
        {f"dandelion.dev/{name}": value for name, value in tags.items()},
        {f"{folder}/{FILE}": CONTENT, f"{folder}/contract.json": contract},
    )


def _contract(resource: Resource) -> bytes:
    recall = {"support": 100, "predicted": 100, "recall": 0.95}
    return json.dumps(
        {
            "name": naming.registered_model(resource.key),
            "classes": ["cat", "dog"],
            "metrics": {"accuracy": 0.95, "macroF1": 0.95},
            "perClass": {"cat": recall, "dog": recall},
            "dataset": {
                "digest": DATASET_DIGEST,
                "storageUri": resource.spec.dataset.storage_uri,
                "images": 1000,
                "holdout": 200,
            },
            "training": {"seed": resource.spec.training.seed},
            "files": {FILE: {"sha256": hashlib.sha256(CONTENT).hexdigest(), "bytes": len(CONTENT)}},
        }
    ).encode()
