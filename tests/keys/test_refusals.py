"""What a real MinIO says where it gives no key, and what is made of it."""

from __future__ import annotations

import dataclasses

import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.access.sts import Sts
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.credentials import Credentials

from tests.keys.given import SHORTEST, asked, resource
from tests.keys.minio import Store

LAWN = resource("team-a", "lawn")


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        (Credentials("nobody", "x" * 20), "AccessDenied"),
        (Credentials("dandelion-training", "x" * 20), "signature"),
    ],
    ids=["a key that nobody has", "a wrong secret"],
)
def test_a_key_of_the_installation_that_is_wrong_is_named(
    store: Store, credentials: Credentials, words: str
) -> None:
    found = asked(store, naming.TRAINING, LAWN, credentials=credentials)
    assert isinstance(found, Failure)
    assert found.reason is Reason.CREDENTIALS_REJECTED
    assert words in found.message
    assert credentials.secret_key not in found.message


def test_a_policy_that_is_too_long_is_refused_in_the_words_of_the_endpoint(store: Store) -> None:
    uri = "s3://datasets/" + "/".join(["x" * 200] * 5)
    found = asked(store, naming.TRAINING, resource("team-a", "lawn", storageUri=uri))
    assert isinstance(found, Failure)
    assert "2048 characters" in found.message


def test_a_life_that_the_endpoint_does_not_grant_is_refused(store: Store) -> None:
    found = asked(store, naming.TRAINING, LAWN, Sts(life_seconds=1))
    assert isinstance(found, Failure)
    assert found.reason is Reason.CREDENTIALS_REJECTED


def test_an_endpoint_that_nobody_listens_at_is_unreachable(store: Store) -> None:
    nowhere = dataclasses.replace(SHORTEST, endpoint="http://127.0.0.1:1")
    found = asked(store, naming.TRAINING, LAWN, nowhere)
    assert isinstance(found, Failure)
    assert found.reason is Reason.STORAGE_UNREACHABLE
