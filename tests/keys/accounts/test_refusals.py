"""What each component says where its account is lent no key, at a real MinIO; and that it says no
token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import urllib3
from dandelion_inference.ports.settings import Settings
from dandelion_inference.ports.storage import S3Writer, StorageError
from dandelion_operator.api.reasons import Failure
from dandelion_operator.ports.s3.identity import OperatorIdentity
from dandelion_training.ports.failures import TrainingFailure
from dandelion_training.ports.storage import Location, s3

from tests.keys.accounts.given import installation
from tests.keys.accounts.issuer import Issuer
from tests.keys.minio import Store

Said = Callable[[Store, Settings, Mapping[str, str]], str]


def training(store: Store, settings: Settings, environment: Mapping[str, str]) -> str:
    folder = settings.s3_credentials_dir
    found = s3.connect(store.url, "us-east-1", folder, "", attempts=1, pool=1)
    with pytest.raises(TrainingFailure) as failed:
        found.read(Location.parse("s3://models/team-a/lawn/run/x"))
    return failed.value.message


def serving(store: Store, settings: Settings, environment: Mapping[str, str]) -> str:
    with pytest.raises(StorageError) as failed:
        S3Writer(settings, urllib3.Timeout(60)).write("predictions", "x", b"", "text/plain")
    return failed.value.detail


def operator(store: Store, settings: Settings, environment: Mapping[str, str]) -> str:
    found = asyncio.run(OperatorIdentity(installation(store), environment).credentials())
    assert isinstance(found, Failure)
    return found.message


EVERYBODY = pytest.mark.parametrize("says", [training, serving, operator])


def told(monkeypatch: pytest.MonkeyPatch, store: Store, file: Path) -> dict[str, str]:
    environment = {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        "DANDELION_S3_ACCOUNT": "lawn-training",
        "DANDELION_S3_STS_ENDPOINT": store.url,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


@EVERYBODY
@pytest.mark.parametrize(
    ("seconds", "audience", "policies"),
    [
        pytest.param(-60, "sts.amazonaws.com", "dandelion-training", id="that has ended"),
        pytest.param(600, "kubernetes", "dandelion-training", id="for another audience"),
        pytest.param(600, "sts.amazonaws.com", "", id="of an account that nobody lets in"),
    ],
)
def test_a_token_is_refused(
    trusting: Store,
    issuer: Issuer,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    says: Said,
    seconds: float,
    audience: str,
    policies: str,
) -> None:
    file = tmp_path / "token"
    token = issuer.token("team-a:lawn-training", policies, seconds, audience)
    file.write_text(token)
    words = says(trusting, settings, told(monkeypatch, trusting, file))
    assert trusting.url in words
    assert "ServiceAccount" in words
    assert token not in words
    assert token.rpartition(".")[2] not in words


@EVERYBODY
def test_a_token_of_another_issuer_is_refused(
    trusting: Store,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    says: Said,
) -> None:
    file = tmp_path / "token"
    file.write_text(Issuer().token("team-a:lawn-training", "dandelion-training", 600))
    assert "gives no" in says(trusting, settings, told(monkeypatch, trusting, file))


@EVERYBODY
def test_a_pod_that_no_webhook_has_seen_says_so(
    trusting: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, says: Said
) -> None:
    monkeypatch.setenv("DANDELION_S3_ACCOUNT", "lawn-training")
    words = says(trusting, settings, {})
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" in words
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in words
    assert "webhook" in words
    if says is not operator:
        assert "ServiceAccount lawn-training" in words


@pytest.mark.parametrize("says", [training, serving])
def test_a_token_is_sent_to_no_agent_that_is_elsewhere(
    trusting: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, says: Said
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.0.0.1/credentials")
    assert "neither an https address nor an agent" in says(trusting, settings, {})


@pytest.mark.parametrize("says", [training, serving])
def test_a_key_that_is_mounted_comes_first_and_half_of_one_is_no_reason_to_go_by_the_account(
    trusting: Store,
    issuer: Issuer,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    says: Said,
) -> None:
    file = tmp_path / "token"
    file.write_text(issuer.token("team-a:lawn-training", "dandelion-training", 600))
    settings.s3_credentials_dir.mkdir()
    (settings.s3_credentials_dir / "AWS_ACCESS_KEY_ID").write_text("half")
    words = says(trusting, settings, told(monkeypatch, trusting, file))
    assert "AWS_SECRET_ACCESS_KEY" in words
