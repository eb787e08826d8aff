"""Whether what serves is about to be replaced, so that nothing is to be asked for because of it."""

from __future__ import annotations

from dandelion_operator.api.location import Target
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen, Verdict


def a_successor_comes(observed: Observed, last: LastRun, served: Target) -> bool:
    """Whether another version is being rolled out, or what the last run made is still to be judged
    or waits for a person's word.
    """
    made, registry = last.version, observed.registry
    champion = registry.champion if isinstance(registry, RegistrySeen) else None
    if champion not in (None, served.version):
        return True
    undecided = ("", Verdict.PASSED, Verdict.PROMOTING, Verdict.AWAITING)
    return made is not None and made.target != served and made.verdict in undecided
