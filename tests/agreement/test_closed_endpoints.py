"""An S3 endpoint of somebody's own may not be where the operator does not go, in no pod either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from dandelion_inference.ports.settings import Settings as ServingSettings
from dandelion_inference.ports.storage import closed as of_serving
from dandelion_operator.api.access.endpoints import Endpoints
from dandelion_training.ports.settings import (
    load_ingest_settings,
    load_settings,
    load_trial_settings,
)
from dandelion_training.ports.storage import closed as of_training

from tests.agreement.pods import DEFAULTS, enter, ingest_pod, serving_pod, training_pod

HOST = "s3.example.com"
MINE = {"endpoint": f"https://{HOST}:9000/", "secretRef": {"name": "mine"}}
CLUSTER = Endpoints(api_server="10.96.0.1", cluster=("10.244.0.0/16", "fd10::/64"))
ENDPOINTS = {
    "nothing is told": Endpoints(),
    "the cluster is told": CLUSTER,
    "another host is allowed": replace(CLUSTER, allowed=("other.example.com",)),
    "an address is allowed": replace(CLUSTER, allowed=("10.244.3.4", "127.0.0.1")),
    "networks are allowed": replace(CLUSTER, allowed=("10.0.0.0/8", "fd10::/65")),
    "the host is allowed": replace(CLUSTER, allowed=(HOST,)),
}
ADDRESSES = [
    *("169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254"),
    *("100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.0.193"),
    *("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"),
    *("0.0.0.0", "::", "169.254.1.1", "fe80::1", "fe80::1%eth0", "224.0.0.1", "ff02::1"),
    *("10.96.0.1", "10.96.0.2", "10.244.3.4", "10.244.3.5", "::ffff:10.244.3.4"),
    *("fd10::7", "fd10:0:0:0:8000::7", "fd12::1", "192.168.1.10", "52.95.110.1", "2600::1"),
]


@pytest.mark.parametrize("endpoints", ENDPOINTS.values(), ids=ENDPOINTS)
def test_pods_judge_every_address_as_the_operator_does(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = replace(DEFAULTS, endpoints=endpoints)
    enter(training_pod(defaults=defaults, storage=MINE), monkeypatch)
    training = load_settings().s3_closed_networks
    enter(serving_pod(defaults=defaults, storage=MINE), monkeypatch)
    serving = ServingSettings.model_validate({}).s3_closed_networks
    for address in ADDRESSES:
        refused = endpoints.refusal(HOST, address) is not None
        assert (of_training.refusal(address, training) is not None) is refused, address
        assert (of_serving.refusal(address, serving) is not None) is refused, address


def test_a_job_that_reads_images_alone_is_told_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    enter(ingest_pod(storage=MINE), monkeypatch)
    networks = load_ingest_settings().s3_closed_networks
    assert of_training.refusal("169.254.169.254", networks) is not None


def test_trials_of_a_search_are_told_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: Mapping[str, Any] = {"parameters": {"learningRate": {"min": 0.001, "max": 0.1}}}
    enter(training_pod(searching=True, storage=MINE, training={"search": searched}), monkeypatch)
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "0")
    networks = load_trial_settings().s3_closed_networks
    assert of_training.refusal("169.254.169.254", networks) is not None


def test_the_installations_endpoint_may_be_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = replace(DEFAULTS, endpoints=CLUSTER)
    for pod in (training_pod(defaults=defaults), serving_pod(defaults=defaults)):
        enter(pod, monkeypatch)
        assert "DANDELION_S3_CLOSED_NETWORKS" not in {
            item["name"] for item in pod["containers"][0]["env"]
        }
    assert load_settings().s3_closed_networks == ()
    assert ServingSettings.model_validate({}).s3_closed_networks == ()
