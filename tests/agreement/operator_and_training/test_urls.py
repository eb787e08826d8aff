"""What the operator tells a training pod of its table of addresses is what training reads."""

from __future__ import annotations

import re
from typing import Any

import pytest
from dandelion_operator.api.spec.dataset import HOST
from dandelion_training.data.layout.table import is_table
from dandelion_training.ports.settings import Settings, load_settings
from dandelion_training.ports.storage import Location
from dandelion_training.ports.web.address import AllowedHosts
from spec_fields import FIELDS

from tests.agreement.pods import enter, training_pod


def told(monkeypatch: pytest.MonkeyPatch, **urls: Any) -> tuple[Settings, dict[str, Any]]:
    """What training reads of its pod, and the pod."""
    pod = training_pod(dataset={"urls": urls} if urls else {})
    enter(pod, monkeypatch)
    return load_settings(), pod


def test_a_table_in_storage_is_read_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, _ = told(monkeypatch, storageUri="s3://lists/a/urls.csv", allowedHosts=["a:8080"])
    assert settings.urls_uri == Location("lists", "a/urls.csv")
    assert settings.urls_file is None
    assert settings.urls_allowed_hosts == "a:8080"


def test_a_table_in_a_config_map_is_read_where_it_is_mounted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, pod = told(monkeypatch, configMapRef={"name": "list", "key": "lawn.jsonl"})
    (volume,) = (item for item in pod["volumes"] if item.get("configMap", {}).get("name") == "list")
    (item,) = volume["configMap"]["items"]
    mounts = {mount["name"]: mount for mount in pod["containers"][0]["volumeMounts"]}
    assert settings.urls_uri is None
    assert str(settings.urls_file) == f"{mounts[volume['name']]['mountPath']}/{item['path']}"


def test_without_a_table_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not told(monkeypatch)[0].has_urls


@pytest.mark.parametrize("field", ["storageUri", "configMapRef.key"])
def test_what_the_operator_takes_for_a_table_is_one(field: str) -> None:
    assert all(is_table(value) for value in FIELDS[f"dataset.urls.{field}"].values)


@pytest.mark.parametrize(
    "host", ["a", "images.internal", "images.internal:8080", "10.0.0.7", "a_b-c.d:1", "1.2"]
)
def test_a_host_that_may_be_named_is_one_for_training(host: str) -> None:
    assert re.fullmatch(HOST, host)
    assert AllowedHosts.parse([host]).names == {host.partition(":")[0]}


@pytest.mark.parametrize("host", ["", "a..b", "-a", "a.", "a b", "http://a", "a:", "a:0", "A"])
def test_what_is_no_host_may_not_be_named(host: str) -> None:
    assert not re.fullmatch(HOST, host)
