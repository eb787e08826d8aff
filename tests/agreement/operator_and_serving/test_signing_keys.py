"""What the operator lays beside a key that is for a while is what pods have signed with before."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from dandelion_inference.journal import answer_ids as serving
from dandelion_inference.ports import credentials as of_serving
from dandelion_operator.api import naming
from dandelion_operator.ports.s3.credentials import Credentials, encoded, signing_key
from dandelion_training.ports.storage import credentials as of_training
from dandelion_training.review import answer_id, decisions

INSTALLATION = Credentials("access", "the installation's")
TEMPORARY = Credentials("for a while", "another", "token")


def folder(root: Path, name: str, data: dict[str, str]) -> Path:
    made = root / name
    made.mkdir()
    for part, text in data.items():
        (made / part).write_bytes(base64.b64decode(text))
    return made


@pytest.mark.parametrize(
    ("purpose", "signed"),
    [
        pytest.param(naming.TRAINING, decisions.PURPOSE, id="decisions"),
        pytest.param(naming.LOG, answer_id.PURPOSE, id="ids of answers, where they are traced"),
        pytest.param(naming.LOG, serving.PURPOSE, id="ids of answers, where they are given"),
    ],
)
def test_a_signature_holds_from_a_shared_key_to_one_for_a_while(
    tmp_path: Path, purpose: str, signed: bytes
) -> None:
    shared = folder(tmp_path, "shared", encoded(INSTALLATION))
    temporary = encoded(TEMPORARY) | signing_key(purpose, INSTALLATION.secret_key)
    mounted = folder(tmp_path, "temporary", temporary)
    for read in (of_training.signing_key, of_serving.signing_key):
        assert read(shared, signed) == read(mounted, signed) is not None


def test_a_key_that_signs_nothing_has_nothing_beside_it() -> None:
    assert signing_key(naming.INFERENCE, INSTALLATION.secret_key) == {}
