"""What a person reads when triggers are specified wrongly, and what may be written."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_operator.api.cron import FORMS, checked

from tests.api.server import ApiServer
from tests.api.specs.refusal import refusal
from tests.api.test_crd import model_deployment

FIVE_FIELDS = "write the five fields of a cron expression, for example 0 3 * * 0"
A_ZONE = "write a name of the IANA time zone database, for example Europe/Paris"


@pytest.mark.parametrize(
    ("triggers", "said"),
    [
        pytest.param({"schedule": "0 3 * *"}, FIVE_FIELDS, id="four fields"),
        pytest.param({"schedule": "0 0 3 * * 0"}, FIVE_FIELDS, id="seconds"),
        pytest.param({"schedule": "@every 5m"}, FIVE_FIELDS, id="a pause instead of a time"),
        pytest.param(
            {"schedule": "TZ=Europe/Paris 0 3 * * 0"}, FIVE_FIELDS, id="a zone in the expression"
        ),
        pytest.param({"schedule": ""}, "spec.triggers.schedule", id="nothing"),
        pytest.param({"schedule": "@daily", "timeZone": "Local"}, A_ZONE, id="the pod's zone"),
        pytest.param({"schedule": "@daily", "timeZone": "../UTC"}, A_ZONE, id="a path"),
        pytest.param(
            {"timeZone": "Europe/Paris"},
            "spec.triggers.timeZone is the schedule's: write spec.triggers.schedule as well",
            id="a zone of nothing",
        ),
        pytest.param(
            {"quietSeconds": 60},
            "spec.triggers.quietSeconds and maxWaitSeconds are how new images are waited for",
            id="a quiet of nothing",
        ),
        pytest.param(
            {"schedule": "@daily", "maxWaitSeconds": 60},
            "write spec.triggers.newImages as well, or leave them out",
            id="a longest wait for nothing",
        ),
        pytest.param(
            {"newImages": 0},
            "spec.triggers.newImages in body should be greater than or equal to 1",
            id="a run for no image",
        ),
        pytest.param(
            {"driftAbove": 0.5},
            "spec.triggers.driftAbove in body should be greater than or equal to 1",
            id="a run for what chance brings",
        ),
        pytest.param(
            {"accuracyBelow": 90},
            "spec.triggers.accuracyBelow in body should be less than or equal to 1",
            id="per cent instead of a share",
        ),
        pytest.param(
            {"accuracyBelow": 0.9},
            "spec.triggers.accuracyBelow needs spec.feedback.mode: Review",
            id="an accuracy that nobody reviews",
        ),
        pytest.param(
            {"cooldownSeconds": -1},
            "spec.triggers.cooldownSeconds in body should be greater than or equal to 0",
            id="less than no pause",
        ),
        pytest.param(
            {"maxRunsPerWeek": 0},
            "spec.triggers.maxRunsPerWeek in body should be greater than or equal to 1",
            id="a budget of nothing",
        ),
    ],
)
def test_a_wrong_trigger(api: ApiServer, triggers: dict[str, Any], said: str) -> None:
    assert said in refusal(api, model_deployment("wrong", triggers=triggers))


REVIEWED = {"serving": {"logging": {"images": True}}, "feedback": {"mode": "Review"}}


def test_a_pinned_version_gets_no_better_by_reviews(api: ApiServer) -> None:
    pinned = {"storageUri": "s3://datasets/lawn", "version": f"sha256:{'a' * 64}"}
    wrong = model_deployment("wrong", dataset=pinned, triggers={"accuracyBelow": 0.9}, **REVIEWED)
    assert "would train the same model again with spec.dataset.version" in refusal(api, wrong)


def test_an_accuracy_that_people_review_may_start_a_run(api: ApiServer) -> None:
    wanted = model_deployment("reviewed", triggers={"accuracyBelow": 0.9}, **REVIEWED)
    api.apply(wanted, "--dry-run=server")


def test_a_pinned_version_never_gets_new_images(api: ApiServer) -> None:
    pinned = {"storageUri": "s3://datasets/lawn", "version": f"sha256:{'a' * 64}"}
    wrong = model_deployment("wrong", dataset=pinned, triggers={"newImages": 50})
    assert "spec.triggers.newImages starts nothing with spec.dataset.version" in refusal(api, wrong)


@pytest.mark.parametrize(
    "triggers",
    [
        pytest.param({"newImages": 50}, id="new images"),
        pytest.param({"driftAbove": 1}, id="all drift"),
        pytest.param({"driftAbove": 1.5}, id="drift that is large"),
        pytest.param(
            {"newImages": 50, "quietSeconds": 0, "maxWaitSeconds": 0}, id="new images at once"
        ),
    ],
)
def test_new_images_and_drift_may_start_a_run(api: ApiServer, triggers: dict[str, Any]) -> None:
    api.apply(model_deployment("watched", triggers=triggers), "--dry-run=server")


@pytest.mark.parametrize(
    "triggers",
    [
        pytest.param({"schedule": "*/5 0-6,22 1,15 JAN-MAR MON"}, id="every kind of field"),
        pytest.param({"schedule": "0 3 ? * SUN#1"}, id="the first Sunday"),
        pytest.param({"schedule": "0 3 L * *"}, id="the last day"),
        *(pytest.param({"schedule": form}, id=form) for form in FORMS),
        pytest.param(
            {"schedule": "@daily", "timeZone": "America/Argentina/Buenos_Aires"}, id="a long zone"
        ),
        pytest.param({"schedule": "@daily", "timeZone": "Etc/GMT+3"}, id="an offset"),
    ],
)
def test_a_good_trigger(api: ApiServer, triggers: dict[str, Any]) -> None:
    checked(triggers["schedule"])
    api.apply(model_deployment("scheduled", triggers=triggers), "--dry-run=server")
