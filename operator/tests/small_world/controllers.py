"""What Kubernetes and the training image do to the small world in one moment of it.

Called by `small_world.World.tick`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from dandelion_operator.api import naming
from dandelion_operator.ports.kube.objects import is_owned
from dandelion_operator.seen.comparison import (
    Comparison,
    ComparisonName,
    PairedCounts,
    PairedMacroF1,
)
from dandelion_operator.seen.training import DatasetVersionSeen, Progress
from dandelion_operator.seen.versions import ContractSeen
from fakes.cluster import KEY

DATASET = f"sha256:{'d' * 64}"
HOLDOUT = 1000
GONE = '{"reason": "DatasetVersionUnavailable", "message": "3 images are gone"}'

if TYPE_CHECKING:
    from small_world import World


def train(world: World, job: dict[str, Any]) -> None:
    """The Job controller, and the training image in its pod."""
    status = job.setdefault("status", {})
    if not is_owned(job, world.cluster.one("modeldeployments", KEY.name)["metadata"]["uid"]):
        return
    if status.get("conditions") or job["spec"].get("suspend"):
        return
    if job["metadata"]["name"] in world.standing:
        return
    if naming.EVALUATION_LABEL in job["metadata"]["labels"]:
        _evaluate(world, job)
        return
    if naming.INGEST_LABEL in job["metadata"]["labels"]:
        _ingest(world, job)
        return
    run = job["metadata"]["labels"][naming.RUN_LABEL]
    if world.train_fails is not None:
        reason, message = world.train_fails
        status["conditions"] = [
            {"type": "Failed", "status": "True", "lastTransitionTime": world.now_text()}
        ]
        world.storage.progresses[run] = Progress(
            run=run, state="failed", reason=reason, message=message
        )
        return
    if naming.SEARCH_LABEL in job["metadata"]["labels"]:
        assert "-m dandelion_training trial" in " ".join(_container(job)["command"])
        status["conditions"] = [{"type": "Complete", "status": "True"}]
        status["completionTime"] = world.now_text()
        return
    told = _environment(job)
    uri = told["DANDELION_ARTIFACT_URI"]
    world.storage.endpoints[uri] = told["DANDELION_S3_ENDPOINT"]
    world.storage.contracts[uri] = ContractSeen(
        {"accuracy": world.accuracy},
        classes=("dandelion", "grass"),
        precision=world.precision,
        holdout=HOLDOUT,
        model=told["DANDELION_REGISTERED_MODEL"],
        dataset_uri=told["DANDELION_DATASET_URI"],
    )
    if not any(
        version["tags"].get("dandelion.dev/run") == run
        for version in world.mlflow.versions.values()
    ):
        digest = hashlib.sha256(run.encode()).hexdigest()
        dataset = world.storage.make_version(uri)
        world.storage.digests[uri] = f"sha256:{digest}"
        number = world.mlflow.add_version(
            run=run,
            training_hash=job["metadata"]["labels"][naming.TRAINING_HASH_LABEL],
            **{"contract-digest": f"sha256:{digest}", "dataset-digest": dataset},
        )
        world.mlflow.versions[number]["source"] = uri
        if world.compares and _is_there(world, told, "DANDELION_CHAMPION_URI"):
            _compare(
                world,
                ComparisonName(dataset, f"sha256:{digest}", told["DANDELION_CHAMPION_DIGEST"]),
                uri,
                told["DANDELION_CHAMPION_URI"],
            )
    status["conditions"] = [{"type": "Complete", "status": "True"}]
    status["completionTime"] = world.now_text()


def _ingest(world: World, job: dict[str, Any]) -> None:
    """The training image, told to read the images only."""
    status, told = job["status"], _environment(job)
    assert "-m dandelion_training ingest" in " ".join(_container(job)["command"])
    folder = naming.ingest_folder(job["metadata"]["labels"][naming.INGEST_LABEL])
    assert told["DANDELION_STATUS_URI"].endswith(f"/{folder}/status.json")
    if world.ingest_fails is not None:
        reason, message = world.ingest_fails
        _end(world, job, f'{{"reason": "{reason}", "message": "{message}"}}')
        failed = {"type": "Failed", "status": "True", "lastTransitionTime": world.now_text()}
        status["conditions"] = [failed]
        return
    before = told["DANDELION_FORMER_DATASET"] or None
    version = world.storage.make_version(None)
    found = DatasetVersionSeen(
        version,
        images=40 + len(world.storage.uploads),
        class_count=2,
        classes=("dandelion", "grass"),
        holdout=8,
        since=before,
        changes={"added": 1} if before not in (None, version) else {},
    )
    world.storage.progresses[folder] = Progress(
        run=folder, state="succeeded", percent=100, dataset=found
    )
    status["conditions"] = [{"type": "Complete", "status": "True"}]
    status["completionTime"] = world.now_text()


def _end(world: World, job: dict[str, Any], message: str) -> None:
    """A pod of the Job that ended for good, with its termination message."""
    world.cluster.put(
        "pods",
        {
            "metadata": {
                "name": f"{job['metadata']['name']}-pod",
                "labels": job["metadata"]["labels"],
                "ownerReferences": [{"uid": job["metadata"]["uid"], "controller": True}],
            },
            "status": {
                "phase": "Failed",
                "containerStatuses": [
                    {"state": {"terminated": {"exitCode": 64, "message": message}}}
                ],
            },
        },
    )


def _evaluate(world: World, job: dict[str, Any]) -> None:
    """The training image, told to compare two versions only."""
    status, told = job["status"], _environment(job)
    assert "-m dandelion_training evaluate" in " ".join(_container(job)["command"])
    if world.evaluation_fails:
        _end(world, job, GONE)
        status["conditions"] = [{"type": "Failed", "status": "True"}]
        return
    name = ComparisonName(
        told["DANDELION_DATASET_VERSION"],
        told["DANDELION_ARTIFACT_DIGEST"],
        told["DANDELION_CHAMPION_DIGEST"],
    )
    _compare(world, name, told["DANDELION_ARTIFACT_URI"], told["DANDELION_CHAMPION_URI"])
    status["conditions"] = [{"type": "Complete", "status": "True"}]


def _compare(world: World, name: ComparisonName, challenger: str, champion: str) -> None:
    """On a thousand images, of which both get as many right as their accuracy says."""
    ours, theirs = (
        round(found.metrics["accuracy"] * HOLDOUT)
        for found in (world.storage.contracts[uri] for uri in (challenger, champion))
        if isinstance(found, ContractSeen)
    )
    right = min(ours, theirs)
    counts = PairedCounts(right, ours - right, theirs - right, HOLDOUT - max(ours, theirs))
    world.storage.comparisons[name] = Comparison(
        counts,
        PairedMacroF1(ours / HOLDOUT, theirs / HOLDOUT),
        shared=("dandelion", "grass"),
        digest=f"sha256:of {ours} and {theirs}",
    )


def _is_there(world: World, told: dict[str, str], name: str) -> bool:
    """Whether an artifact lies at the endpoint that a pod reads."""
    uri = told[name]
    return bool(uri) and world.storage.holds(told["DANDELION_S3_ENDPOINT"], uri)


def _container(made: dict[str, Any]) -> dict[str, Any]:
    """Of a Job or Deployment; a webhook may have put others beside it."""
    containers: list[dict[str, Any]] = made["spec"]["template"]["spec"]["containers"]
    serving = (item for item in containers if item["name"] == naming.INFERENCE)
    return next(serving, containers[0])


def _environment(job: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item.get("value", "") for item in _container(job)["env"]}


def select(world: World, service: dict[str, Any]) -> None:
    """The EndpointSlice controller: one slice of a Service, whose labels it takes over."""
    name, selector = service["metadata"]["name"], service["spec"].get("selector")
    if not selector:
        return
    endpoints = [
        {
            "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"]},
            "addresses": [pod["status"].get("podIP", "")],
            "conditions": {"ready": is_ready(pod)},
        }
        for pod in world.cluster.kind("pods")
        if selector.items() <= (pod["metadata"].get("labels") or {}).items()
    ]
    labels = {**service["metadata"].get("labels", {}), naming.SERVICE_NAME_LABEL: name}
    there = world.cluster.objects.get(("endpointslices", KEY.namespace, f"{name}-slice"))
    if there is None:
        metadata = {"name": f"{name}-slice", "labels": labels}
        world.cluster.put("endpointslices", {"metadata": metadata, "endpoints": endpoints})
    elif (there["metadata"]["labels"], there["endpoints"]) != (labels, endpoints):
        there["metadata"]["labels"], there["endpoints"] = labels, endpoints
        world.cluster._changed(there)


def is_ready(pod: dict[str, Any]) -> bool:
    return any(
        item["type"] == "Ready" and item["status"] == "True"
        for item in pod["status"].get("conditions", [])
    )


def roll(world: World, deployment: dict[str, Any]) -> None:
    """The Deployment controller and the kubelet."""
    if "ownerReferences" not in deployment["metadata"]:
        return  # somebody else's
    if deployment["spec"].get("paused"):
        deployment["status"]["observedGeneration"] = deployment["metadata"]["generation"]
        return
    if not _is_there(world, _environment(deployment), "DANDELION_ARTIFACT_URI"):
        wanted = deployment["spec"]["replicas"]  # none of the new pods starts; the old ones stay
        deployment["status"] = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": wanted + 1,
            "updatedReplicas": 1,
            "availableReplicas": wanted,
        }
        return
    spec, template = deployment["spec"], deployment["spec"]["template"]["metadata"]
    labels, annotations = template["labels"], template.get("annotations", {})
    version = labels[naming.VERSION_LABEL]
    wanted = spec["replicas"]
    trouble = world.pod_trouble.get(version)
    old = [
        pod
        for pod in world.inference_pods()
        if pod["metadata"]["labels"][naming.VERSION_LABEL] != version
    ]
    current = [pod for pod in world.inference_pods() if pod not in old]
    for pod in current:
        world.cluster.objects.pop(("pods", KEY.namespace, pod["metadata"]["name"]))
    for index in range(wanted):
        world.cluster.put(
            "pods",
            {
                "metadata": {
                    "name": f"lawn-inference-{version}-{index}",
                    "labels": labels,
                    "annotations": annotations,
                },
                "status": {
                    "phase": "Running",
                    "podIP": f"10.0.1.{version}",
                    "conditions": [{"type": "Ready", "status": "False" if trouble else "True"}],
                },
            },
        )
    if trouble is None:
        for pod in old:
            world.cluster.objects.pop(("pods", KEY.namespace, pod["metadata"]["name"]))
    for pod in world.stuck_pods:
        world.cluster.objects["pods", KEY.namespace, pod["metadata"]["name"]] = pod
    kept = len(old) if trouble else 0
    deployment["status"] = {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": wanted + kept,
        "updatedReplicas": wanted,
        "availableReplicas": kept if trouble else wanted,
    }
