"""Jobs that train and that evaluate: what they are told, and when they fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api import naming
from given.workloads import RUN, environment, evaluation, job, pod

BATCH = pytest.mark.parametrize(
    ("built", "container"),
    [(job, "training"), (evaluation, "evaluation")],
    ids=["job", "evaluation"],
)


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


def test_training_is_told_where_decisions_lie_while_answers_are_reviewed() -> None:
    reviewed = {
        "serving": {"logging": {"images": True, "storageUri": "s3://seen/garden/"}},
        "storage": {"secretRef": {"name": "mine"}, "bucket": "ours"},
        "feedback": {"mode": "Review"},
    }
    told = environment(job(given.resource(**reviewed)))
    assert told["DANDELION_LOG_URI"] == "s3://seen/garden"
    assert told["DANDELION_DECISIONS_URI"] == "s3://ours"
    for unsaid in ({}, {"feedback": {"reviewShare": 0.5}}):
        assert not {"DANDELION_LOG_URI", "DANDELION_DECISIONS_URI"} & set(
            environment(job(given.resource(**unsaid)))
        )


def test_training_is_told_how_many_callers_have_to_agree_where_nobody_reviews() -> None:
    serving = {"logging": {"images": True}, "auth": "ClusterTokens"}
    auto = given.resource(serving=serving, feedback={"mode": "Auto", "minAgreement": 5})
    told = environment(job(auto))
    assert told["DANDELION_LOG_URI"] == "s3://predictions"
    assert told["DANDELION_MIN_AGREEMENT"] == "5"
    assert told["DANDELION_MODEL_UID"] == auto.uid
    assert (
        environment(job(given.resource(serving=serving, feedback={"mode": "Auto"})))[
            "DANDELION_MIN_AGREEMENT"
        ]
        == "3"
    )
    review = given.resource(serving=serving, feedback={"mode": "Review", "minAgreement": 5})
    assert "DANDELION_MIN_AGREEMENT" not in environment(job(review))


def with_urls(**urls: Any) -> dict[str, Any]:
    return job(given.resource(dataset={"storageUri": "s3://datasets/lawn", "urls": urls}))


def test_training_is_told_where_the_table_of_addresses_lies() -> None:
    built = with_urls(
        storageUri="s3://lists/lawn.csv", allowedHosts=["a.internal", "b.internal:80"]
    )
    told = environment(built)
    assert told["DANDELION_URLS_URI"] == "s3://lists/lawn.csv"
    assert told["DANDELION_URLS_ALLOWED_HOSTS"] == "a.internal,b.internal:80"
    assert "DANDELION_URLS_FILE" not in told
    assert pod(built)["volumes"] == pod(job())["volumes"]


def test_a_table_in_a_config_map_is_mounted_and_a_missing_one_lets_the_pod_start() -> None:
    built = with_urls(configMapRef={"name": "list", "key": "lawn.jsonl"})
    assert environment(built)["DANDELION_URLS_FILE"] == "/etc/dandelion/urls/lawn.jsonl"
    volume = pod(built)["volumes"][-1]
    assert volume["configMap"] == {
        "name": "list",
        "items": [{"key": "lawn.jsonl", "path": "lawn.jsonl"}],
        "optional": True,
    }
    mount = pod(built)["containers"][0]["volumeMounts"][-1]
    assert mount == {"name": volume["name"], "mountPath": "/etc/dandelion/urls", "readOnly": True}


def test_without_addresses_nothing_is_said_of_them() -> None:
    assert not [name for name in environment(job()) if "URLS" in name]


LEARNING = ("AUGMENTATION", "MIRROR", "BALANCE_CLASSES")
DATA = ("DATASET_VERSION", "ON_SMALL_CLASS", "KEEP", "FORMER_DATASET")
EVALUATION = ("EVALUATIONS_URI", "CHAMPION_URI", "CHAMPION_DIGEST", "CHAMPION_VERSION")


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
    assert of_training(EVALUATION, job()) == ["s3://models/default/lawn/evaluations", "", "", ""]
    beside = replace(RUN, champion=given.version(3).target)
    assert of_training(EVALUATION, job(run=beside)) == [
        "s3://models/default/lawn/evaluations",
        "s3://models/default/lawn/run3/artifact",
        "sha256:3",
        "3",
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
        "ARTIFACT_VERSION": "4",
        "CHAMPION_URI": "s3://models/default/lawn/run3/artifact",
        "CHAMPION_DIGEST": "sha256:3",
        "CHAMPION_VERSION": "3",
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
            "ttlSecondsAfterFinished": 60,
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
    assert naming.TRAINING_HASH_LABEL not in labels
    assert ours["metadata"]["annotations"] == {
        "dandelion.dev/gate": "gate1",
        "dandelion.dev/session-token": "true",
    }
    assert "ttlSecondsAfterFinished" not in ours["spec"], "it is the memory of a failure"


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


def test_no_job_expires_before_its_end_is_recorded() -> None:
    assert (
        "ttlSecondsAfterFinished"
        not in job(given.resource(training={"ttlSecondsAfterFinished": 60}))["spec"]
    )
