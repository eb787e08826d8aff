"""The Deployment that serves: what its pods are told, where they log, and as whom they ask."""

from __future__ import annotations

import json
from typing import Any

import given
import pytest
from given.workloads import deployment, environment, job, pod


def test_inference_is_told_one_exact_version_and_nothing_of_mlflow() -> None:
    told = environment(deployment())
    assert told["DANDELION_MODEL_VERSION"] == "3"
    assert told["DANDELION_CONTRACT_DIGEST"] == "sha256:3"
    assert "mlflow" not in json.dumps(deployment()).lower()


def told(**serving: Any) -> dict[str, str]:
    """What pods are told beyond a resource that says nothing of serving."""
    usual = environment(deployment())
    found = environment(deployment(given.resource(serving=serving)))
    return {name: value for name, value in found.items() if usual.get(name) != value}


@pytest.mark.parametrize(
    ("serving", "expected"),
    [
        pytest.param({}, {}, id="nothing said"),
        pytest.param(
            {"precision": "auto", "queueLimit": 64, "requestTimeoutSeconds": 30, "auth": "None"},
            {},
            id="the defaults said",
        ),
        pytest.param({"precision": "int8"}, {"DANDELION_PRECISION": "int8"}, id="a precision"),
        pytest.param({"queueLimit": 8}, {"DANDELION_QUEUE_LIMIT": "8"}, id="a shorter queue"),
        pytest.param(
            {"requestTimeoutSeconds": 5},
            {"DANDELION_REQUEST_TIMEOUT_SECONDS": "5", "DANDELION_GRACE_SECONDS": "81"},
            id="less patience",
        ),
        pytest.param(
            {"auth": "ClusterTokens"},
            {
                "DANDELION_AUTH": "ClusterTokens",
                "DANDELION_TOKEN_REVIEWER_URL": "http://reviewer",
            },
            id="tokens asked for",
        ),
        pytest.param(
            {"corsAllowedOrigins": ["https://app.example.org", "http://localhost:3000"]},
            {"DANDELION_CORS_ALLOWED_ORIGINS": "https://app.example.org,http://localhost:3000"},
            id="pages elsewhere",
        ),
        pytest.param(
            {"accessLog": {"sampleRatio": 0.5}},
            {"DANDELION_ACCESS_LOG_SAMPLE_RATIO": "0.5"},
            id="more of the access log",
        ),
        pytest.param(
            {"logging": {"images": True}}, {"DANDELION_LOG_IMAGES": "true"}, id="images kept"
        ),
    ],
)
def test_pods_are_told_what_differs_from_their_defaults(
    serving: dict[str, Any], expected: dict[str, str]
) -> None:
    assert told(**serving) == expected


@pytest.mark.parametrize(
    ("feedback", "share"),
    [
        pytest.param({}, None, id="nobody asks"),
        pytest.param({"mode": "Disabled", "reviewShare": 0.5}, None, id="not now"),
        pytest.param({"mode": "Review"}, "0.01", id="one answer in a hundred"),
        pytest.param({"mode": "Review", "reviewShare": 1}, "1.0", id="every answer"),
        pytest.param({"mode": "Review", "reviewShare": 0}, "0.0", id="corrections alone"),
        pytest.param({"mode": "Auto"}, "0.01", id="beside what callers agree on"),
    ],
)
def test_pods_are_told_how_many_answers_to_mark_for_review(
    feedback: dict[str, Any], share: str | None
) -> None:
    serving = {"logging": {"images": True}, "auth": "ClusterTokens"}
    wanted = given.resource(serving=serving, feedback=feedback)
    assert environment(deployment(wanted)).get("DANDELION_REVIEW_SHARE") == share


LOG = {"DANDELION_LOG_URI", "DANDELION_LOG_CREDENTIALS_DIR", "DANDELION_LOG_IMAGES"}
OWN = {
    "endpoint": "https://s3.example.com",
    "secretRef": {"name": "mine"},
    "servingSecretRef": {"name": "serving"},
}
PLACE = {"logging": {"storageUri": "s3://seen"}}


@pytest.mark.parametrize(
    ("sections", "uri", "secret"),
    [
        pytest.param({}, "s3://predictions", "lawn-log-s3", id="the installation's place and key"),
        pytest.param(
            {"serving": PLACE},
            "s3://predictions",
            "lawn-log-s3",
            id="a place of its own without a key for it",
        ),
        pytest.param(
            {"serving": {"logging": {"storageUri": "s3://predictions/park/roses"}}},
            "s3://predictions",
            "lawn-log-s3",
            id="a place within the installation's, which may be another namespace's",
        ),
        pytest.param(
            {"serving": {"logging": {"storageUri": "s3://predictions/"}}},
            "s3://predictions",
            "lawn-log-s3",
            id="the installation's place by its name",
        ),
        pytest.param(
            {"storage": {"secretRef": {"name": "mine"}}},
            "s3://predictions",
            "lawn-log-s3",
            id="own keys, and yet the installation's log",
        ),
        pytest.param(
            {"storage": {"secretRef": {"name": "mine"}}, "serving": PLACE},
            "s3://seen",
            "mine",
            id="own keys and an own place",
        ),
        pytest.param(
            {
                "storage": {"secretRef": {"name": "mine"}},
                "serving": {"logging": {"storageUri": "s3://seen/garden/"}},
            },
            "s3://seen/garden",
            "mine",
            id="a folder",
        ),
        pytest.param(
            {"storage": OWN, "serving": PLACE},
            "s3://seen",
            "serving",
            id="an own endpoint and place",
        ),
        pytest.param({"storage": OWN}, None, None, id="an own endpoint without a place"),
        pytest.param({"serving": {"logging": {"predictions": False}}}, None, None, id="turned off"),
    ],
)
def test_where_predictions_are_logged_and_with_which_key(
    sections: dict[str, Any], uri: str | None, secret: str | None
) -> None:
    built = deployment(given.resource(**sections))
    (mounted,) = [
        item["projected"]["sources"][0]["secret"]["name"]
        for item in pod(built)["volumes"]
        if item["name"] == "log"
    ] or [None]
    assert (environment(built).get("DANDELION_LOG_URI"), mounted) == (uri, secret)
    if uri is None:
        assert not LOG & environment(built).keys()


def test_a_log_without_its_key_keeps_no_pod_from_starting() -> None:
    volumes = {item["name"]: item for item in pod(deployment())["volumes"]}
    (log,) = volumes["log"]["projected"]["sources"]
    assert log["secret"]["optional"] is True


def test_pods_that_ask_who_calls_have_no_account_and_no_token_of_their_own() -> None:
    asking = given.resource(serving={"auth": "ClusterTokens"})
    assert pod(deployment(asking))["serviceAccountName"] == "default"
    assert pod(deployment(asking))["automountServiceAccountToken"] is False
    assert pod(job(asking))["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        pytest.param(1, 77, id="the shortest requests"),
        pytest.param(30, 106, id="usual ones"),
        pytest.param(600, 676, id="the longest"),
    ],
)
def test_a_pod_has_the_time_to_finish_its_longest_request_and_is_told(
    timeout: int, seconds: int
) -> None:
    """Draining, an upload, its answer, the log, and some to spare."""
    built = deployment(given.resource(serving={"requestTimeoutSeconds": timeout}))
    assert pod(built)["terminationGracePeriodSeconds"] == seconds
    assert environment(built)["DANDELION_GRACE_SECONDS"] == str(seconds)


def test_probes_are_asked_on_the_port_that_is_not_for_callers() -> None:
    (container,) = pod(deployment())["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"http": 8080, "metrics": 8081}
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["port"] == "metrics"
    annotations = deployment()["spec"]["template"]["metadata"]["annotations"]
    assert annotations["dandelion.dev/metrics-port"] == str(ports["metrics"])


def test_no_old_replica_goes_before_a_new_one_answers() -> None:
    strategy = deployment()["spec"]["strategy"]
    assert strategy["rollingUpdate"]["maxUnavailable"] == 0
