"""What is to be done, as values: the actions that `decide` chooses from and `apply` carries out.

Every action is idempotent: carried out twice, or carried out and then killed before anybody took
notice, it leaves what once would have left.
"""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.decisions import (
    NO_INGEST,
    Acceptance,
    IngestDecision,
    PromoteDecision,
    RolloutDecision,
    TrainDecision,
)


@dataclass(frozen=True)
class Plan:
    secrets: tuple[Action, ...]
    acceptance: Acceptance
    train: TrainDecision
    promote: PromoteDecision
    rollout: RolloutDecision
    ingest: IngestDecision = NO_INGEST
    policies: tuple[Action, ...] = ()
    tidy: tuple[Action, ...] = ()
    # Secrets and NetworkPolicies, as RolloutDecision has it of the other children.
    contested: tuple[str, ...] = ()

    @property
    def concerns(self) -> tuple[tuple[Action, ...], ...]:
        """One after the other; what goes wrong in one concern does not hold up the next."""
        return (
            self.secrets,
            self.policies,
            self.promote.actions,
            self.rollout.actions,
            self.train.actions,
            self.ingest.actions,
            self.tidy,
        )

    @property
    def rests_on_the_registry(self) -> bool:
        """Whether something is to be done that another look at the registry could forbid."""
        return bool(
            self.promote.actions
            or self.rollout.actions
            or self.train.actions
            or self.ingest.actions
        )


@dataclass(frozen=True)
class Refusal:
    """An action that could not be carried out, for the report."""

    action: Action
    message: str
    refused_for_good: bool
    name_taken: bool = False  # an object of that name is somebody else's
