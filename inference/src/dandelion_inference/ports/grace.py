"""How a pod that is told to end spends its time, from SIGTERM to SIGKILL.

First it goes on accepting for a moment, because proxies learn late that it is going; where new
connections come all the same, on a busy node or behind a balancer, until they no longer do. Then it
finishes what is in flight, which takes as long as the longest request may, and then it writes the
prediction log. The operator gives a pod a `terminationGracePeriodSeconds` in which all of that
fits; where less is given, each part gets less, and the log never nothing. Pure; called by
`settings.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

# What Kubernetes gives a pod that says nothing of it, in seconds.
USUAL_GRACE_SECONDS = 30.0

# Left over for what comes before, between and after: signals, ticks of the server, the process's
# own end.
MARGIN_SECONDS = 3.0


@dataclass(frozen=True)
class Ending:
    """The parts, in the order in which they follow, in seconds."""

    drain: float
    finish: float
    log: float
    cuts_requests: bool
    """Whether the longest request would not be finished."""

    @property
    def longest_drain(self) -> float:
        """Where new connections go on coming: whoever comes is sure to be refused after it, and few
        requests take half of what is given to those in flight."""
        return self.drain + self.finish / 2

    def finish_after(self, drained: float) -> float:
        """What is left for requests in flight after so long a drain."""
        return self.finish - max(drained - self.drain, 0.0)

    def is_drained(self, began: float, newest: float, now: float) -> bool:
        """Whether proxies have learnt it: nobody has connected for as long as a drain takes.

        All are moments in seconds: of SIGTERM, of the newest connection, and of the question.
        """
        quiet, so_far = now - max(began, newest), now - began
        return quiet >= self.drain or so_far >= self.longest_drain


def ending(grace: float, drain: float, longest_request: float, log: float) -> Ending:
    """`grace` is what there is in all, the others are what is wanted, in seconds.

    Draining and the log get at most a third each; requests in flight get what they leave.
    """
    left = max(grace - MARGIN_SECONDS, 0.0)
    drain, log = min(drain, left / 3), min(log, left / 3)
    finish = min(longest_request, left - drain - log)
    return Ending(drain, finish, log, cuts_requests=finish < longest_request)
