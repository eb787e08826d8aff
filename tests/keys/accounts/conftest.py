from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from dandelion_inference.ports.settings import Settings
from dandelion_local import tools

from tests.keys.accounts.given import WAYS, Pod
from tests.keys.accounts.issuer import AUDIENCE, Issuer, issuing
from tests.keys.minio import Store, running


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


@pytest.fixture(scope="session")
def trusting(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A MinIO that gives keys for the issuer's tokens."""
    tools.ensure(tools.holding(["minio"]))
    trust = {
        "MINIO_IDENTITY_OPENID_CONFIG_URL": f"{issuer.url}/.well-known/openid-configuration",
        "MINIO_IDENTITY_OPENID_CLIENT_ID": AUDIENCE,
        "MINIO_IDENTITY_OPENID_CLAIM_NAME": "policy",
    }
    with running(tmp_path_factory.mktemp("trusting"), **trust) as found:
        yield found


Made = Callable[[str], Pod]


@pytest.fixture(params=sorted(WAYS))
def pod(
    request: pytest.FixtureRequest, issuer: Issuer, trusting: Store, tmp_path: Path
) -> Iterator[Made]:
    """Makes a pod of a component, with each of the two identities."""
    with ExitStack() as stack:
        yield lambda component: stack.enter_context(
            WAYS[request.param](issuer, trusting, tmp_path, component)
        )


@pytest.fixture
def settings(trusting: Store, tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "model_namespace": "team-a",
            "model_name": "lawn",
            "model_version": "1",
            "artifact_uri": "s3://models/team-a/lawn/run",
            "contract_digest": "sha256:" + "0" * 64,
            "s3_endpoint": trusting.url,
            "s3_credentials_dir": tmp_path / "none",
            "log_credentials_dir": tmp_path / "none",
        }
    )
