"""What may be reviewed in the console, by how many, and what a form says."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_console.resource import parse
from dandelion_console.views.review import ChoiceError, chosen, obstacle, people
from given.models import model

REVIEW = {"feedback": {"mode": "Review"}}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (REVIEW, ""),
        ({"feedback": {"mode": "Auto"}}, ""),
        (REVIEW | {"serving": {"logging": {"images": True}}}, ""),
        ({}, "spec.feedback.mode is Disabled"),
        (REVIEW | {"storage": {"secretRef": {"name": "mine"}}}, "(spec.storage.secretRef)"),
        (REVIEW | {"storage": {"bucket": "mine"}}, "(spec.storage.bucket)"),
        (
            REVIEW | {"serving": {"logging": {"storageUri": "s3://mine"}}},
            "(spec.serving.logging.storageUri)",
        ),
    ],
)
def test_what_the_installations_key_does_not_reach_is_told(spec: dict[str, Any], said: str) -> None:
    found = obstacle(parse(model(spec=spec)))
    assert said in found
    assert bool(said) is bool(found)
    if said.startswith("("):
        assert "review export" in found


@pytest.mark.parametrize(
    ("feedback", "asked"),
    [
        ({}, 1),
        ({"mode": "Review"}, 1),
        ({"mode": "Review", "minAgreement": 2}, 2),
        ({"mode": "Auto", "minAgreement": 2}, 2),
        ({"mode": "Auto"}, 3),
    ],
)
def test_how_many_people_an_image_takes(feedback: dict[str, Any], asked: int) -> None:
    assert people(parse(model(spec={"feedback": feedback}))) == asked


@pytest.mark.parametrize(
    ("sent", "label"),
    [
        ({"choice": "right", "answered": "moss"}, "moss"),
        ({"choice": "reject", "answered": "moss"}, None),
        ({"choice": "label:daisy", "answered": "moss"}, "daisy"),
        ({"choice": "label:label:x"}, "label:x"),
        ({"choice": "other", "other": "daisy"}, "daisy"),
    ],
)
def test_a_form_says_one_thing(sent: dict[str, str], label: str | None) -> None:
    assert chosen(sent) == label


@pytest.mark.parametrize(
    "sent", [{}, {"choice": "other", "other": ""}, {"choice": "label:"}, {"choice": "daisy"}]
)
def test_a_form_that_says_nothing_is_refused(sent: dict[str, str]) -> None:
    with pytest.raises(ChoiceError):
        chosen(sent)
