"""Whose token it is and whom it is meant for: the token reviewer's questions to a real API
server."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import urllib3
from dandelion_inference.intake.reviews import Place
from dandelion_inference.reviewer import api_server
from dandelion_inference.reviewer.api_server import ApiServer as Asked
from dandelion_inference.reviewer.api_server import User

from tests.api.server import ADMIN_TOKEN, ApiServer
from tests.api.tokens import await_end

ACCOUNT = "camera"
USER = f"system:serviceaccount:default:{ACCOUNT}"
LAWN = Place("default", "lawn")


def token(api: ApiServer, *options: str) -> str:
    return api.kubectl("create", "token", ACCOUNT, *options).strip()


def withdrawn(api: ApiServer) -> str:
    api.kubectl("create", "secret", "generic", "bound", "--from-literal=a=b")
    bound = ("--bound-object-kind=Secret", "--bound-object-name=bound")
    made = token(api, "--audience=dandelion.dev", *bound)
    api.kubectl("delete", "secret", "bound")
    await_end(api, made, "dandelion.dev")
    return made


TOKENS: dict[str, tuple[Callable[[ApiServer], str], str | None]] = {
    "one for this service": (lambda api: token(api, "--audience=dandelion.dev"), USER),
    "one for this service and another": (
        lambda api: token(api, "--audience=vault", "--audience=dandelion.dev"),
        USER,
    ),
    "one for this model alone": (
        lambda api: token(api, "--audience=dandelion.dev/default/lawn"),
        USER,
    ),
    "one for another model alone": (
        lambda api: token(api, "--audience=dandelion.dev/other/lawn"),
        None,
    ),
    "one for another": (lambda api: token(api, "--audience=vault"), None),
    "one for the API server": (token, None),
    "one of a person, which is for the API server": (lambda api: ADMIN_TOKEN, None),
    "one whose object is gone": (withdrawn, None),
    "an invented one": (lambda api: "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjF9.c2ln", None),
}


@pytest.fixture
def asked(api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """As the token reviewer asks, with what is mounted into it, and more patience."""
    monkeypatch.setattr(api_server, "TIMEOUT", urllib3.Timeout(60))
    manifest = api.kubectl(*("create", "serviceaccount", ACCOUNT, "--dry-run=client", "-o", "yaml"))
    api.apply(manifest)
    (tmp_path / "token").write_text(ADMIN_TOKEN)
    (tmp_path / "ca.crt").write_text(api.authority.read_text())
    return Asked("127.0.0.1", api.port, tmp_path)


@pytest.mark.parametrize("case", TOKENS)
def test_only_a_token_for_this_service_is_somebodys(
    api: ApiServer, asked: Asked, case: str
) -> None:
    make, wanted = TOKENS[case]
    user = asked.user(make(api), LAWN, {})
    assert (user.username if user else None) == wanted


@pytest.mark.parametrize(
    ("audience", "status"), [("https://kubernetes.default.svc", 200), ("dandelion.dev", 401)]
)
def test_a_token_for_this_service_opens_nothing_at_the_api_server(
    api: ApiServer, asked: Asked, audience: str, status: int
) -> None:
    answer = httpx.get(
        f"https://127.0.0.1:{api.port}/version",
        headers={"Authorization": f"Bearer {token(api, f'--audience={audience}')}"},
        verify=ssl.create_default_context(cafile=str(api.authority)),
        timeout=60,
        trust_env=False,
    )
    assert answer.status_code == status


def test_what_the_api_server_says_of_a_caller_decides(api: ApiServer, asked: Asked) -> None:
    user = asked.user(token(api, "--audience=dandelion.dev"), LAWN, {})
    assert isinstance(user, User)
    assert not asked.may(user, LAWN, "predict", {})
    api.apply(
        api.kubectl(
            *("create", "role", ACCOUNT, "--verb=create", "--resource-name=lawn"),
            *(
                "--resource=modeldeployments.dandelion.dev/predict",
                "--dry-run=client",
                "-o",
                "yaml",
            ),
        )
    )
    api.apply(
        api.kubectl(
            *("create", "rolebinding", ACCOUNT, f"--role={ACCOUNT}"),
            *(f"--serviceaccount=default:{ACCOUNT}", "--dry-run=client", "-o", "yaml"),
        )
    )
    assert asked.may(user, LAWN, "predict", {})
    assert not asked.may(user, LAWN, "feedback", {})
    assert not asked.may(user, Place("default", "park"), "predict", {})
