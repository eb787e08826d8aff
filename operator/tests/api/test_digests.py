"""Digests must not change by themselves: an upgrade would train or restart what nobody changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.access.endpoints import Endpoints
from dandelion_operator.api.location import location

RICH = given.resource(
    retrain="2026-01",
    training={
        "architecture": "resnet18",
        "initialWeights": "none",
        "epochs": 3,
        "image": "mine:1",
    },
    promotion={"mode": "Manual", "minimum": 0.9},
    serving={
        "replicas": 5,
        "resources": {"limits": {"memory": "2Gi"}},
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "a", "operator": "Exists"}],
    },
)


def of(resource: Any) -> tuple[str, str, str]:
    target = given.version(3).target
    serving = digests.serving(resource, target, given.place(resource))
    return digests.training_hash(resource), digests.gate(resource), serving


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        pytest.param(
            given.resource(),
            ("7415fb9c8e", "44136fa355", "c1053f92f131a3eb"),
            id="the smallest resource",
        ),
        pytest.param(
            # The API server writes defaults into what it stores: this is one from before `auto`.
            given.resource(training={"initialWeights": "none"}),
            ("cc2fa5811c", "44136fa355", "c1053f92f131a3eb"),
            id="the smallest resource from before there was another default",
        ),
        pytest.param(
            RICH, ("e655a4a27b", "6a08288701", "3c2ed001783fa10d"), id="a resource with much said"
        ),
    ],
)
def test_an_upgrade_of_the_operator_changes_no_digest(
    resource: Any, expected: tuple[str, str, str]
) -> None:
    assert of(resource) == expected


@pytest.mark.parametrize(
    "sections",
    [
        {"serving": {"replicas": 9}},
        {"rollout": {"progressDeadlineSeconds": 60}},
        {"promotion": {"minimum": 0.1}},
        {"training": {"epochs": 99}},
        {"suspend": True},
        {"feedback": {}},
        {"feedback": {"mode": "Disabled", "reviewShare": 0.5}},
        {"triggers": {"schedule": "@daily", "maxRunsPerWeek": 3}},
    ],
    ids=str,
)
def test_what_is_not_about_serving_pods_restarts_none(sections: dict[str, Any]) -> None:
    assert of(given.resource(**sections))[2] == of(given.resource())[2]


@pytest.mark.parametrize(
    "section",
    [
        {},
        {"precision": "auto", "queueLimit": 64, "requestTimeoutSeconds": 30, "auth": "None"},
        {"corsAllowedOrigins": []},
        {"logging": {}},
        {"accessLog": {}},
        {"accessLog": {"sampleRatio": 0.01}},
        {"logging": {"predictions": True, "images": False}},
    ],
    ids=str,
)
def test_saying_what_is_the_default_restarts_no_pod(section: dict[str, Any]) -> None:
    assert of(given.resource(serving=section))[2] == of(given.resource())[2]


@pytest.mark.parametrize(
    "section",
    [
        {"precision": "fp32"},
        {"queueLimit": 8},
        {"requestTimeoutSeconds": 5},
        {"logging": {"predictions": False}},
        {"logging": {"images": True}},
        {"logging": {"storageUri": "s3://seen"}},
        {"accessLog": {"sampleRatio": 1}},
        {"auth": "ClusterTokens"},
        {"corsAllowedOrigins": ["https://app.example.org"]},
    ],
    ids=str,
)
def test_what_pods_are_told_differently_reaches_them(section: dict[str, Any]) -> None:
    changed = of(given.resource(serving=section))
    assert changed[2] != of(given.resource())[2]
    assert changed[:2] == of(given.resource())[:2]


@pytest.mark.parametrize("share", [0, 0.01, 1])
def test_who_asks_for_reviews_rolls_pods_out_once_and_for_another_share_again(share: float) -> None:
    serving = {"logging": {"images": True}}
    review = given.resource(serving=serving, feedback={"mode": "Review", "reviewShare": share})
    other = given.resource(serving=serving, feedback={"mode": "Review", "reviewShare": 0.3})
    assert len({of(one)[2] for one in (review, other, given.resource(serving=serving))}) == 3
    assert of(review)[:2] == of(given.resource())[:2]


def test_whether_callers_who_agree_need_no_reviewer_restarts_no_pod_and_no_run() -> None:
    serving = {"logging": {"images": True}, "auth": "ClusterTokens"}
    review, auto, three = (
        of(given.resource(serving=serving, feedback=feedback))
        for feedback in ({"mode": "Review"}, {"mode": "Auto"}, {"mode": "Auto", "minAgreement": 2})
    )
    assert review == auto == three


def test_a_log_that_the_installation_sets_up_later_restarts_no_pod() -> None:
    wanted, target = given.resource(), given.version(3).target
    without = location(wanted, replace(given.DEFAULTS, log_uri=""))
    assert digests.serving(wanted, target, without) == of(wanted)[2]


def of_endpoint(endpoints: Endpoints, **storage: Any) -> str:
    wanted = given.resource(storage=storage)
    defaults = replace(given.DEFAULTS, endpoints=endpoints)
    return digests.serving(wanted, given.version(3).target, location(wanted, defaults))


def test_what_is_closed_restarts_no_pod() -> None:
    told = Endpoints(api_server="10.96.0.1", cluster=("10.244.0.0/16",))
    mine = {"endpoint": "http://minio", "secretRef": {"name": "mine"}}
    assert of_endpoint(told) == of_endpoint(Endpoints())
    assert of_endpoint(told, **mine) == of_endpoint(Endpoints(), **mine)


def test_what_is_allowed_reaches_pods_with_an_endpoint_of_their_own_alone() -> None:
    told = Endpoints(allowed=("minio", "10.0.0.0/8"))
    mine = {"endpoint": "http://minio", "secretRef": {"name": "mine"}}
    assert of_endpoint(told) == of_endpoint(Endpoints())
    assert of_endpoint(told, **mine) != of_endpoint(Endpoints(), **mine)


@pytest.mark.parametrize(
    "sections",
    [
        {"dataset": {"storageUri": "s3://datasets/lawn", "keep": "References"}},
        {"dataset": {"storageUri": "s3://datasets/lawn", "keep": "Copies"}},
        {"dataset": {"storageUri": "s3://datasets/lawn", "onSmallClass": "Refuse"}},
        {"training": {"augmentation": {}}},
        {"training": {"augmentation": {"strength": "light", "mirror": False}}},
        {"training": {"initialWeights": "auto", "balanceClasses": True}},
        {"training": {"search": None, "crossValidation": None}},
        {"promotion": {"margin": 0.02, "confidence": 0.95, "onUndecided": "PromoteIfNotWorse"}},
    ],
    ids=str,
)
def test_what_makes_no_other_model_changes_no_digest(sections: dict[str, Any]) -> None:
    assert of(given.resource(**sections)) == of(given.resource())


@pytest.mark.parametrize(
    "promotion",
    [
        {"margin": 0.01},
        {"confidence": 0.9},
        {"minClassRecall": 0.0},
        {"onUndecided": "Hold"},
    ],
    ids=str,
)
def test_another_gate_judges_anew_and_trains_nothing(promotion: dict[str, Any]) -> None:
    changed, usual = of(given.resource(promotion=promotion)), of(given.resource())
    assert changed[1] != usual[1]
    assert (changed[0], changed[2]) == (usual[0], usual[2])


@pytest.mark.parametrize(
    "section",
    [
        {"resources": {"limits": {"memory": "9Gi"}}},
        {"nodeSelector": {"gpu": "yes"}},
        {"tolerations": [{"operator": "Exists"}]},
        {"activeDeadlineSeconds": 5},
        {"backoffLimit": 0},
        {"ttlSecondsAfterFinished": 5},
    ],
    ids=str,
)
def test_what_is_not_about_the_model_trains_none(section: dict[str, Any]) -> None:
    assert of(given.resource(training=section))[0] == of(given.resource())[0]


@pytest.mark.parametrize(
    "sections",
    [
        {"dataset": {"storageUri": "s3://datasets/park"}},
        {"dataset": {"storageUri": "s3://datasets/lawn", "holdoutFraction": 0.3}},
        {
            "dataset": {
                "storageUri": "s3://datasets/lawn",
                "urls": {"storageUri": "s3://datasets/urls.csv"},
            }
        },
        {
            "dataset": {
                "storageUri": "s3://datasets/lawn",
                "urls": {"configMapRef": {"name": "addresses"}},
            }
        },
        {"dataset": {"storageUri": "s3://datasets/lawn", "version": f"sha256:{'0' * 64}"}},
        {"dataset": {"storageUri": "s3://datasets/lawn", "onSmallClass": "Drop"}},
        {"training": {"architecture": "resnet50"}},
        {"training": {"initialWeights": "champion"}},
        {"training": {"initialWeights": "none"}},
        {"training": {"augmentation": {"strength": "none"}}},
        {"training": {"augmentation": {"mirror": True}}},
        {"training": {"balanceClasses": False}},
        {"training": {"epochs": 11}},
        {"training": {"batchSize": 16}},
        {"training": {"imageSize": 64}},
        {"training": {"learningRate": 0.01}},
        {"training": {"schedule": "Cosine"}},
        {"training": {"seed": 1}},
        {"training": {"image": "mine:1"}},
    ],
    ids=str,
)
def test_what_is_about_the_model_trains_anew(sections: dict[str, Any]) -> None:
    assert of(given.resource(**sections))[0] != of(given.resource())[0]


def test_what_starts_a_run_is_no_part_of_what_it_makes() -> None:
    triggers = {"schedule": "0 3 * * 0", "timeZone": "Europe/Paris", "cooldownSeconds": 60}
    scheduled = given.resource(triggers=triggers | {"maxRunsPerWeek": 3})
    assert of(scheduled) == of(given.resource())
    assert digests.execution(scheduled) == digests.execution(given.resource())


RANGE = {"learningRate": {"min": 0.0001, "max": 0.01}}
SEARCH: dict[str, Any] = {"parameters": RANGE, "maxTrials": 20, "pruning": "SuccessiveHalving"}
SEARCHED = given.resource(training={"search": SEARCH})


@pytest.mark.parametrize(
    "sections",
    [
        {"training": {}},
        {"training": {"search": SEARCH | {"parameters": {"epochs": {"values": [5, 10]}}}}},
        {"training": {"search": SEARCH | {"maxTrials": 21}}},
        {"training": {"search": SEARCH | {"pruning": "None"}}},
        {"training": {"search": SEARCH | {"pruning": "Median"}}},
        {"training": {"search": SEARCH, "crossValidation": {"folds": 5}}},
        {"training": {"search": SEARCH}, "promotion": {"metric": "macroF1"}},
    ],
    ids=str,
)
def test_what_a_search_depends_on_searches_anew(sections: dict[str, Any]) -> None:
    assert of(given.resource(**sections))[0] != of(SEARCHED)[0]


@pytest.mark.parametrize(
    "sections",
    [
        {"training": {"search": {"parameters": RANGE}}},
        {"training": {"search": SEARCH | {"parallelTrials": 4}}},
        {"training": {"search": SEARCH}, "promotion": {"minimum": 0.9}},
    ],
    ids=str,
)
def test_how_many_trials_there_are_at_a_time_searches_nothing_anew(
    sections: dict[str, Any],
) -> None:
    assert of(given.resource(**sections))[0] == of(SEARCHED)[0]


def test_how_many_trials_there_are_at_a_time_is_how_a_run_is_carried_out() -> None:
    more = given.resource(training={"search": SEARCH | {"parallelTrials": 4}})
    assert digests.execution(more) != digests.execution(SEARCHED)
    without = given.resource(training={"crossValidation": {"folds": 3}})
    assert digests.execution(without) == digests.execution(given.resource())


def test_the_metric_alone_trains_nothing_where_nothing_is_searched_for() -> None:
    assert of(given.resource(promotion={"metric": "macroF1"}))[0] == of(given.resource())[0]
