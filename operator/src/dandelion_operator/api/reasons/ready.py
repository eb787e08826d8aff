"""Reasons about the Service.

Ready turns True once the champion is rolled out completely and the Service answers with it. It
stays True while the Service answers with a version of this resource, the old one included, because
a rollout that is under way or stuck takes nothing away from who calls the Service.
"""

from __future__ import annotations

from dandelion_operator.api.reasons.facts import FALSE, READY, TRUE, WHILE_ROLLING_OUT, Facts

SERVING = Facts(
    "Serving", "The Service answers; the message names the version that does.", {READY: TRUE}
)
NOT_ANSWERING = Facts(
    "NotAnswering",
    "Replicas are there, but a request through the Service fails.",
    {READY: FALSE},
    again={READY: WHILE_ROLLING_OUT},
)
