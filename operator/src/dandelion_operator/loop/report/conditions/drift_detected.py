"""DriftDetected: whether images have come to be unlike the holdout of the version that serves.

It says nothing about the answers being wrong, and nothing rests on it: Ready stays as it is, and a
run is started by `triggers.driftAbove` alone.
"""

from __future__ import annotations

from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.reasons.facts import FALSE, TRUE, UNKNOWN
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.feedback import FeedbackMode
from dandelion_operator.api.status.versions import Drift
from dandelion_operator.loop.report.conditions.builder import PartialCondition
from dandelion_operator.seen.conclusions import image_drift
from dandelion_operator.seen.conclusions.image_drift import IN_A_ROW
from dandelion_operator.seen.observed import Observed


def drift_detected(resource: Resource, observed: Observed) -> PartialCondition:
    series = image_drift.furthest(observed)
    words = _furthest(image_drift.told(resource, observed))
    if series is not None and series.score > 1:
        words = f"images are unlike those of the holdout: {words}; {_next(resource)}"
        return TRUE, Reason.IMAGES_DRIFTED, words
    for fact in (
        drift_lasts,
        nothing_serves,
        pods_are_being_asked,
        no_pod_tells,
        too_few_answers,
    ):
        found = fact(observed)
        if found is not None:
            return found
    return FALSE, Reason.NO_DRIFT, f"no drift: {words}"


def drift_lasts(observed: Observed) -> PartialCondition | None:
    before = image_drift.said_before(observed)
    if before is None or before.status != TRUE:
        return None
    if image_drift.is_over(observed, before.last_transition_time):
        return None
    return TRUE, Reason.IMAGES_DRIFTED, before.message


def nothing_serves(observed: Observed) -> PartialCondition | None:
    if image_drift.asked_pods(observed):
        return None
    version = image_drift.served_version(observed)
    words = "no version serves" if version is None else f"no pod of version {version} is ready"
    return UNKNOWN, Reason.NOTHING_SERVES, words


def pods_are_being_asked(observed: Observed) -> PartialCondition | None:
    """What was told before of this version stands meanwhile."""
    if not all(pod.pending for pod in image_drift.asked_pods(observed)):
        return None
    before = image_drift.said_before(observed)
    if before is None:
        return UNKNOWN, Reason.NOTHING_SERVES, "its pods are being asked"
    return before.status, Reason.known(before.reason) or Reason.NOTHING_SERVES, before.message


def no_pod_tells(observed: Observed) -> PartialCondition | None:
    told = [pod.windows for pod in image_drift.asked_pods(observed)]
    if any(told):
        return None
    version = image_drift.served_version(observed)
    words = "its pods are of an earlier release, or do not answer on their port for probes"
    if () in told:
        words = (
            "its contract has no thresholds, since its holdout is too small, or a run of an "
            "earlier release made it"
        )
    return UNKNOWN, Reason.DRIFT_NOT_TOLD, f"nobody can tell of version {version}: {words}"


def too_few_answers(observed: Observed) -> PartialCondition | None:
    if image_drift.furthest(observed) is not None:
        return None
    pods = image_drift.asked_pods(observed)
    least = min(windows.answers for pod in pods for windows in pod.windows or ())
    words = (
        f"no pod has answered {IN_A_ROW * least} images since it started: drift is told by "
        f"{IN_A_ROW} windows in a row, of {least} answers or more"
    )
    return UNKNOWN, Reason.TOO_FEW_ANSWERS, words


def _furthest(drift: Drift | None) -> str:
    if drift is None or drift.score is None:
        return ""
    return (
        f"{IN_A_ROW} windows of {drift.window} answers in a row in pod {drift.pod} reach "
        f"{drift.score:g} times a threshold ({drift.statistic}, {drift.compared_at})"
    )


def _next(resource: Resource) -> str:
    """What a person may do about it."""
    if resource.spec.feedback.mode is not FeedbackMode.DISABLED:
        return "a share of the answers waits in the review queue"
    return "look at images of late before another run"
