"""Accepted?: what is said of the dataset, of fields that are new, and of a log without a place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.loop.decide.accept import accept
from dandelion_operator.loop.decide.plan.decisions import Acceptance
from dandelion_operator.seen.training import DatasetSeen
from given import seen

PLACE = given.place()


def log_at(uri: str) -> dict[str, Any]:
    return {"logging": {"storageUri": uri}}


def accepted(wanted: Any = None, **about: Any) -> Acceptance:
    return accept(wanted or given.resource(), seen(**about), PLACE)


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        pytest.param(
            DatasetSeen("images-1", 40),
            "the dataset s3://datasets/lawn can be read",
            id="it was read",
        ),
        pytest.param(
            DatasetSeen("", 10, "its listing was cut after 10 objects"),
            "the dataset s3://datasets/lawn can be read; its listing was cut after 10 objects",
            id="it was cut",
        ),
        pytest.param(
            None,
            "the dataset s3://datasets/lawn is looked at when a run is to be started",
            id="it was not looked at",
        ),
    ],
)
def test_what_is_known_of_the_dataset_is_told(dataset: DatasetSeen | None, words: str) -> None:
    assert accepted(dataset=dataset) == Acceptance(True, Reason.VALID, words)


def test_a_dataset_that_cannot_be_read_is_refused_with_its_reason() -> None:
    away = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
    refused = Acceptance(False, Reason.STORAGE_UNREACHABLE, "no answer")
    assert accepted(dataset=away) == refused


def test_fields_that_this_release_does_not_know_are_named() -> None:
    newer = replace(given.resource(), unknown=("spec.a", "spec.b"))
    assert accepted(newer).accepted
    assert accepted(newer).message.endswith(
        "can be read; this operator does not know spec.a, spec.b: upgrade it to use them"
    )


@pytest.mark.parametrize(
    ("logging", "way_out"),
    [
        pytest.param(
            {"storageUri": "s3://predictions/lawn"},
            "no key may write there",
            id="a place of its own",
        ),
        pytest.param({"images": True}, "there is no place for it", id="images and no place"),
    ],
)
def test_a_log_that_cannot_be_kept_is_refused_with_the_way_out(
    logging: dict[str, Any], way_out: str
) -> None:
    wanted = given.resource(serving={"logging": logging})
    found = accept(wanted, seen(), replace(PLACE, log=None))
    assert (found.accepted, found.reason) == (False, Reason.LOG_UNAVAILABLE)
    assert way_out in found.message


def test_a_log_that_has_a_place_is_accepted() -> None:
    wanted = given.resource(serving={"logging": {"images": True}})
    assert accept(wanted, seen(), given.place(wanted)).accepted


@pytest.mark.parametrize(
    ("sections", "refused"),
    [
        pytest.param({}, False, id="no place named"),
        pytest.param({"serving": log_at("s3://predictions/")}, False, id="the installation's"),
        pytest.param({"serving": log_at("s3://seen")}, True, id="another bucket"),
        pytest.param(
            {"serving": log_at("s3://predictions/park/roses")},
            True,
            id="a place within the installation's: another namespace's, perhaps",
        ),
        pytest.param(
            {"storage": {"secretRef": {"name": "mine"}}, "serving": log_at("s3://seen")},
            False,
            id="another bucket, with a key of one's own",
        ),
    ],
)
def test_the_installations_key_writes_to_the_installations_place_alone(
    sections: dict[str, Any], refused: bool
) -> None:
    wanted = given.resource(**sections)
    found = accept(wanted, seen(), given.place(wanted))
    assert found.accepted is not refused
    assert (found.reason is Reason.LOG_UNAVAILABLE) is refused
    if refused:
        assert "bring one in spec.storage.servingSecretRef" in found.message
        assert found.message.endswith("; meanwhile they are logged to s3://predictions")


def test_a_log_that_nobody_asked_for_is_not_missed() -> None:
    assert accept(given.resource(), seen(), replace(PLACE, log=None)).accepted
