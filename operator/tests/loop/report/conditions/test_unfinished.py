"""RolledOut, while the champion is on its way: a pod's own words, who paused it, the deadline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.report.conditions.rolled_out import rolled_out
from dandelion_operator.seen.observed import Observed
from given import deployment, pod, serving
from given.report.conditions import PLAIN, SETTLED

UNFINISHED = "0 of 1 replicas serve version 3"


@pytest.mark.parametrize(
    ("observed", "wanted", "decided", "told"),
    [
        pytest.param(
            serving(
                3,
                deployment=deployment(
                    3, available=0, deadline_exceeded=True, paused_by="you", refused="a quota"
                ),
                pods=(pod(3, ready=False, reason="ImagePullBackOff", permanent=True),),
            ),
            PLAIN,
            {},
            (
                "False",
                "ArtifactRejected",
                f"{UNFINISHED}; pod lawn-inference-3: ImagePullBackOff",
            ),
            id="a pod that never can before who paused it",
        ),
        pytest.param(
            serving(
                3,
                deployment=deployment(3, available=0, deadline_exceeded=True, paused_by="you"),
                pods=(),
            ),
            PLAIN,
            {},
            (
                "False",
                "Paused",
                "the Deployment lawn-inference is paused by you, so no other version is rolled "
                "out until kubectl rollout resume deployment/lawn-inference; " + UNFINISHED,
            ),
            id="who paused it before the deadline",
        ),
        pytest.param(
            serving(
                3,
                deployment=deployment(3, available=0, deadline_exceeded=True, refused="a quota"),
                pods=(),
            ),
            PLAIN,
            {},
            ("False", "ProgressDeadlineExceeded", f"{UNFINISHED}; a quota"),
            id="the deadline before what it waits for",
        ),
        pytest.param(
            serving(
                3,
                deployment=deployment(3, available=0, refused="a quota", evicted="disk"),
                pods=(pod(3, ready=False, reason="ImagePullBackOff"),),
            ),
            PLAIN,
            {},
            (
                "Unknown",
                "ImagePullFailed",
                f"{UNFINISHED}; pod lawn-inference-3: ImagePullBackOff",
            ),
            id="a pod's own words before a refusal",
        ),
        pytest.param(
            serving(
                3, deployment=deployment(3, available=0, refused="a quota", evicted="disk"), pods=()
            ),
            PLAIN,
            {},
            ("Unknown", "PodsRefused", f"{UNFINISHED}; a quota"),
            id="a refusal before an eviction",
        ),
        pytest.param(
            serving(3, deployment=deployment(3, available=0, evicted="disk"), pods=()),
            PLAIN,
            {},
            ("Unknown", "Evicted", f"{UNFINISHED}; a pod was evicted: disk"),
            id="an eviction",
        ),
        pytest.param(
            serving(
                3,
                deployment=deployment(3, available=0, refused="a quota"),
                pods=(pod(3, ready=False),),
            ),
            PLAIN,
            {},
            ("Unknown", "PodsRefused", f"{UNFINISHED}; a quota"),
            id="a pod without words does not hide a refusal",
        ),
        pytest.param(
            serving(
                3,
                deployment=deployment(3, available=0, refused="a quota"),
                pods=(pod(3, reason="ImagePullBackOff"),),
            ),
            PLAIN,
            {},
            ("Unknown", "PodsRefused", "1 of 1 replicas serve version 3; a quota"),
            id="a pod that is ready is in no trouble",
        ),
        pytest.param(
            serving(3, deployment=deployment(3, available=0), pods=(pod(3, deleting=True),)),
            PLAIN,
            {},
            ("Unknown", "Progressing", UNFINISHED),
            id="a pod that leaves serves no more",
        ),
    ],
)
def test_what_holds_a_rollout_up(
    observed: Observed, wanted: Resource, decided: dict[str, Any], told: tuple[str, str, str]
) -> None:
    assert rolled_out(wanted, observed, replace(SETTLED, **decided), ()) == told
