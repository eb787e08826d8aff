"""Pods as people's clusters want them: podTemplates laid over what the operator makes of itself.

Merged as Kubernetes does it: maps by key, lists of named things by name, of which the later one
replaces the earlier. Lists without names that only add (tolerations, envFrom) are put together; of
any other list the later one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.spec.pods.template import PodSpec, PodTemplate
from dandelion_operator.api.spec.serving import Serving
from dandelion_operator.api.spec.training import Training

Json = dict[str, Any]

NAMED_BY = {
    "containers": "name",
    "env": "name",
    "imagePullSecrets": "name",
    "topologySpreadConstraints": "topologyKey",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
ADDED_UP = ("envFrom", "tolerations")


def laid_over(workload: Json, default: PodTemplate | None, section: Training | Serving) -> Json:
    """A Job or Deployment with the installation's template over it, and the resource's over that.

    The labels go to the workload as well, where queues such as Kueue look for them. Labels and
    annotations that the operator set stay.
    """
    template = workload["spec"]["template"]
    pod: Json = template["spec"]
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    own: dict[str, str] = template["metadata"].get("annotations", {})
    for layer in filter(None, (default, section.pod_template, _placement(section))):
        labels |= layer.metadata.labels
        annotations |= layer.metadata.annotations
        pod = merged(pod, _of_container(layer.pod, pod["containers"][0]["name"]))
    metadata = {"labels": labels | template["metadata"]["labels"]}
    if annotations | own:
        metadata["annotations"] = annotations | own
    spreading = [_counting(item, metadata["labels"]) for item in _spreading(pod)]
    pod |= {"topologySpreadConstraints": spreading} if spreading else {}
    return workload | {
        "metadata": workload["metadata"] | {"labels": labels | workload["metadata"]["labels"]},
        "spec": workload["spec"] | {"template": {"metadata": metadata, "spec": pod}},
    }


def _placement(section: Training | Serving) -> PodTemplate:
    """`nodeSelector` and `tolerations` of the section itself."""
    tolerations = tuple(
        item.model_dump(mode="json", by_alias=True, exclude_none=True)
        for item in section.tolerations
    )
    return PodTemplate(spec=PodSpec(node_selector=section.node_selector, tolerations=tolerations))


def _of_container(pod: Json, name: str) -> Json:
    """A pod of the training image that only evaluates has the same container by another name."""
    containers = [item | {"name": name} for item in pod.get("containers", ())]
    return pod | ({"containers": containers} if containers else {})


def _spreading(pod: Json) -> list[Json]:
    return list(pod.get("topologySpreadConstraints", ()))


def _counting(constraint: Json, labels: Mapping[str, str]) -> Json:
    """Without a selector, Kubernetes would count no pod at all."""
    own = {name: labels[name] for name in (naming.OWNER_LABEL, naming.COMPONENT_LABEL)}
    return {"labelSelector": {"matchLabels": own}} | constraint


def merged(base: Json, over: Json) -> Json:
    result = dict(base)
    for key, value in over.items():
        there = result.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            result[key] = merged(there, value)
        elif key in NAMED_BY and isinstance(there, list):
            whole = key != "containers"
            result[key] = _by_name(NAMED_BY[key], there, value, whole)
        elif key in ADDED_UP and isinstance(there, list):
            result[key] = there + [item for item in value if item not in there]
        else:
            result[key] = value
    return result


def _by_name(name: str, there: Iterable[Json], value: Iterable[Json], whole: bool) -> list[Json]:
    """`whole`: what is named takes the place of its namesake, instead of being merged with it."""
    found = {item[name]: item for item in there}
    for item in value:
        found[item[name]] = item if whole else merged(found.get(item[name], {}), item)
    return list(found.values())
