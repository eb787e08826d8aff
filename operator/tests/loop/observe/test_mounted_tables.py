"""A table of addresses in a ConfigMap is read as it is mounted into a training pod."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from dandelion_operator.api.spec.dataset import ConfigMapRef
from dandelion_operator.loop.observe.readings import mounted_table
from dandelion_operator.seen.training import MountedTable

REF = ConfigMapRef(name="lawn", key="lawn.csv")
CREATED = "2026-01-01T00:00:00Z"
TABLE = "url,label\nhttp://a.example/größe.png,grass\n"


def config_map(**fields: Any) -> dict[str, Any]:
    return {"metadata": {"name": "lawn", "creationTimestamp": CREATED}, **fields}


@pytest.mark.parametrize(
    "fields",
    [
        {"data": {"lawn.csv": TABLE, "urls.csv": "not ours"}},
        {"binaryData": {"lawn.csv": base64.b64encode(TABLE.encode()).decode()}},
    ],
    ids=["as text", "as bytes"],
)
def test_its_key_is_the_file(fields: dict[str, Any]) -> None:
    assert mounted_table(config_map(**fields), REF) == MountedTable(TABLE.encode(), CREATED)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (None, "there is no ConfigMap lawn"),
        (config_map(), "the ConfigMap lawn has no key lawn.csv"),
        (config_map(data={"urls.csv": TABLE}), "the ConfigMap lawn has no key lawn.csv"),
    ],
    ids=["no ConfigMap", "an empty one", "another key"],
)
def test_what_is_missing_is_named(raw: dict[str, Any] | None, words: str) -> None:
    assert mounted_table(raw, REF) == MountedTable(unread=words)
