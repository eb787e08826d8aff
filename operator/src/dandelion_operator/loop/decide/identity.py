"""What pods that reach S3 by their accounts need: the accounts, and what is signed with."""

from __future__ import annotations

from dandelion_operator.api import naming
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.children import AddSigningKey, ApplyS3Account
from dandelion_operator.seen.observed import Observed


def identity(observed: Observed) -> tuple[Action, ...]:
    """Before anything that makes pods: a webhook looks at the account when a pod is made."""
    return (
        *(
            ApplyS3Account(component)
            for component in (naming.TRAINING, naming.INFERENCE)
            if component in observed.accounts
        ),
        *(AddSigningKey(purpose) for purpose in sorted(observed.secrets.unsigned)),
    )
