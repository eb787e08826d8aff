"""The API server takes the operator's pods and refuses a podTemplate that cannot be honoured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dandelion_local import places

from tests.api.server import ApiServer
from tests.api.specs.refusal import refusal
from tests.api.test_crd import model_deployment

GOLDEN = sorted((places.REPOSITORY / "operator" / "tests" / "golden").glob("*.yaml"))


def section(name: str, **pod_template: Any) -> dict[str, Any]:
    return {name: {"podTemplate": pod_template}}


def container(name: str, **about: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": name} | about]}}


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: str(file.stem))
def test_an_object_of_the_operator_is_valid(api: ApiServer, file: Path) -> None:
    api.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", str(file))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param(
            section("training", metadata={"labels": {"dandelion.dev/run": "mine"}}),
            "spec.training.podTemplate.metadata.labels: Invalid value: labels below dandelion.dev/ "
            "and app.kubernetes.io/ are the operator's own: choose another name",
            id="the operator's labels",
        ),
        pytest.param(
            section("serving", metadata={"annotations": {"dandelion.dev/serving-digest": "x"}}),
            "annotations below dandelion.dev/ and app.kubernetes.io/ are the operator's own",
            id="the operator's annotations",
        ),
        pytest.param(
            section("serving", metadata={"labels": {"team": "the garden"}}),
            "write the value of a label",
            id="a label with a space",
        ),
        pytest.param(
            section(
                "training",
                **container("training", env=[{"name": "DANDELION_EPOCHS", "value": "3"}]),
            ),
            "DANDELION_*, HOME and MLFLOW_TRACKING_URI are set by the operator: write the field of "
            "spec that belongs to it, or leave the variable out",
            id="the operator's variables",
        ),
        pytest.param(
            section("training", **container("inference")),
            "the container of training pods is called training: write name: training",
            id="serving's container in training",
        ),
        pytest.param(
            section("serving", **container("training")),
            "the container of serving pods is called inference: write name: inference",
            id="training's container in serving",
        ),
        pytest.param(
            section("serving", **container("sidecar")),
            'Unsupported value: "sidecar": supported values: "training", "inference"',
            id="another container",
        ),
        pytest.param(
            section("training", **container("training", image="mine:1")),
            'unknown field "spec.training.podTemplate.spec.containers[0].image"',
            id="an image, which has a field of its own",
        ),
        pytest.param(
            section("serving", spec={"terminationGracePeriodSeconds": 5}),
            'unknown field "spec.serving.podTemplate.spec.terminationGracePeriodSeconds"',
            id="a time to end in, which follows from requestTimeoutSeconds",
        ),
        pytest.param(
            section("training", spec={"hostNetwork": True}),
            'unknown field "spec.training.podTemplate.spec.hostNetwork"',
            id="the node's network",
        ),
        pytest.param(
            section("training", spec={"volumes": [{"name": "s3", "emptyDir": {}}]}),
            "the volumes s3 and log hold the S3 keys: choose another name",
            id="the operator's volumes",
        ),
        pytest.param(
            section("training", spec={"securityContext": {"seLinuxOptions": {"type": "spc_t"}}}),
            'type: Unsupported value: "spc_t"',
            id="SELinux's type of containers that may do everything",
        ),
        pytest.param(
            section(
                "training", spec={"volumes": [{"name": "a", "hostPath": {"path": "/var/lib"}}]}
            ),
            'unknown field "spec.training.podTemplate.spec.volumes[0].hostPath"',
            id="a folder of the node",
        ),
        pytest.param(
            section("training", spec={"volumes": [{"name": "a"}]}),
            "write one of configMap, secret, persistentVolumeClaim, emptyDir, ephemeral, "
            "projected, downwardAPI and csi",
            id="a volume of nothing",
        ),
        pytest.param(
            section(
                "training", spec={"volumes": [{"name": "a", "emptyDir": {"sizeLimit": "big"}}]}
            ),
            "write a quantity, for example 2, 500m or 4Gi",
            id="a size in words",
        ),
        pytest.param(
            section(
                "training",
                **container("training", volumeMounts=[{"name": "a", "mountPath": "/work"}]),
            ),
            "/tmp, /work, /dev/shm and /var/run/secrets/dandelion are the operator's: choose "
            "another folder, or give podTemplate.spec.volumes one by the name of tmp, work or shm",
            id="a volume over the operator's",
        ),
        pytest.param(
            section("serving", spec={"securityContext": {"runAsUser": 0}}),
            "spec.serving.podTemplate.spec.securityContext.runAsUser in body should be greater "
            "than or equal to 1",
            id="root",
        ),
        pytest.param(
            section("serving", spec={"securityContext": {"runAsNonRoot": False}}),
            'unknown field "spec.serving.podTemplate.spec.securityContext.runAsNonRoot"',
            id="less than Pod Security restricted",
        ),
        pytest.param(
            {
                "training": {
                    "nodeSelector": {"pool": "gpu"},
                    "podTemplate": {"spec": {"nodeSelector": {"pool": "cpu"}}},
                }
            },
            "a label stands in nodeSelector and in podTemplate.spec.nodeSelector: write it in one "
            "of them",
            id="two nodes at once",
        ),
    ],
)
def test_a_pod_template_that_cannot_be_honoured(
    api: ApiServer, spec: dict[str, Any], said: str
) -> None:
    assert said in refusal(api, model_deployment("wrong", **spec))
