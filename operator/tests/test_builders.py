"""The objects that the operator makes, by the properties that users and clusters rely on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.resource import NamespacedName, Resource
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan import StartEvaluation, StartTraining
from dandelion_operator.ports.s3.credentials import Credentials

RUN = StartTraining("run1", "hash1", "Created", "images-1", "none")
PLAIN = given.resource()


def job(resource: Resource = PLAIN, run: StartTraining = RUN) -> dict[str, Any]:
    return builders.job(resource, run, given.place(resource), given.DEFAULTS)


EVALUATE = StartEvaluation(
    "0123456789",
    f"sha256:{'d' * 64}",
    challenger=given.version(4).target,
    champion=given.version(3).target,
    run="run4",
    gate="gate1",
)


def evaluation(resource: Resource = PLAIN) -> dict[str, Any]:
    return builders.evaluation_job(resource, EVALUATE, given.place(resource), given.DEFAULTS)


def deployment(resource: Resource = PLAIN) -> dict[str, Any]:
    target = given.version(3).target
    return builders.deployment(resource, target, given.place(resource), given.DEFAULTS)


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def environment(workload: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in pod(workload)["containers"][0]["env"]}


EACH = pytest.mark.parametrize(
    "workload",
    [job(), evaluation(), deployment()],
    ids=["training", "evaluation", "inference"],
)
BATCH = pytest.mark.parametrize(
    ("built", "container"),
    [(job, "training"), (evaluation, "evaluation")],
    ids=["job", "evaluation"],
)


@EACH
def test_pods_pass_pod_security_restricted(workload: dict[str, Any]) -> None:
    spec = pod(workload)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
    kinds = {key for volume in spec["volumes"] for key in volume if key != "name"}
    assert kinds == {"emptyDir", "secret"}


@EACH
def test_pods_hold_no_token_and_no_stray_environment(workload: dict[str, Any]) -> None:
    assert pod(workload)["automountServiceAccountToken"] is False
    assert pod(workload)["enableServiceLinks"] is False


@EACH
def test_pods_ask_for_resources_and_are_bounded_in_memory(workload: dict[str, Any]) -> None:
    resources = pod(workload)["containers"][0]["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert "memory" in resources["limits"]


@EACH
def test_keys_are_files_and_never_in_the_environment(workload: dict[str, Any]) -> None:
    assert not any("AWS" in name for name in environment(workload))
    for secret in (item["secret"] for item in pod(workload)["volumes"] if "secret" in item):
        assert [item["key"] for item in secret["items"]] == [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        ]


def test_training_and_inference_have_keys_of_their_own() -> None:
    names = [
        volume["secret"]["secretName"]
        for workload in (job(), deployment())
        for volume in pod(workload)["volumes"]
        if "secret" in volume
    ]
    assert names == ["lawn-training-s3", "lawn-inference-s3", "lawn-log-s3"]


def test_a_users_own_keys_are_mounted_instead() -> None:
    mine = given.resource(
        storage={
            "endpoint": "https://s3.example.com/",
            "secretRef": {"name": "mine"},
            "servingSecretRef": {"name": "read-only"},
        }
    )
    assert pod(job(mine))["volumes"][0]["secret"]["secretName"] == "mine"
    assert pod(deployment(mine))["volumes"][0]["secret"]["secretName"] == "read-only"
    assert environment(job(mine))["DANDELION_S3_ENDPOINT"] == "https://s3.example.com"


@BATCH
def test_bad_data_fails_the_job_at_once_and_an_eviction_does_not_count(
    built: Callable[[], dict[str, Any]], container: str
) -> None:
    rules = built()["spec"]["podFailurePolicy"]["rules"]
    assert rules[0]["action"] == "FailJob"
    assert rules[0]["onExitCodes"]["containerName"] == container
    assert pod(built())["containers"][0]["name"] == container
    assert rules[0]["onExitCodes"]["values"] == [64]
    assert rules[1] == {
        "action": "Ignore",
        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
    }


def test_training_is_told_everything_it_needs() -> None:
    told = environment(job())
    assert told["DANDELION_ARTIFACT_URI"] == "s3://models/default/lawn/run1/artifact"
    assert told["DANDELION_STATUS_URI"] == "s3://models/default/lawn/run1/status.json"
    assert told["DANDELION_REGISTERED_MODEL"] == "default.lawn"
    assert told["DANDELION_ARCHITECTURE"] == "resnet34"
    assert told["DANDELION_SCHEDULE"] == "OneCycle"
    assert told["DANDELION_IMAGE"] == "training:1"
    assert told["MLFLOW_TRACKING_URI"] == "http://mlflow"


LEARNING = ("AUGMENTATION", "MIRROR", "BALANCE_CLASSES")
DATA = ("DATASET_VERSION", "ON_SMALL_CLASS", "KEEP", "FORMER_DATASET")
EVALUATION = ("EVALUATIONS_URI", "CHAMPION_URI", "CHAMPION_DIGEST")


def of_training(names: tuple[str, ...], built: dict[str, Any]) -> list[str]:
    return [environment(built)[f"DANDELION_{name}"] for name in names]


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        pytest.param({}, ["light", "false", "true"], id="the defaults"),
        pytest.param(
            {"augmentation": {"strength": "strong", "mirror": True}, "balanceClasses": False},
            ["strong", "true", "false"],
            id="all said otherwise",
        ),
    ],
)
def test_training_is_told_how_images_vary_and_count(
    training: dict[str, Any], expected: list[str]
) -> None:
    assert of_training(LEARNING, job(given.resource(training=training))) == expected


def test_training_is_told_which_dataset_version_and_from_which_it_grows() -> None:
    assert of_training(DATA, job()) == ["", "Refuse", "References", ""]
    version = f"sha256:{'0' * 64}"
    dataset = {
        "storageUri": "s3://datasets/lawn",
        "version": version,
        "onSmallClass": "Drop",
        "keep": "Copies",
    }
    grown = replace(RUN, former_dataset="sha256:former")
    told = of_training(DATA, job(given.resource(dataset=dataset), grown))
    assert told == [version, "Drop", "Copies", "sha256:former"]


def test_training_is_told_which_champion_it_is_compared_with() -> None:
    assert of_training(EVALUATION, job()) == ["s3://models/default/lawn/evaluations", "", ""]
    beside = replace(RUN, champion=given.version(3).target)
    assert of_training(EVALUATION, job(run=beside)) == [
        "s3://models/default/lawn/evaluations",
        "s3://models/default/lawn/run3/artifact",
        "sha256:3",
    ]


def test_an_evaluation_is_told_two_versions_and_one_dataset_version() -> None:
    base = "s3://models/default/lawn/evaluations"
    told = environment(evaluation())
    assert {name.removeprefix("DANDELION_"): told[name] for name in told} == {
        "NAMESPACE": "default",
        "NAME": "lawn",
        "RUN": "run4",
        "DATASET_URI": "s3://datasets/lawn",
        "DATASET_VERSION": f"sha256:{'d' * 64}",
        "DATASET_MANIFESTS_URI": "s3://models/default/lawn/datasets",
        "ARTIFACT_URI": "s3://models/default/lawn/run4/artifact",
        "ARTIFACT_DIGEST": "sha256:4",
        "CHAMPION_URI": "s3://models/default/lawn/run3/artifact",
        "CHAMPION_DIGEST": "sha256:3",
        "EVALUATIONS_URI": base,
        "STATUS_URI": f"{base}/{'d' * 64}/4-3.status.json",
        "WORK_DIR": "/work",
        "S3_ENDPOINT": "http://s3",
        "S3_REGION": "us-east-1",
        "S3_CREDENTIALS_DIR": "/var/run/secrets/dandelion/s3",
        "MLFLOW_TRACKING_URI": "http://mlflow",
        "HOME": "/tmp",
    }
    (container,) = pod(evaluation())["containers"]
    assert container["command"] == ["python", "-m", "dandelion_training", "evaluate"]


def test_an_evaluation_runs_as_training_does_and_is_no_run() -> None:
    wanted = given.resource(
        training={
            "image": "mine:1",
            "resources": {"limits": {"memory": "9Gi"}},
            "nodeSelector": {"gpu": "no"},
        }
    )
    ours, training = evaluation(wanted), job(wanted)
    for part in ("image", "resources", "securityContext", "volumeMounts"):
        assert pod(ours)["containers"][0][part] == pod(training)["containers"][0][part]
    assert pod(ours)["nodeSelector"] == {"gpu": "no"}
    assert pod(ours)["volumes"] == pod(training)["volumes"]
    labels = ours["metadata"]["labels"]
    assert ours["metadata"]["name"] == "lawn-evaluate-0123456789"
    assert labels["dandelion.dev/evaluation"] == "0123456789"
    assert not {naming.RUN_LABEL, naming.TRAINING_HASH_LABEL} & labels.keys()
    assert ours["metadata"]["annotations"] == {"dandelion.dev/gate": "gate1"}
    assert "ttlSecondsAfterFinished" not in ours["spec"], "it is the memory of a failure"


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
            {"DANDELION_REQUEST_TIMEOUT_SECONDS": "5"},
            id="less patience",
        ),
        pytest.param(
            {"auth": "ClusterTokens"}, {"DANDELION_AUTH": "ClusterTokens"}, id="tokens asked for"
        ),
        pytest.param(
            {"logging": {"images": True}}, {"DANDELION_LOG_IMAGES": "true"}, id="images kept"
        ),
        pytest.param(
            {"logging": {"storageUri": "s3://seen/garden/"}},
            {"DANDELION_LOG_URI": "s3://seen/garden"},
            id="a place of its own",
        ),
    ],
)
def test_pods_are_told_what_differs_from_their_defaults(
    serving: dict[str, Any], expected: dict[str, str]
) -> None:
    assert told(**serving) == expected


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
            {"serving": PLACE}, "s3://seen", "lawn-log-s3", id="another place, the same key"
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
        item["secret"]["secretName"] for item in pod(built)["volumes"] if item["name"] == "log"
    ] or [None]
    assert (environment(built).get("DANDELION_LOG_URI"), mounted) == (uri, secret)
    if uri is None:
        assert not LOG & environment(built).keys()


def test_a_log_without_its_key_keeps_no_pod_from_starting() -> None:
    volumes = {item["name"]: item for item in pod(deployment())["volumes"]}
    assert volumes["log"]["secret"]["optional"] is True
    assert "optional" not in volumes["s3"]["secret"]


def test_pods_that_ask_who_calls_have_an_account_and_its_token() -> None:
    asking = given.resource(serving={"auth": "ClusterTokens"})
    spec = pod(deployment(asking))
    account = builders.service_account(asking)
    assert spec["serviceAccountName"] == account["metadata"]["name"] == "lawn-inference"
    assert spec["automountServiceAccountToken"] is True
    assert account["automountServiceAccountToken"] is False
    assert account["metadata"]["ownerReferences"][0]["uid"] == asking.uid
    assert pod(job(asking))["automountServiceAccountToken"] is False


def test_no_old_replica_goes_before_a_new_one_answers() -> None:
    strategy = deployment()["spec"]["strategy"]
    assert strategy["rollingUpdate"]["maxUnavailable"] == 0


def test_placement_and_resources_are_passed_on() -> None:
    wanted = given.resource(
        training={
            "resources": {"requests": {"cpu": 2}},
            "nodeSelector": {"gpu": "no"},
            "tolerations": [{"key": "batch", "operator": "Exists", "tolerationSeconds": 5}],
        }
    )
    spec = pod(job(wanted))
    assert spec["containers"][0]["resources"] == {"requests": {"cpu": 2}}
    assert spec["nodeSelector"] == {"gpu": "no"}
    assert spec["tolerations"] == [{"key": "batch", "operator": "Exists", "tolerationSeconds": 5}]
    assert "ttlSecondsAfterFinished" not in job()["spec"]


def test_names_of_the_longest_resource_fit() -> None:
    longest = Resource(
        NamespacedName("default", "a" * 42), PLAIN.uid, PLAIN.generation, "", PLAIN.spec
    )
    assert len(naming.job(longest.key, "0123456789")) <= 63
    assert len(naming.evaluation_job(longest.key, "0123456789")) <= 63
    assert len(naming.inference(longest.key)) <= 63


def test_a_copied_secret_holds_the_keys_and_its_owner() -> None:
    secret = builders.credentials_secret(PLAIN, naming.INFERENCE, Credentials("a", "b"))
    assert secret["metadata"]["name"] == "lawn-inference-s3"
    assert secret["data"] == {"AWS_ACCESS_KEY_ID": "YQ==", "AWS_SECRET_ACCESS_KEY": "Yg=="}
    assert secret["metadata"]["ownerReferences"][0]["uid"] == PLAIN.uid
