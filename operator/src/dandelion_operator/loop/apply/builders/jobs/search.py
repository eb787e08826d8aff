"""What a run's Job is told of its search and its cross-validation, and the Job that searches.

That is an Indexed Job: a pod a trial, whose number is its index. A trial that cannot be done ends
the search, and the trials that are over are found again by the next attempt.
"""

from __future__ import annotations

import json
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.search import Search

COMMAND = "trial"


def search_settings(resource: Resource, base: str) -> dict[str, object]:
    """Nothing where neither is asked for, so that Jobs of before are what they were. `base` is the
    run's folder.
    """
    training, told = resource.spec.training, dict[str, object]()
    if training.search is not None:
        told |= {
            "SEARCH": json.dumps(_described(training.search, resource.spec.promotion.metric)),
            "SEARCH_URI": f"{base}/search",
        }
    if training.cross_validation is not None:
        told |= {"FOLDS": training.cross_validation.folds, "FOLDS_URI": f"{base}/folds"}
    return told


def search_labels(run: str) -> dict[str, str]:
    """By which the Job is known from the one that trains."""
    return {naming.SEARCH_LABEL: run}


def as_search(job: dict[str, Any], search: Search) -> dict[str, Any]:
    """The Job of one pod as one of many, each with as many tries as the one had."""
    spec = {name: value for name, value in job["spec"].items() if name != "backoffLimit"}
    indexed = {
        "completionMode": "Indexed",
        "completions": search.max_trials,
        "parallelism": min(search.parallel_trials, search.max_trials),
        "backoffLimitPerIndex": job["spec"]["backoffLimit"],
        "maxFailedIndexes": 0,
    }
    return job | {"spec": spec | indexed}


def _described(search: Search, metric: str) -> dict[str, Any]:
    described: dict[str, Any] = search.model_dump(
        mode="json", by_alias=True, exclude={"parallel_trials"}, exclude_none=True
    )
    return described | {"metric": metric}
