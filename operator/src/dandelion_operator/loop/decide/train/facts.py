"""What the decision about training rests on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from dandelion_operator.api import digests
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.decisions import Acceptance
from dandelion_operator.loop.decide.train.triggers import NOTHING_ASKED, Asked, asked
from dandelion_operator.seen.conclusions.last_run import LastRun, may_be_repeated
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen, JobSeen
from dandelion_operator.seen.versions import RegistrySeen


@dataclass(frozen=True)
class Facts:
    resource: Resource
    observed: Observed
    acceptance: Acceptance
    training_hash: str
    last: LastRun | None

    @property
    def in_flight(self) -> tuple[JobSeen, ...]:
        """A Job whose version is registered has done its work, even if its pod still ends."""
        return tuple(
            job
            for job in self.observed.jobs
            if not (job.state.finished or job.deleting or self._is_done(job.run))
        )

    def _is_done(self, run: str) -> bool:
        """Known by its version or, while MLflow does not answer, from a look at which it did."""
        last, registry = self.last, self.observed.registry
        if last is not None and last.run == run and last.state is RunState.SUCCEEDED:
            return True
        return isinstance(registry, RegistrySeen) and registry.of_run(run) is not None

    @property
    def wanted_in_flight(self) -> JobSeen | None:
        return next(
            (job for job in self.in_flight if job.training_hash == self.training_hash), None
        )

    @property
    def fingerprint(self) -> str:
        dataset = self.observed.dataset
        return dataset.fingerprint if isinstance(dataset, DatasetSeen) else ""

    @cached_property
    def triggers(self) -> Asked:
        """What triggers ask for once the last run is over and was for what is wanted."""
        last = self.last
        if last is None or last.training_hash != self.training_hash or not last.state.finished:
            return NOTHING_ASKED
        failed = last.state is RunState.FAILED
        again = failed and (may_be_repeated(last) or self.given_something_else(last))
        return asked(self.resource, self.observed, self.acceptance, last, again)

    @property
    def repeatable(self) -> LastRun | None:
        """The last run, where another attempt at it would make what is wanted: lost or failed."""
        last = self.last
        if last is None or last.training_hash != self.training_hash:
            return None
        if self.triggers.fired is not None:
            return None
        return last if last.lost or last.state is RunState.FAILED else None

    @property
    def searched(self) -> LastRun | None:
        """The last run, where its search is over and its training has not been started."""
        last = self.last
        if last is None or last.training_hash != self.training_hash or last.state.finished:
            return None
        return last if last.searching and last.searched and not last.lost else None

    def given_something_else(self, last: LastRun) -> bool:
        """Whether the next attempt would be given other resources, nodes or time than the last."""
        return last.execution is not None and last.execution != digests.execution(self.resource)
