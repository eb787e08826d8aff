"""What a person reads when serving is specified wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.server import ApiServer
from tests.api.specs.refusal import SECRET, refusal
from tests.api.test_crd import model_deployment

AN_ORIGIN = (
    "write scheme, host and, where it is not the usual one, port, in small letters and without a "
    "path, for example https://app.example.org"
)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param(
            {"serving": {"resources": {"limits": {"cpu": "two"}}}},
            "spec.serving.resources.limits: write a quantity, for example 2, 0.5, 500m or 4Gi",
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
            {"serving": {"tolerations": [{"key": "spot", "tolerationSeconds": 60}]}},
            "tolerationSeconds needs effect: NoExecute",
            id="seconds without an effect",
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
            {"serving": {"accessLog": {"sampleRatio": 2}}},
            "spec.serving.accessLog.sampleRatio in body should be less than or equal to 1",
            id="more than every answer in the log",
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
            {"feedback": {"mode": "Review"}},
            "spec.feedback.mode Review or Auto needs the images of the answers: write "
            "spec.serving.logging.images: true, or leave mode out",
            id="reviews of images that are not kept",
        ),
        pytest.param(
            {"feedback": {"mode": "Auto"}, "serving": {"auth": "ClusterTokens"}},
            "spec.feedback.mode Review or Auto needs the images of the answers: write "
            "spec.serving.logging.images: true, or leave mode out",
            id="agreement about images that are not kept",
        ),
        pytest.param(
            {"feedback": {"mode": "Auto"}, "serving": {"logging": {"images": True}}},
            "spec.feedback.mode Auto counts the callers who agree, and with spec.serving.auth None "
            "nobody knows who calls: write spec.serving.auth: ClusterTokens, or mode: Review",
            id="agreement of callers whom nobody knows",
        ),
        pytest.param(
            {
                "feedback": {"mode": "Auto", "minAgreement": 1},
                "serving": {"logging": {"images": True}, "auth": "ClusterTokens"},
            },
            "spec.feedback.minAgreement: Invalid value: 1: spec.feedback.minAgreement in body "
            "should be greater than or equal to 2",
            id="a caller who agrees with nobody",
        ),
        pytest.param(
            {"feedback": {"mode": "All"}},
            'spec.feedback.mode: Unsupported value: "All": supported values: "Disabled", "Review", '
            '"Auto"',
            id="feedback that nobody reviews",
        ),
        pytest.param(
            {"serving": {"auth": "Basic"}},
            'spec.serving.auth: Unsupported value: "Basic": supported values: "None", '
            '"ClusterTokens"',
            id="passwords",
        ),
        pytest.param(
            {"serving": {"corsAllowedOrigins": ["app.example.org"]}},
            AN_ORIGIN,
            id="a host for an origin",
        ),
        pytest.param(
            {"serving": {"corsAllowedOrigins": ["https://app.example.org/"]}},
            AN_ORIGIN,
            id="an origin with a path",
        ),
        pytest.param(
            {"serving": {"corsAllowedOrigins": ["https://App.example.org"]}},
            AN_ORIGIN,
            id="an origin in capitals",
        ),
        pytest.param(
            {"serving": {"corsAllowedOrigins": ["https://*.example.org"]}},
            AN_ORIGIN,
            id="a wildcard within an origin",
        ),
        pytest.param(
            {"serving": {"corsAllowedOrigins": ["null"]}},
            AN_ORIGIN,
            id="pages of no origin",
        ),
        pytest.param(
            {"serving": {"corsAllowedOrigins": ["https://app.example.org:443"]}},
            "leave the port out, as browsers do with the usual one of a scheme",
            id="an origin with its usual port",
        ),
        pytest.param(
            {"serving": {"corsAllowedOrigins": ["*", "https://app.example.org"]}},
            "'*' stands for every origin: write it alone, or name the origins",
            id="every origin and one more",
        ),
        pytest.param(
            {"serving": {"corsAllowedOrigins": ["*"], "auth": "ClusterTokens"}},
            "corsAllowedOrigins cannot be '*' with auth: ClusterTokens: name the origins whose "
            "pages may send a token",
            id="every origin with tokens",
        ),
        pytest.param(
            {"serving": {"replicas": -1}}, "should be a non-negative integer", id="minus one pod"
        ),
    ],
)
def test_a_wrong_specification(api: ApiServer, spec: dict[str, Any], said: str) -> None:
    assert said in refusal(api, model_deployment("wrong", **spec))
