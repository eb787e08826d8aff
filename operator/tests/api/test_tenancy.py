"""Which namespace may learn from where with the installation's keys, as tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.access.tenancy import DatasetRule
from dandelion_operator.api.location import location
from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.resource import Resource, parse
from pydantic import ValidationError

CHART = (
    DatasetRule(namespaces=("*",), prefixes=("s3://datasets/{namespace}/",)),
    DatasetRule(namespaces=("default",), prefixes=("s3://datasets/",)),
)
WIDE = (DatasetRule(namespaces=("*",), prefixes=("s3://models", "s3://predictions", "s3://all/a")),)
LABELS = (DatasetRule(namespaces=("*",), prefixes=("s3://datasets/labels.csv",)),)
OWN_KEYS = {"storage": {"secretRef": {"name": "mine"}}}


def wanted(namespace: str, uri: str, **sections: Any) -> Resource:
    dataset = {"storageUri": uri, **sections.pop("dataset", {})}
    metadata = {"namespace": namespace, "name": "lawn", "uid": "u", "generation": 1}
    found = parse({"metadata": metadata, "spec": {"dataset": dataset, **sections}})
    assert isinstance(found, Resource), found
    return found


def is_allowed(resource: Resource, rules: tuple[DatasetRule, ...] | None) -> bool:
    defaults = replace(given.DEFAULTS, datasets=rules)
    denied = location(resource, defaults).denied
    assert denied is None or denied.reason is Reason.DATASET_NOT_ALLOWED
    return denied is None


TABLE = "s3://datasets/team-a/urls.csv"
WEIGHTS = "s3://models/{}/lawn/run/model.safetensors"


@pytest.mark.parametrize(
    ("resource", "rules", "allowed"),
    [
        pytest.param(wanted("team-a", "s3://datasets/team-a/x"), CHART, True, id="its own folder"),
        pytest.param(wanted("team-a", "s3://datasets/team-a"), CHART, True, id="all of it"),
        pytest.param(wanted("team-a", "s3://datasets/team-b/x"), CHART, False, id="another's"),
        pytest.param(wanted("team-a", "s3://datasets/team-ab/x"), CHART, False, id="a longer name"),
        pytest.param(wanted("team-a", "s3://datasets/lawn"), CHART, False, id="nobody's"),
        pytest.param(wanted("team-a", "s3://other/team-a/x"), CHART, False, id="another bucket"),
        pytest.param(wanted("default", "s3://datasets/lawn"), CHART, True, id="the first example"),
        pytest.param(wanted("default", "s3://other/lawn"), CHART, False, id="not every bucket"),
        pytest.param(wanted("team-a", "s3://datasets/team-b"), None, True, id="no rule"),
        pytest.param(wanted("team-a", "s3://datasets/team-a/x"), (), False, id="nothing for all"),
        pytest.param(
            wanted("team-a", "s3://datasets/team-b/x", **OWN_KEYS), CHART, True, id="own keys"
        ),
        pytest.param(wanted("team-a", "s3://all/a/b"), WIDE, True, id="below a shared folder"),
        pytest.param(wanted("team-a", "s3://all/ab"), WIDE, False, id="beside a shared folder"),
        pytest.param(wanted("team-a", "s3://models/team-b/x"), WIDE, False, id="others' models"),
        pytest.param(wanted("team-a", "s3://models/team-a/x"), WIDE, True, id="its own models"),
        pytest.param(
            wanted("team-a", "s3://predictions/team-b/x"), WIDE, False, id="what others were sent"
        ),
        pytest.param(
            wanted("team-a", "s3://datasets/team-a/labels.csv"), CHART, True, id="its own table"
        ),
        pytest.param(
            wanted("team-a", "s3://datasets/labels.csv"), LABELS, False, id="all beside a table"
        ),
        pytest.param(
            wanted("team-a", "s3://datasets/team-a/x", dataset={"urls": {"storageUri": TABLE}}),
            CHART,
            True,
            id="its own table of addresses",
        ),
        pytest.param(
            wanted("team-b", "s3://datasets/team-b/x", dataset={"urls": {"storageUri": TABLE}}),
            CHART,
            False,
            id="another's table of addresses",
        ),
        *(
            pytest.param(
                wanted("team-a", "s3://datasets/team-a/x", training={"initialWeights": weights}),
                CHART,
                allowed,
                id=f"weights {weights}",
            )
            for weights, allowed in (
                (WEIGHTS.format("team-a"), True),
                (WEIGHTS.format("team-b"), False),
                ("s3://models/pretrained/resnet18.safetensors", True),
                ("s3://datasets/team-a/w.safetensors", True),
                ("s3://datasets/team-b/w.safetensors", False),
                ("champion", True),
                ("imagenet", True),
            )
        ),
    ],
)
def test_a_namespace_learns_from_where_a_rule_lets_it(
    resource: Resource, rules: tuple[DatasetRule, ...] | None, allowed: bool
) -> None:
    assert is_allowed(resource, rules) is allowed


@pytest.mark.parametrize(
    ("rules", "readable"),
    [
        pytest.param(CHART, {"s3://datasets/team-a"}, id="its own folder"),
        pytest.param(
            WIDE,
            {"s3://models/team-a", "s3://predictions/team-a", "s3://all/a"},
            id="of the buckets of models and logs its own folders",
        ),
        pytest.param(
            (DatasetRule(namespaces=("*",), prefixes=("s3://models/team-b",)),),
            set(),
            id="nothing of others' models",
        ),
        pytest.param(
            (DatasetRule(namespaces=("*",), prefixes=("s3://models/{namespace}/lawn",)),),
            {"s3://models/team-a/lawn"},
            id="a part of its own models",
        ),
        pytest.param(None, set(), id="no rule"),
    ],
)
def test_a_pinned_version_opens_no_folder_of_another_namespace(
    rules: tuple[DatasetRule, ...] | None, readable: set[str]
) -> None:
    pinned = wanted("team-a", "s3://datasets/team-a/x")
    defaults = replace(given.DEFAULTS, datasets=rules, log_uri="s3://predictions")
    assert set(location(pinned, defaults).readable) == readable


def test_the_message_says_what_is_allowed_and_how_to_get_more() -> None:
    defaults = replace(given.DEFAULTS, datasets=CHART)
    denied = location(wanted("team-a", "s3://datasets/lawn"), defaults).denied
    assert denied is not None
    assert denied.message == (
        "s3://datasets/lawn may not be read in the namespace team-a with the installation's keys, "
        "which read s3://datasets/team-a/ there: move it, ask whoever installed Dandelion to name "
        "it in tenancy.datasets, or bring keys of your own in spec.storage.secretRef"
    )


def test_of_a_table_the_message_names_what_is_read_with_it() -> None:
    defaults = replace(given.DEFAULTS, datasets=LABELS)
    denied = location(wanted("team-a", "s3://datasets/labels.csv"), defaults).denied
    assert denied is not None
    assert denied.message.startswith("What lies beside s3://datasets/labels.csv may not be read")


@pytest.mark.parametrize(
    "rule",
    [
        {"namespaces": [], "prefixes": ["s3://datasets/"]},
        {"namespaces": ["team-*"], "prefixes": ["s3://datasets/"]},
        {"namespaces": ["*"], "prefixes": ["datasets/"]},
        {"namespaces": ["*"], "prefixes": ["s3://datasets/*"]},
        {"namespaces": ["*"], "prefixes": []},
        {"namespaces": ["*"], "prefixes": ["s3://datasets"], "also": 1},
    ],
)
def test_a_rule_that_says_more_than_it_means_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DatasetRule.model_validate(rule)
