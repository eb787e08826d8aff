"""What no account of a namespace gets of the API server."""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
import pytest
from dandelion_demo.install import RELEASE

from tests.e2e.installation.neighbours.given import EDITOR, MODELS, OURS, THEIRS, Json, Neighbours

ACCOUNTS = "/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
BINDING: Json = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "burglar"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "burglar"}],
}
OPENED: Json = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "burglar"},
    "spec": {"podSelector": {}, "ingress": [{}]},
}
TOKEN: Json = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
REVIEWED: Json = {
    "apiVersion": "authorization.k8s.io/v1",
    "kind": "SubjectAccessReview",
    "spec": {"user": "somebody", "resourceAttributes": {"verb": "get", "resource": "secrets"}},
}


def _annotated(**annotations: str) -> Json:
    return {"metadata": {"annotations": {f"dandelion.dev/{k}": v for k, v in annotations.items()}}}


def _token_of(account: str, namespace: str) -> tuple[str, str, Json]:
    path = ACCOUNTS.replace("{namespace}", f"{{{namespace}}}").replace("{account}", account)
    return "POST", path, TOKEN


ATTEMPTS: Mapping[str, tuple[str, str, Json | None]] = {
    "list their models": ("GET", MODELS, None),
    "read their model": ("GET", f"{MODELS}/{THEIRS}", None),
    "promote theirs": ("PATCH", f"{MODELS}/{THEIRS}", _annotated(promote="1/again")),
    "read their images": ("PATCH", f"{MODELS}/{THEIRS}", _annotated(ingest="again")),
    "retrain theirs": ("PATCH", f"{MODELS}/{THEIRS}", _annotated(retrain="again")),
    "pause theirs": ("PATCH", f"{MODELS}/{THEIRS}", {"spec": {"suspend": True}}),
    "write their status": ("PATCH", f"{MODELS}/{THEIRS}/status", {"status": {"history": []}}),
    "delete theirs": ("DELETE", f"{MODELS}/{THEIRS}", None),
    "read their Secrets": ("GET", "/api/v1/namespaces/{there}/secrets", None),
    "read their pods": ("GET", "/api/v1/namespaces/{there}/pods", None),
    "run a pod there": ("POST", "/api/v1/namespaces/{there}/pods", {}),
    "ask their model by the API server": (
        "GET",
        f"/api/v1/namespaces/{{there}}/services/{THEIRS}-inference:80/proxy/readyz",
        None,
    ),
    "a token of their training": _token_of(f"{THEIRS}-training", "there"),
    "a token of their administrator": _token_of("administrator", "there"),
    "the installation's Secrets": ("GET", "/api/v1/namespaces/{system}/secrets", None),
    "a token of the operator": _token_of(f"{RELEASE}-operator", "system"),
    "a token of the console": _token_of(f"{RELEASE}-console", "system"),
    "a token of the token reviewer": _token_of(f"{RELEASE}-token-reviewer", "system"),
    "a token of the review service": _token_of(f"{RELEASE}-review", "system"),
    "a right there": (
        "POST",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/{there}/rolebindings",
        BINDING,
    ),
    "their network opened": (
        "POST",
        "/apis/networking.k8s.io/v1/namespaces/{there}/networkpolicies",
        OPENED,
    ),
    "MLflow's network opened": (
        "POST",
        "/apis/networking.k8s.io/v1/namespaces/{system}/networkpolicies",
        OPENED,
    ),
    "what somebody may": (
        "POST",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        REVIEWED,
    ),
    "whose a token is": (
        "POST",
        "/apis/authentication.k8s.io/v1/tokenreviews",
        {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": "somebody's"},
        },
    ),
}


@pytest.mark.parametrize("what", ATTEMPTS)
def test_no_token_of_our_accounts_gets_it_of_the_cluster(neighbours: Neighbours, what: str) -> None:
    method, path, body = ATTEMPTS[what]
    headers = {"Content-Type": "application/merge-patch+json"} if method == "PATCH" else {}
    sent: Json = {} if body is None else {"content": json.dumps(body)}
    if body is not None and not headers:
        headers = {"Content-Type": "application/json"}
    for account, token in neighbours.tokens.items():
        answer = neighbours.ask(token, method, neighbours.place(path), headers=headers, **sent)
        assert answer.status_code == httpx.codes.FORBIDDEN, (account, answer.text)


def test_an_editor_acts_as_none_of_their_accounts(neighbours: Neighbours) -> None:
    """`edit` may impersonate the accounts of its own namespace."""
    path = neighbours.place(f"{MODELS}/{THEIRS}")
    for user in ("administrator", f"{THEIRS}-training"):
        them = {"Impersonate-User": f"system:serviceaccount:{neighbours.there.namespace}:{user}"}
        answer = neighbours.ask(neighbours.tokens[EDITOR], "GET", path, headers=them)
        assert answer.status_code == httpx.codes.FORBIDDEN, answer.text
        assert "cannot impersonate" in answer.text


FORGED: Mapping[str, tuple[Json, str]] = {
    "another's name": (
        _annotated(**{"retrain": "forged", "requested-by": "retrain=forged by ada@example.com"}),
        "your own name",
    ),
    "a promotion": (_annotated(promote="1/forged"), "modeldeployments/promote"),
}


@pytest.mark.parametrize("what", FORGED)
def test_an_editor_forges_nothing_in_a_model_of_their_own(
    neighbours: Neighbours, what: str
) -> None:
    body, words = FORGED[what]
    path = neighbours.place(MODELS.replace("{there}", "{here}"))
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = neighbours.ask(
        neighbours.tokens[EDITOR], "PATCH", f"{path}/{OURS}", headers=headers, json=body
    )
    assert answer.is_client_error
    assert words in answer.text
