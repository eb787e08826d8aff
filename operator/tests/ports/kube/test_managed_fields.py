"""Who owns a field, in the API server's own notation."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_operator.ports.kube.managed_fields import (
    Writer,
    content,
    holds,
    in_words,
    last_written,
    latest_writer,
    leaves,
    owns,
    writers,
)

FIELDS: dict[str, Any] = {
    "f:spec": {
        "f:replicas": {},
        "f:selector": {},
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"inference"}': {
                        ".": {},
                        "f:image": {},
                        "f:ports": {'k:{"containerPort":8080,"protocol":"TCP"}': {"f:name": {}}},
                    }
                }
            }
        },
    }
}
CONTAINER = ("spec", "template", "spec", "containers", "[name=inference]")


@pytest.mark.parametrize(
    ("path", "owned"),
    [
        pytest.param(("spec", "replicas"), True, id="a value"),
        pytest.param(("spec", "paused"), False, id="a value of others"),
        pytest.param(("spec", "selector", "matchLabels", "a"), True, id="a part of a whole"),
        pytest.param((*CONTAINER, "image"), True, id="a value of an item"),
        pytest.param((*CONTAINER, "command"), False, id="another value of the item"),
        pytest.param(
            (*CONTAINER[:-1], "[name=sidecar]", "image"), False, id="the same of another item"
        ),
        pytest.param(
            (*CONTAINER, "ports", "[containerPort=8080]", "name"), True, id="a key by default"
        ),
    ],
)
def test_whether_a_set_of_fields_holds_one(path: tuple[str, ...], owned: bool) -> None:
    assert owns(FIELDS, path) is owned


def entry(manager: str, second: int, subresource: str = "") -> dict[str, Any]:
    return {
        "manager": manager,
        "time": f"2026-01-01T00:00:0{second}Z",
        "subresource": subresource,
        "fieldsV1": FIELDS,
    }


def test_those_who_own_a_field_come_latest_first() -> None:
    raw = {
        "metadata": {
            "managedFields": [entry("a", 1), entry("b", 3, "scale"), entry("c", 2, "status")]
        }
    }
    assert writers(raw, "spec", "replicas") == (
        Writer("b", "scale"),
        Writer("c", "status"),
        Writer("a"),
    )
    assert writers(raw, "spec", "paused") == ()
    assert latest_writer(raw, but="b") == "a", "a status is no wish"
    assert latest_writer({"metadata": {}}, but="a") == ""


RAW: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "x", "resourceVersion": "1", "labels": {"a": "b"}},
    "spec": {"containers": [{"name": "c", "args": ["1", "2"]}], "volumes": [], "empty": {}},
    "status": {"replicas": 1},
}


def test_every_value_of_an_object_has_a_path() -> None:
    assert {in_words(path): value for path, value in leaves(content(RAW))} == {
        "metadata.labels.a": "b",
        "spec.containers[name=c].name": "c",
        "spec.containers[name=c].args": ["1", "2"],
        "spec.volumes": [],
        "spec.empty": {},
    }


@pytest.mark.parametrize(
    ("path", "there"),
    [
        (("spec", "containers", "[name=c]", "args"), True),
        (("spec", "containers", "[name=c]", "image"), False),
        (("spec", "containers", "[name=d]"), False),
        (("spec", "empty", "more"), False),
        (("spec", "containers", "[name=c]", "args", "1"), False),
    ],
)
def test_whether_there_is_anything_at_a_path(path: tuple[str, ...], there: bool) -> None:
    assert holds(RAW, path) is there


TABLE = ("data", "urls.csv")


def config_map(*entries: dict[str, Any]) -> dict[str, Any]:
    created = "2026-01-01T00:00:00Z"
    return {"metadata": {"creationTimestamp": created, "managedFields": list(entries)}}


def wrote(time: str, *keys: str) -> dict[str, Any]:
    return {
        "manager": "kubectl",
        "time": time,
        "fieldsV1": {"f:data": {f"f:{k}": {} for k in keys}},
    }


@pytest.mark.parametrize(
    ("entries", "when"),
    [
        ([], "2026-01-01T00:00:00Z"),
        ([wrote("2026-01-03T00:00:00Z", "other.csv")], "2026-01-01T00:00:00Z"),
        ([wrote("2026-01-02T00:00:00Z", "urls.csv")], "2026-01-02T00:00:00Z"),
        (
            [
                wrote("2026-01-02T00:00:00Z", "urls.csv"),
                wrote("2026-01-04T00:00:00Z", "other.csv", "urls.csv"),
                wrote("2026-01-05T00:00:00Z", "other.csv"),
            ],
            "2026-01-04T00:00:00Z",
        ),
        ([{"manager": "kubectl", "fieldsV1": {"f:data": {}}}], "2026-01-01T00:00:00Z"),
    ],
    ids=["nobody notes it", "another key", "once", "by two", "without a time"],
)
def test_when_a_value_was_written_last(entries: list[dict[str, Any]], when: str) -> None:
    assert last_written(config_map(*entries), *TABLE) == when
