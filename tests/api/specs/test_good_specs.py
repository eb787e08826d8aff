"""What is right is accepted, and stays right: no other training by itself, no wrong field later."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.server import ApiServer, KubectlError
from tests.api.specs.refusal import SECRET
from tests.api.test_crd import model_deployment


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"training": {"initialWeights": "s3://models/a/b.safetensors"}}, id="weights"),
        pytest.param({"storage": {"endpoint": "http://10.0.0.1:9000", **SECRET}}, id="an address"),
        pytest.param({"storage": {"endpoint": "http://[fd00::1]:9000/", **SECRET}}, id="IPv6"),
        pytest.param({"storage": SECRET}, id="own keys for the installation's endpoint"),
        pytest.param(
            {"serving": {"resources": {"limits": {"cpu": 1, "memory": "1.5Gi"}}}}, id="cpu"
        ),
        pytest.param(
            {"training": {"resources": {"requests": {"cpu": 0.5}, "limits": {"cpu": 1.5}}}},
            id="half a processor, unquoted",
        ),
        pytest.param(
            {"serving": {"resources": {"requests": {"memory": 1e9}, "limits": {"cpu": "0.5"}}}},
            id="quantities as Kubernetes takes them",
        ),
        pytest.param({"serving": {"tolerations": [{"operator": "Exists"}]}}, id="every taint"),
        pytest.param({"serving": {"replicas": 0}}, id="no pods"),
        pytest.param(
            {"serving": {"logging": {"predictions": False, "storageUri": "s3://seen/a/b/"}}},
            id="a log that is turned off for now",
        ),
        pytest.param({"serving": {"logging": {"storageUri": "s3://seen"}}}, id="a whole bucket"),
        pytest.param(
            {
                "storage": {"endpoint": "https://s3.example.com", **SECRET},
                "serving": {"logging": {"images": True, "storageUri": "s3://seen/images"}},
            },
            id="images at an endpoint of one's own",
        ),
        pytest.param(
            {"feedback": {"mode": "Review"}, "serving": {"logging": {"images": True}}},
            id="answers for people to review",
        ),
        pytest.param(
            {
                "feedback": {"mode": "Auto", "minAgreement": 2},
                "serving": {"logging": {"images": True}, "auth": "ClusterTokens"},
            },
            id="corrections on which callers agree",
        ),
        pytest.param({"serving": None}, id="an empty section"),
        *(
            pytest.param({"dataset": {"storageUri": uri}}, id=uri)
            for uri in (
                "s3://datasets/ants#2",
                "s3://datasets/ants?/50%/my photos/",
                "s3://datasets/.hidden/..ants",
                "s3://datasets/ants/labels.csv",
            )
        ),
        pytest.param(
            {
                "dataset": {
                    "storageUri": "s3://datasets/lawn",
                    "version": f"sha256:{'0' * 64}",
                    "onSmallClass": "Drop",
                    "keep": "Copies",
                }
            },
            id="one version of a dataset",
        ),
        pytest.param({"training": {"augmentation": {"mirror": True}}}, id="mirrored images"),
        pytest.param(
            {"promotion": {"margin": 0, "minClassRecall": 0.5, "onUndecided": "Hold"}},
            id="a strict gate",
        ),
    ],
)
def test_a_right_specification(api: ApiServer, spec: dict[str, Any]) -> None:
    api.apply(model_deployment("right", **spec), "--dry-run=server")


def test_asking_for_another_training_is_an_annotation_away(api: ApiServer) -> None:
    api.apply(model_deployment("again"))
    before = api.get("mdep", "again")["metadata"]["generation"]
    api.kubectl("annotate", "mdep/again", "dandelion.dev/retrain=2026-01-01")
    assert api.get("mdep", "again")["metadata"]["generation"] == before


def test_changing_a_wrong_field_later_is_refused_as_well(api: ApiServer) -> None:
    api.apply(model_deployment("changed"))
    patch = json.dumps({"spec": {"training": {"architecture": "vgg"}}})
    with pytest.raises(KubectlError, match="Unsupported value"):
        api.kubectl("patch", "mdep/changed", "--type=merge", "-p", patch)
