"""The complete artifact becomes a version in the registry, with the tags that tell its origin.

`pipeline` calls `register` once the version can be judged: the operator takes it from there.
"""

import json
from collections.abc import Mapping
from typing import Any

import structlog

from dandelion_training.ports.documents import digest
from dandelion_training.ports.progress import REGISTERING, Progress
from dandelion_training.ports.registry import Registry
from dandelion_training.ports.settings import Settings

log = structlog.get_logger()


def register(
    registry: Registry, progress: Progress, settings: Settings, content: bytes, evaluation: str
) -> str:
    """Register the version that a contract describes; `evaluation` is the digest of its
    evaluation.json, which no other document names.
    """
    described: dict[str, Any] = json.loads(content)
    dataset = described["dataset"]
    progress.enter(
        REGISTERING,
        datasetDigest=dataset["digest"],
        images=dataset["images"],
        classes=described["classes"],
    )
    tags = {
        **settings.origin,
        "dandelion.dev/wish": settings.training_hash,  # the name that the first release knows
        "dandelion.dev/dataset-digest": dataset["digest"],
        "dandelion.dev/contract-digest": digest(content),
        "dandelion.dev/evaluation-digest": evaluation,
        "dandelion.dev/image": described["training"]["image"],
        "dandelion.dev/git-revision": described["training"]["gitRevision"],
        "dandelion.dev/precision": described["precision"]["choice"],
        **_searched(described["training"].get("search")),
    }
    version = registry.register(settings.registered_model, str(settings.artifact_uri), tags)
    registry.tag({"dandelion.dev/version": version, **tags})
    log.info("registered", model=settings.registered_model, version=version, **described["metrics"])
    return version


def _searched(winner: Mapping[str, Any] | None) -> dict[str, str]:
    """What a search chose, of how many trials, and by which figure on the training side."""
    if winner is None:
        return {}
    return {
        "dandelion.dev/search-parameters": json.dumps(winner["parameters"]),
        "dandelion.dev/search-trials": str(winner["trials"]),
        "dandelion.dev/search-metric": winner["metric"],
        "dandelion.dev/search-value": str(winner["value"]),
    }
