"""What pods without keys need, by what was seen."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api import naming
from dandelion_operator.loop.decide.identity import identity
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.children import AddSigningKey, ApplyS3Account
from dandelion_operator.seen.identity import AccountSecrets

TRAINING, INFERENCE = ApplyS3Account(naming.TRAINING), ApplyS3Account(naming.INFERENCE)


@pytest.mark.parametrize(
    ("accounts", "secrets", "wanted"),
    [
        pytest.param((), AccountSecrets(), (), id="all is as it should be"),
        pytest.param(("training",), AccountSecrets(), (TRAINING,), id="training has no account"),
        pytest.param(
            ("inference", "training"),
            AccountSecrets(),
            (TRAINING, INFERENCE),
            id="neither of them has",
        ),
        pytest.param(
            (), AccountSecrets(held=frozenset({"log"})), (), id="pods of before use the log's key"
        ),
        pytest.param(
            ("inference",),
            AccountSecrets(held=frozenset({"log"}), unsigned=frozenset({"log"})),
            (INFERENCE, AddSigningKey("log")),
            id="and newer ones have nothing to sign with: the account comes first",
        ),
    ],
)
def test_accounts_come_before_what_is_signed_with(
    accounts: tuple[str, ...], secrets: AccountSecrets, wanted: tuple[Action, ...]
) -> None:
    seen = replace(given.seen(), accounts=frozenset(accounts), secrets=secrets)
    assert identity(seen) == wanted
