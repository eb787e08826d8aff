"""The parsed resource: what is taken as it is, and what is named where it cannot be worked with."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_operator.api.resource import InvalidResource, parse
from dandelion_operator.api.spec import Spec


def test_quantities_are_those_that_kubernetes_takes_in_json() -> None:
    given = {"cpu": 0.5, "memory": 4_000_000_000, "nvidia.com/gpu": "1"}
    resources = {"training": {"resources": {"requests": given}}}
    spec = Spec.model_validate({"dataset": {"storageUri": "s3://datasets/lawn"}} | resources)
    assert spec.training.resources is not None
    assert spec.training.resources.requests == given


def test_the_smallest_resource_parses_with_the_defaults_of_the_crd() -> None:
    spec = Spec.model_validate({"dataset": {"storageUri": "s3://datasets/lawn"}})
    assert (spec.training.epochs, spec.promotion.minimum, spec.serving.replicas) == (10, 0.8, 1)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://datasets/ants#2",
        "s3://datasets/ants?/50%/my photos/",
        "s3://datasets/.hidden/..ants",
        "s3://datasets/ants/labels.csv",
    ],
)
def test_an_address_is_literal(uri: str) -> None:
    assert Spec.model_validate({"dataset": {"storageUri": uri}}).dataset.storage_uri == uri


@pytest.mark.parametrize(
    ("name", "spec", "words"),
    [
        pytest.param("a" * 64, {}, "64 characters; at most 42", id="a name of 64 characters"),
        pytest.param("lawn", {}, "spec.dataset: Field required", id="no dataset"),
        pytest.param(
            "lawn",
            {"dataset": {"storageUri": "s3://datasets/lawn"}, "training": {"imageSize": 100}},
            "spec.training.imageSize: Input should be a multiple of 32",
            id="an odd image size",
        ),
        pytest.param(
            "lawn",
            {
                "dataset": {"storageUri": "s3://datasets/lawn"},
                "storage": {"servingSecretRef": {"name": "x"}},
            },
            "servingSecretRef needs storage.secretRef",
            id="contradictory keys",
        ),
        pytest.param(
            "lawn",
            {
                "dataset": {"storageUri": "s3://datasets/lawn"},
                "serving": {"logging": {"predictions": False, "images": True}},
            },
            "logging.images needs logging.predictions: true",
            id="images of predictions that are not logged",
        ),
        pytest.param(
            "lawn",
            {
                "dataset": {"storageUri": "s3://datasets/lawn"},
                "triggers": {"accuracyBelow": 0.9},
            },
            "triggers.accuracyBelow needs feedback.mode: Review",
            id="an accuracy that nobody reviews",
        ),
        pytest.param(
            "lawn",
            {
                "dataset": {"storageUri": "s3://datasets/lawn", "version": f"sha256:{'a' * 64}"},
                "triggers": {"accuracyBelow": 0.9},
                "serving": {"logging": {"images": True}},
                "feedback": {"mode": "Review"},
            },
            "would train the same model again with dataset.version",
            id="better by reviews of a pinned version",
        ),
        pytest.param("lawn", {"dataset": None}, "spec.dataset", id="a null"),
        *(
            pytest.param("lawn", {"dataset": {"storageUri": uri}}, words, id=uri)
            for uri, words in (
                ("s3://datasets//ants", "spec.dataset.storageUri: String should match"),
                ("s3://datasets/ants//", "spec.dataset.storageUri: String should match"),
                ("s3://datasets", "spec.dataset.storageUri: String should match"),
                ("s3://datasets/a/../b", "which S3 does not resolve"),
                ("s3://datasets/ants ", "ends in white space"),
            )
        ),
        pytest.param(
            "lawn",
            {"dataset": {"storageUri": "s3://datasets/lawn", "version": "3"}},
            "spec.dataset.version: String should match",
            id="a version by number",
        ),
    ],
)
def test_what_cannot_be_worked_with_is_named(name: str, spec: dict[str, Any], words: str) -> None:
    metadata = {"namespace": "default", "name": name, "uid": "u"}
    found = parse({"metadata": metadata, "spec": spec})
    assert isinstance(found, InvalidResource)
    assert words in found.message
