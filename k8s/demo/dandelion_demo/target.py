"""Which cluster the demo runs on, made ready: programs, node, images."""

from __future__ import annotations

import os
from collections.abc import Sequence

from dandelion_local import cluster, places, tools
from dandelion_local.cluster import Kind
from dandelion_local.images import catalogue, registry

from dandelion_demo.kube import Cluster


def target() -> Cluster:
    """Starts what has to be started and builds what has to be built, telling each step.

    Raises:
        SetupError: something of the machine or the cluster is not as it must be.
    """
    cluster.up_with(catalogue.PROJECT_IMAGES, ("kubectl", "helm"))
    which = cluster.chosen()
    return Cluster(
        kubectl=tools.path("kubectl"),
        helm=tools.path("helm"),
        kubeconfig=None if which is Kind.OWN else places.kubeconfig(),
        context=os.environ.get("DANDELION_CONTEXT") or None,
        routable=which is Kind.LOCAL,
    )


def image_settings() -> Sequence[str]:
    """Chart values that pin each image to what was just built, so that a change is rolled out.

    Only on the local node: kind has no digests of loaded images, and a cluster of the user's own
    pulls what the chart names.
    """
    if cluster.chosen() is not Kind.LOCAL:
        return []
    return [
        f"{image.name}.image.tag={catalogue.VERSION}@{registry.digest(image.reference)}"
        for image in catalogue.PROJECT_IMAGES
        if image.name in {"operator", "inference", "training", "mlflow", "console"}
    ]
