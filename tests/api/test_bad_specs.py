"""What a person reads when a specification is wrong: field, cause and what to write instead."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.server import ApiServer, KubectlError
from tests.api.test_crd import model_deployment

SECRET = {"secretRef": {"name": "keys"}}
PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"


def refusal(api: ApiServer, manifest: dict[str, Any]) -> str:
    """What kubectl says, in one line."""
    with pytest.raises(KubectlError) as refused:
        api.apply(manifest, "--dry-run=server")
    return " ".join(str(refused.value).split())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param(
            "a" * 64,
            "metadata.name: Invalid value: metadata.name must have at most 42 characters, because "
            "the names of Jobs, Pods and Services are derived from it: choose a shorter name",
            id="64 characters",
        ),
        pytest.param("a" * 43, "metadata.name must have at most 42 characters", id="43 characters"),
        pytest.param(
            "3lawns",
            "metadata.name must start with a letter, end with a letter or digit, and hold only "
            "a-z, 0-9 and '-', because it becomes a Service name: write for example lawn-v2",
            id="a digit first",
        ),
        pytest.param("lawn.v2", "hold only a-z, 0-9 and '-'", id="a dot"),
    ],
)
def test_a_name_that_children_could_not_carry(api: ApiServer, name: str, said: str) -> None:
    assert said in refusal(api, model_deployment(name))


def test_a_name_of_42_characters_is_fine(api: ApiServer) -> None:
    api.apply(model_deployment("a" * 42), "--dry-run=server")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param(
            {"training": {"architecture": "alexnet"}},
            'spec.training.architecture: Unsupported value: "alexnet": supported values: '
            '"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"',
            id="an unknown architecture",
        ),
        pytest.param(
            {"training": {"epoch": 3}},
            'unknown field "spec.training.epoch"',
            id="a misspelt field",
        ),
        pytest.param(
            {"triggers": {"schedule": "0 3 * * 0"}},
            'unknown field "spec.triggers"',
            id="a field that nothing honours yet",
        ),
        pytest.param(
            {"dataset": {}}, "spec.dataset.storageUri: Required value", id="no images at all"
        ),
        pytest.param(
            {"dataset": {"storageUri": "datasets/lawn"}},
            'spec.dataset.storageUri: Invalid value: "datasets/lawn": write s3://BUCKET/FOLDER, '
            "where FOLDER holds one folder of images per class, for example s3://datasets/lawn",
            id="images at a path",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets"}},
            "write s3://BUCKET/FOLDER",
            id="images in a whole bucket",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets//lawn"}},
            'spec.dataset.storageUri: Invalid value: "s3://datasets//lawn": two names are '
            "separated by one '/': leave the empty part out",
            id="an empty part in an address",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn/../park"}},
            "S3 does not resolve the parts . and ..: write the whole name of the folder",
            id="a folder above",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn "}},
            "leave control characters, and white space at the end, out",
            id="a space at the end of an address",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn\t2"}},
            "leave control characters, and white space at the end, out",
            id="a tabulator in an address",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn", "version": "3"}},
            'spec.dataset.version: Invalid value: "3": write sha256: and 64 hexadecimal digits, '
            "as in status.dataset.version, or leave version out to use the newest",
            id="a dataset version by number",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn", "onSmallClass": "Ignore"}},
            'spec.dataset.onSmallClass: Unsupported value: "Ignore": supported values: "Refuse", '
            '"Drop"',
            id="small classes ignored",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn", "keep": "Copy"}},
            'spec.dataset.keep: Unsupported value: "Copy": supported values: "References", '
            '"Copies"',
            id="a copy",
        ),
        pytest.param(
            {"dataset": {"storageUri": "s3://datasets/lawn", "holdoutFraction": 0.9}},
            "spec.dataset.holdoutFraction in body should be less than or equal to 0.5",
            id="most images held out",
        ),
        pytest.param(
            {"storage": {"endpoint": "https://s3.example.com"}},
            "spec.storage: Invalid value: spec.storage.endpoint needs spec.storage.secretRef: name "
            "a Secret of this namespace that holds AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for "
            "that endpoint",
            id="an endpoint without keys",
        ),
        pytest.param(
            {"storage": {"endpoint": "s3.example.com/models", **SECRET}},
            'spec.storage.endpoint: Invalid value: "s3.example.com/models": write the URL of an S3 '
            "endpoint without bucket, path or credentials, for example https://s3.example.com",
            id="an endpoint that is no URL",
        ),
        pytest.param(
            {"storage": {"endpoint": "https://key:secret@s3.example.com", **SECRET}},
            "without bucket, path or credentials",
            id="keys in the endpoint",
        ),
        pytest.param(
            {"storage": {"servingSecretRef": {"name": "reader"}}},
            "spec.storage.servingSecretRef needs spec.storage.secretRef: name the Secret that "
            "training uses as well, or leave both out to use the installation's own keys",
            id="keys for serving alone",
        ),
        pytest.param(
            {"storage": {"secretRef": {}}},
            "spec.storage.secretRef.name: Required value",
            id="a Secret without a name",
        ),
        pytest.param(
            {"storage": {"region": "eu-west-3"}},
            "spec.storage.region belongs to spec.storage.endpoint: write the endpoint as well, or "
            "leave region out to use the installation's own",
            id="a region without an endpoint",
        ),
        pytest.param(
            {"storage": {"endpoint": "http://minio:9000", "caBundle": PEM, **SECRET}},
            "spec.storage.caBundle is for an https:// endpoint only: write "
            "spec.storage.endpoint: https://..., or leave caBundle out",
            id="certificates for plain HTTP",
        ),
        pytest.param(
            {"storage": {"endpoint": "https://minio", "caBundle": "/etc/ca.pem", **SECRET}},
            "write PEM text: one or more blocks from -----BEGIN CERTIFICATE-----",
            id="a path for certificates",
        ),
        pytest.param(
            {"storage": {"bucket": "s3://models"}},
            "write the bare name of a bucket",
            id="a bucket with s3://",
        ),
        pytest.param(
            {"training": {"initialWeights": "s3://models/old.pt"}},
            "write auto, none, imagenet, champion or s3://BUCKET/.../NAME.safetensors (pickled "
            "files such as .pt and .pth are never loaded)",
            id="pickled weights",
        ),
        pytest.param(
            {"training": {"imageSize": 100}},
            "spec.training.imageSize in body should be a multiple of 32",
            id="an odd image size",
        ),
        pytest.param(
            {"training": {"epochs": 0}}, "should be greater than or equal to 1", id="no epochs"
        ),
        pytest.param(
            {"training": {"learningRate": 0}}, "should be greater than 0", id="no learning rate"
        ),
        pytest.param(
            {"training": {"image": "my image"}}, "without spaces", id="an image with a space"
        ),
        pytest.param(
            {
                "training": {
                    "resources": {"requests": {"memory": "4Gi"}, "limits": {"memory": "2Gi"}}
                }
            },
            "spec.training.resources: Invalid value: a request must not be larger than the limit "
            "of the same resource: raise the limit or lower the request",
            id="a request above its limit",
        ),
        pytest.param(
            {"serving": {"resources": {"limits": {"cpu": "two"}}}},
            'spec.serving.resources.limits[cpu]: Invalid value: "two": write a quantity, for '
            "example 2, 500m or 4Gi",
            id="a quantity in words",
        ),
        pytest.param(
            {"serving": {"resources": {"limits": {"cpus": 2}}}},
            "write cpu, memory, ephemeral-storage or the name of a device with its domain",
            id="an unknown resource",
        ),
        pytest.param(
            {"serving": {"nodeSelector": {"disk": "very fast"}}},
            'spec.serving.nodeSelector[disk]: Invalid value: "very fast": write the value of a '
            "label",
            id="a label's value with a space",
        ),
        pytest.param(
            {"training": {"tolerations": [{"key": "gpu", "operator": "Exists", "value": "yes"}]}},
            "operator: Exists matches every value: leave value out, or write operator: Equal",
            id="a toleration that contradicts itself",
        ),
        pytest.param(
            {"serving": {"tolerations": [{"key": "spot", "tolerationSeconds": 60}]}},
            "tolerationSeconds needs effect: NoExecute",
            id="seconds without an effect",
        ),
        pytest.param(
            {"promotion": {"mode": "auto"}},
            'Unsupported value: "auto": supported values: "Auto", "Manual", "Observe"',
            id="a mode in lower case",
        ),
        pytest.param(
            {"promotion": {"minimum": 80}},
            "spec.promotion.minimum in body should be less than or equal to 1",
            id="per cent for a share",
        ),
        pytest.param(
            {"promotion": {"margin": 2}},
            "margin is a share of the images: write 0.02 for 2 points; at most 0.5",
            id="points for a share",
        ),
        pytest.param(
            {"promotion": {"confidence": 1}},
            "confidence is a probability: write 0.95 for 95 %; from 0.5 to 0.995",
            id="certainty",
        ),
        pytest.param(
            {"promotion": {"minClassRecall": -0.1}},
            "spec.promotion.minClassRecall in body should be greater than or equal to 0",
            id="less than no recall",
        ),
        pytest.param(
            {"promotion": {"onUndecided": "Promote"}},
            'spec.promotion.onUndecided: Unsupported value: "Promote": supported values: '
            '"PromoteIfNotWorse", "Hold"',
            id="promotion without evidence",
        ),
        pytest.param(
            {"training": {"augmentation": {"strength": "medium"}}},
            'spec.training.augmentation.strength: Unsupported value: "medium": supported values: '
            '"none", "light", "strong"',
            id="a strength that there is not",
        ),
        pytest.param(
            {"training": {"augmentation": {"flip": True}}},
            'unknown field "spec.training.augmentation.flip"',
            id="an augmentation that there is not",
        ),
        pytest.param(
            {"serving": {"precision": "int4"}},
            'spec.serving.precision: Unsupported value: "int4": supported values: "auto", "fp32", '
            '"bf16", "int8"',
            id="a precision that there is not",
        ),
        pytest.param(
            {"serving": {"queueLimit": 0}},
            "spec.serving.queueLimit in body should be greater than or equal to 1",
            id="a queue for nobody",
        ),
        pytest.param(
            {"serving": {"requestTimeoutSeconds": 3600}},
            "spec.serving.requestTimeoutSeconds in body should be less than or equal to 600",
            id="an hour for a request",
        ),
        pytest.param(
            {"serving": {"logging": {"predictions": False, "images": True}}},
            "spec.serving.logging.images needs predictions, because an image is found by its "
            "prediction: write predictions: true, or leave images out",
            id="images without predictions",
        ),
        pytest.param(
            {"serving": {"logging": {"storageUri": "predictions/garden"}}},
            'spec.serving.logging.storageUri: Invalid value: "predictions/garden": write '
            "s3://BUCKET or s3://BUCKET/FOLDER, for example s3://predictions/garden",
            id="a log at a path",
        ),
        pytest.param(
            {
                "storage": {"endpoint": "https://s3.example.com", **SECRET},
                "serving": {"logging": {"images": True}},
            },
            "spec.serving.logging.images needs spec.serving.logging.storageUri where "
            "spec.storage.endpoint is set, because the installation's log is not at that endpoint: "
            "write s3://BUCKET/FOLDER, or leave images out",
            id="images at an endpoint of one's own without a place",
        ),
        pytest.param(
            {"serving": {"auth": "Basic"}},
            'spec.serving.auth: Unsupported value: "Basic": supported values: "None", '
            '"ClusterTokens"',
            id="passwords",
        ),
        pytest.param(
            {"serving": {"replicas": -1}}, "should be a non-negative integer", id="minus one pod"
        ),
    ],
)
def test_a_wrong_specification(api: ApiServer, spec: dict[str, Any], said: str) -> None:
    assert said in refusal(api, model_deployment("wrong", **spec))


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
