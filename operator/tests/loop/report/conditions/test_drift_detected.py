"""DriftDetected: windows in a row count, what was told lasts, and Ready does not rest on it."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.moments import after
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.windows import PodWindows
from given import NOW, deployment, serving, status, training
from given.drifting import condition, silent, told, windows
from given.report.told import message, words
from given.report.told import told as status_of

AFAR, NEAR = (1.5, 2.5, 2.0), (0.5, 0.7, 0.6)
HOUR = after(NOW, 3600)
SOON = after(NOW, 3599)


def observed(*pods: PodWindows, **about: Any) -> Observed:
    return serving(3, windows=pods, now=NOW, **about)


def was(state: str, reason: str, version: str = "3", **about: Any) -> dict[str, Any]:
    """Told before, of a version."""
    previous = status(
        champion={"version": "3"},
        training=training("run3"),
        conditions=[condition(state, reason)],
        drift={"version": version},
    )
    return {"previous": previous} | about


DRIFTED = was("True", "ImagesDrifted")
QUIET = (0.5,) * 5


@pytest.mark.parametrize(
    ("seen", "state", "reason"),
    [
        pytest.param(observed(told(windows(*NEAR))), "False", "NoDrift", id="nothing is far"),
        pytest.param(
            observed(told(windows(9.0, 9.0, 0.9))), "False", "NoDrift", id="two in a row are far"
        ),
        pytest.param(observed(told(windows(*AFAR))), "True", "ImagesDrifted", id="three are"),
        pytest.param(
            observed(told(windows(1.0, 1.0, 1.0))), "False", "NoDrift", id="they are at a threshold"
        ),
        pytest.param(
            observed(told(windows(*AFAR, 0.1, 0.1))), "True", "ImagesDrifted", id="it began lately"
        ),
        pytest.param(
            observed(told(windows(*NEAR), windows(*AFAR, answers=50))),
            "True",
            "ImagesDrifted",
            id="windows of one size are",
        ),
        pytest.param(
            observed(told(windows(2.0), windows(2.0, answers=50), windows(2.0, answers=100))),
            "Unknown",
            "TooFewAnswers",
            id="windows of three sizes are no three in a row",
        ),
        pytest.param(
            observed(told(windows(*NEAR)), told(windows(*AFAR), pod="another")),
            "True",
            "ImagesDrifted",
            id="one pod of two sees it",
        ),
        pytest.param(
            observed(told(windows(2.0, 2.0)), told(windows(2.0, 2.0), pod="another")),
            "Unknown",
            "TooFewAnswers",
            id="two pods have as many only together",
        ),
        pytest.param(
            observed(told(windows(*AFAR), version=2)),
            "Unknown",
            "NothingServes",
            id="a version that is on its way out saw it",
        ),
        pytest.param(observed(), "Unknown", "NothingServes", id="no pod is ready"),
        pytest.param(
            observed(told(windows(*AFAR)), deployment=None),
            "Unknown",
            "NothingServes",
            id="nothing is deployed",
        ),
        pytest.param(
            observed(told(windows(*AFAR)), deployment=deployment(3, ours=False)),
            "Unknown",
            "NothingServes",
            id="the Deployment is somebody else's",
        ),
        pytest.param(
            observed(told(windows(*AFAR)), deployment=deployment(3, target=None)),
            "Unknown",
            "NothingServes",
            id="the Deployment does not say which version it is of",
        ),
        pytest.param(
            observed(PodWindows("a", None, (windows(*AFAR),)), deployment=None),
            "Unknown",
            "NothingServes",
            id="a pod that does not say which version it is of",
        ),
        pytest.param(
            observed(silent(pending=True)), "Unknown", "NothingServes", id="a pod is being asked"
        ),
        pytest.param(observed(silent()), "Unknown", "DriftNotTold", id="pods of a former release"),
        pytest.param(observed(told()), "Unknown", "DriftNotTold", id="no thresholds"),
        pytest.param(observed(told(windows())), "Unknown", "TooFewAnswers", id="no answers"),
        pytest.param(
            observed(silent(), told(windows(*NEAR), pod="another")),
            "False",
            "NoDrift",
            id="a pod that tells beside one that does not",
        ),
        pytest.param(
            observed(silent(), told(windows(2.0), pod="another")),
            "Unknown",
            "TooFewAnswers",
            id="a pod that has answered few beside one that does not tell",
        ),
        pytest.param(
            observed(silent(pending=True), told(windows(*NEAR), pod="another")),
            "False",
            "NoDrift",
            id="a pod that tells beside one that is being asked",
        ),
    ],
)
def test_three_windows_of_one_size_in_one_pod_are_drift(
    seen: Observed, state: str, reason: str
) -> None:
    assert words(status_of(seen), "DriftDetected") == (state, reason)


@pytest.mark.parametrize("ratios", [AFAR, NEAR, ()])
def test_ready_and_phase_are_the_same_with_drift_and_without(ratios: tuple[float, ...]) -> None:
    found = status_of(observed(told(windows(*ratios))))
    assert words(found, "Ready") == ("True", "Serving")
    assert found.phase == "Serving"


@pytest.mark.parametrize(
    ("before", "pods", "now", "told_now"),
    [
        pytest.param(DRIFTED, told(windows(*QUIET)), HOUR, "NoDrift", id="over"),
        pytest.param(DRIFTED, told(windows(*QUIET)), SOON, "ImagesDrifted", id="just begun"),
        pytest.param(
            DRIFTED, told(windows(*QUIET[1:], 1.1)), HOUR, "ImagesDrifted", id="one of the last"
        ),
        pytest.param(
            DRIFTED, told(windows(*QUIET[1:])), HOUR, "ImagesDrifted", id="of too few to tell"
        ),
        pytest.param(
            DRIFTED,
            told(windows(*QUIET), windows(0.5, 1.1, answers=50)),
            HOUR,
            "ImagesDrifted",
            id="one of another size",
        ),
        pytest.param(
            DRIFTED, told(windows(*QUIET), windows(0.5, answers=50)), HOUR, "NoDrift", id="few yet"
        ),
        pytest.param(DRIFTED, told(windows()), HOUR, "ImagesDrifted", id="pods have begun anew"),
        pytest.param(DRIFTED, silent(), HOUR, "ImagesDrifted", id="pods do not tell"),
        pytest.param(DRIFTED, silent(pending=True), HOUR, "ImagesDrifted", id="pods are asked"),
        pytest.param(
            was("True", "ImagesDrifted", version="2"),
            told(windows()),
            SOON,
            "TooFewAnswers",
            id="it was another version's",
        ),
        pytest.param(
            was("False", "NoDrift"), silent(pending=True), HOUR, "NoDrift", id="none, and asking"
        ),
        pytest.param(
            was("False", "NoDrift", version="2"),
            silent(pending=True),
            HOUR,
            "NothingServes",
            id="none of another version, and asking",
        ),
        pytest.param(
            was("False", "NoDrift"), told(windows()), HOUR, "TooFewAnswers", id="none, and anew"
        ),
        pytest.param(
            was("Unknown", "Unheard"), silent(pending=True), HOUR, "NothingServes", id="unheard of"
        ),
    ],
)
def test_drift_lasts_an_hour_and_until_five_windows_in_a_row_are_near(
    before: dict[str, Any], pods: PodWindows, now: str, told_now: str
) -> None:
    seen = serving(3, windows=(pods,), now=now, **before)
    assert words(status_of(seen, now=now), "DriftDetected")[1] == told_now


def test_it_lasts_while_no_pod_is_ready() -> None:
    seen = serving(3, windows=(), now=HOUR, **DRIFTED)
    assert words(status_of(seen, now=HOUR), "DriftDetected") == ("True", "ImagesDrifted")


def test_what_lasts_is_told_in_the_words_of_before() -> None:
    seen = serving(3, windows=(told(windows(*NEAR)),), now=SOON, **DRIFTED)
    assert message(status_of(seen, now=SOON), "DriftDetected") == "as before"


REVIEWED = {"serving": {"logging": {"images": True}}, "feedback": {"mode": "Review"}}
REVIEWED_OR_AGREED = {
    "serving": {"logging": {"images": True}, "auth": "ClusterTokens"},
    "feedback": {"mode": "Auto"},
}


@pytest.mark.parametrize(
    ("seen", "wanted", "said"),
    [
        pytest.param(
            observed(told(windows(*AFAR))),
            {},
            "images are unlike those of the holdout: 3 windows of 20 answers in a row in pod "
            "lawn-inference-3 reach 1.5 times a threshold (logDensity, 2026-01-01T00:00:00Z); look "
            "at images of late before another run",
            id="drift",
        ),
        pytest.param(
            observed(told(windows(*AFAR))),
            REVIEWED,
            "a share of the answers waits in the review queue",
            id="drift where people review",
        ),
        pytest.param(
            observed(told(windows(*AFAR))),
            REVIEWED_OR_AGREED,
            "a share of the answers waits in the review queue",
            id="drift where people review and callers agree",
        ),
        pytest.param(
            observed(told(windows(*NEAR))),
            {},
            "no drift: 3 windows of 20 answers in a row in pod lawn-inference-3 reach 0.5 times a "
            "threshold (logDensity, 2026-01-01T00:00:00Z)",
            id="none",
        ),
        pytest.param(
            observed(told(windows(2.0), windows(answers=50))),
            {},
            "no pod has answered 60 images since it started: drift is told by 3 windows in a row, "
            "of 20 answers or more",
            id="too few answers",
        ),
        pytest.param(observed(), {}, "no pod of version 3 is ready", id="no pod"),
        pytest.param(observed(deployment=None), {}, "no version serves", id="no version"),
        pytest.param(
            observed(silent(pending=True)), {}, "its pods are being asked", id="being asked"
        ),
        pytest.param(observed(told()), {}, "its contract has no thresholds", id="no thresholds"),
        pytest.param(
            observed(silent()), {}, "its pods are of an earlier release", id="a former release"
        ),
    ],
)
def test_the_condition_says_what_was_seen_and_what_to_do(
    seen: Observed, wanted: dict[str, Any], said: str
) -> None:
    assert said in message(status_of(seen, given.resource(**wanted)), "DriftDetected")
