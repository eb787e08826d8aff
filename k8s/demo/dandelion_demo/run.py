"""The main job, watched: images into a bucket, `kubectl apply`, and a prediction back."""

from __future__ import annotations

import io
import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dandelion_local.commands import SetupError
from dandelion_local.progress import Step

from dandelion_demo import outcome
from dandelion_demo.data import Dataset, LabelledImage
from dandelion_demo.install import diagnosis, look_after, object_store
from dandelion_demo.kube import Cluster

BUCKET = "datasets"
NAMESPACE_OF_MODEL = "default"
READY_WITHIN_SECONDS = 3600.0
PASSING_SECONDS = 90.0


def upload(cluster: Cluster, dataset: Dataset) -> None:
    """Puts the images under s3://datasets/NAME/CLASS/FILE, skipping what is there already."""
    with (
        Step(f"upload {len(dataset.seen)} images to s3://{BUCKET}/{dataset.name}") as step,
        object_store(cluster) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        prefix = f"{dataset.name}/"
        present = {o.object_name for o in client.list_objects(BUCKET, prefix, recursive=True)}
        missing = [image for image in dataset.seen if prefix + image.key not in present]

        def put(image: LabelledImage) -> None:
            client.put_object(
                BUCKET, prefix + image.key, io.BytesIO(image.content), len(image.content)
            )

        for done, _ in enumerate(pool.map(put, missing), start=1):
            step.figure = f"{done} of {len(missing)}"
        step.figure = f"{len(missing)} new"


def model_deployment(dataset: Dataset) -> dict[str, Any]:
    """The manifest that the demo applies."""
    training: dict[str, Any] = {"architecture": "resnet18"}
    if dataset.name == "digits":
        training |= {"epochs": 6, "imageSize": 32, "batchSize": 64}
    return {
        "apiVersion": "dandelion.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": dataset.name, "namespace": NAMESPACE_OF_MODEL},
        "spec": {
            "dataset": {"storageUri": f"s3://{BUCKET}/{dataset.name}"},
            "training": training,
        },
    }


def apply(cluster: Cluster, manifest: dict[str, Any]) -> None:
    """`kubectl apply` of the manifest, in a namespace that is looked after from here on."""
    name, namespace = manifest["metadata"]["name"], manifest["metadata"]["namespace"]
    with Step(f"kubectl label: the namespace {namespace} is looked after"):
        look_after(cluster, namespace)
    with Step(f"kubectl apply: ModelDeployment {name}"):
        cluster.run("apply", "-f", "-", stdin=json.dumps(manifest))


def follow(cluster: Cluster, name: str) -> dict[str, Any]:
    """Waits until the ModelDeployment is Ready for its current generation, telling how far it is.

    Returns:
        The resource once Ready.

    Raises:
        SetupError: training failed, the spec was not accepted, or nothing came of it in an hour.
    """
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    well_at = time.monotonic()
    with Step(f"train, register, promote and serve {name}") as step:
        while time.monotonic() < deadline:
            resource: dict[str, Any] = cluster.get("mdep", name, "-n", NAMESPACE_OF_MODEL)
            step.figure = outcome.figure(resource)
            if outcome.is_done(resource):
                step.figure = f"version {resource['status']['champion']['version']}"
                return resource
            condition = outcome.obstacle(resource)
            if condition is None:
                well_at = time.monotonic()
            elif (
                condition["reason"] not in outcome.PASSING
                or time.monotonic() - well_at > PASSING_SECONDS
            ):
                raise SetupError(
                    f"{name}: {condition['type']}=False {condition['reason']}: "
                    f"{condition['message']}\n"
                    + diagnosis(
                        cluster, NAMESPACE_OF_MODEL, f"dandelion.dev/modeldeployment={name}"
                    )
                )
            time.sleep(1)
    raise SetupError(f"{name} was not Ready within {READY_WITHIN_SECONDS / 60:.0f} minutes")


def predict(cluster: Cluster, name: str, image: LabelledImage) -> dict[str, Any]:
    """Posts one image to the inference service.

    Returns:
        The response: `{"model": {…}, "predictions": [{"label", "probability", "scores"}]}`.
    """
    with cluster.reach(NAMESPACE_OF_MODEL, f"{name}-inference", 80) as url:
        request = urllib.request.Request(  # noqa: S310 (http, to the service just started)
            f"{url}/predict",
            data=image.content,
            headers={"Content-Type": "application/octet-stream"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            answer: dict[str, Any] = json.load(response)
            return answer
