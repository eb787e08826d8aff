"""Who is answered, when the cluster's own tokens and rules say so."""

from __future__ import annotations

import base64
import itertools
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pictures
import pytest
from dandelion_inference.intake.verdicts import DENIED_SECONDS
from fakes import api_server as fake_api_server
from fakes import s3 as fake_s3
from fakes.api_server import FakeApiServer
from running.logging_service import answer_elsewhere, eventually, logging_environment, metric
from running.reviewing import ReviewerProcess, reviewing
from running.service import Service, started

ROLES = {
    "no role": set[str](),
    "predict": {"predict"},
    "feedback": {"feedback"},
    "both": {"predict", "feedback"},
}
# What RBAC calls it, and the answer of somebody who may.
ROUTES = {
    "predict": ("predict", 200),
    "explain": ("predict", 200),
    "model": ("predict", 200),
    "v1/models/lawn:predict": ("predict", 200),
    "v2/models/lawn/infer": ("predict", 200),
    "feedback": ("feedback", 202),
}

TOKENS_NEEDED = (
    *("/predict", "/explain", "/feedback", "/model"),
    *("/v2/models/{name}", "/v2/models/{name}/versions/{version}"),
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeApiServer]:
    with fake_api_server.running(tmp_path_factory.mktemp("account")) as server:
        for role, actions in ROLES.items():
            name = f"system:serviceaccount:default:{role.replace(' ', '-')}"
            server.users[f"token-of-{role.replace(' ', '-')}"] = name
            server.rules |= {(name, action) for action in actions}
        server.audiences = {
            "token-for-vault": ["vault"],
            "token-for-the-cluster": [fake_api_server.CLUSTER],
            "token-for-this-model": ["dandelion.dev/default/lawn"],
            "token-for-another-model": ["dandelion.dev/default/park"],
        }
        server.users |= dict.fromkeys(server.audiences, "system:serviceaccount:default:both")
        yield server


@pytest.fixture(scope="module")
def reviewer(api: FakeApiServer) -> Iterator[ReviewerProcess]:
    with reviewing(api.server_port, api.folder) as running:
        yield running


@pytest.fixture(scope="module")
def guarded(
    reviewer: ReviewerProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A ready service that answers only whom the cluster lets."""
    with fake_s3.running() as s3:
        wanted = logging_environment(s3, tmp_path_factory.mktemp("service"))
        with started(wanted | reviewer.environment()) as service:
            service.wait_ready()
            yield service


@pytest.fixture(autouse=True)
def healthy(api: FakeApiServer) -> Iterator[None]:
    yield
    api.status = 201
    api.reviewer = fake_api_server.REVIEWER
    api.gate.set()
    api.holds_on = False
    api.knows_audiences = True


def ask(service: Service, route: str, *authorization: str) -> httpx.Response:
    headers = [("Authorization", value) for value in authorization]
    body: str | bytes
    if route == "model":
        return service.get(f"/{route}", headers=headers)
    if route == "feedback":
        body = json.dumps({"id": answer_elsewhere(service), "index": 0, "label": "red"})
        headers.append(("Content-Type", "application/json"))
    elif route.startswith("v1/"):
        body = json.dumps({"instances": [base64.b64encode(pictures.plain()).decode()]})
    elif route.startswith("v2/"):
        image = base64.b64encode(pictures.plain()).decode()
        tensor = {"name": "file", "shape": [1], "datatype": "BYTES", "data": [image]}
        body = json.dumps({"inputs": [tensor]})
    else:
        body = pictures.plain()
    return service.post(f"/{route}", headers=headers, content=body)


def fresh(api: FakeApiServer, role: str = "both") -> str:
    """A token that the service has not seen yet, as an Authorization header."""
    token = f"{role}-{uuid4()}"
    api.users[token] = f"system:serviceaccount:default:{role}"
    return f"Bearer {token}"


def reviews(api: FakeApiServer, header: str) -> int:
    """How often it was asked about this token. Those that are known are asked about meanwhile."""
    return sum(header.endswith(review["spec"].get("token", "?")) for review in api.reviews)


REFUSED_TOKENS = {
    "no token": (),
    "an expired or invented one": ("Bearer eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjF9.c2ln",),
    "one for another audience": ("Bearer token-for-vault",),
    "one for the cluster itself": ("Bearer token-for-the-cluster",),
    "one for another model alone": ("Bearer token-for-another-model",),
}


@pytest.mark.parametrize(("route", "token"), list(itertools.product(ROUTES, REFUSED_TOKENS)))
def test_without_a_good_token_nobody_is_answered(guarded: Service, route: str, token: str) -> None:
    answer = ask(guarded, route, *REFUSED_TOKENS[token])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "Unauthenticated"
    assert "kubectl create token ACCOUNT --audience=dandelion.dev" in answer.json()["detail"]


def test_a_token_for_this_model_alone_is_as_good_as_one_for_all(guarded: Service) -> None:
    assert ask(guarded, "predict", "Bearer token-for-this-model").status_code == 200


def test_an_api_server_that_does_not_look_at_audiences_is_not_believed(
    guarded: Service, api: FakeApiServer
) -> None:
    api.knows_audiences = False
    assert ask(guarded, "predict", fresh(api)).status_code == 401


@pytest.mark.parametrize(("route", "role"), list(itertools.product(ROUTES, ROLES)))
def test_a_role_opens_what_it_names_and_nothing_else(
    guarded: Service, route: str, role: str
) -> None:
    answer = ask(guarded, route, f"Bearer token-of-{role.replace(' ', '-')}")
    action, welcome = ROUTES[route]
    if action in ROLES[role]:
        assert answer.status_code == welcome, answer.text
        return
    assert answer.status_code == 403
    problem = answer.json()
    assert problem["code"] == "Forbidden"
    account = f"system:serviceaccount:default:{role.replace(' ', '-')}"
    assert f"{account} may not create modeldeployments.dandelion.dev/{action}" in problem["detail"]
    assert (
        f"kubectl create role lawn-{action} -n default --verb=create "
        f"--resource=modeldeployments.dandelion.dev/{action} --resource-name=lawn"
    ) in problem["detail"]
    assert f"--serviceaccount=default:{role.replace(' ', '-')}" in problem["detail"]


@pytest.mark.parametrize(
    "authorization",
    [
        ("Basic YWxpY2U6c2VjcmV0",),
        ("Bearer",),
        ("Bearer two words",),
        ("Bearer tëken".encode("latin-1").decode("latin-1"),),
        ("Bearer " + "x" * (16 * 1024),),
        ("Bearer token-of-both", "Bearer token-of-predict"),
    ],
    ids=["basic", "no token", "two words", "not ASCII", "too long", "two headers"],
)
def test_what_is_no_token_is_refused_without_asking(
    guarded: Service, api: FakeApiServer, authorization: tuple[str, ...]
) -> None:
    before = len(api.reviews)
    headers = [(b"Authorization", value.encode("latin-1")) for value in authorization]
    answer = guarded.post("/predict", content=pictures.plain(), headers=headers)
    assert answer.status_code == 401
    assert len(api.reviews) == before


@pytest.mark.parametrize("path", ["docs", "openapi.json", "readyz", "v2/health/live"])
def test_what_is_for_everybody_stays_open(guarded: Service, path: str) -> None:
    assert guarded.get(f"/{path}").status_code == 200


def test_the_cluster_is_told_all_it_knows_of_the_sender(
    guarded: Service, api: FakeApiServer
) -> None:
    assert ask(guarded, "predict", fresh(api)).status_code == 200
    name = "system:serviceaccount:default:both"
    token, access = (review["spec"] for review in api.reviews[-2:])
    assert token["audiences"] == ["dandelion.dev", "dandelion.dev/default/lawn"]
    assert access == {
        "user": name,
        "uid": f"uid-of-{name}",
        "groups": ["system:authenticated"],
        "extra": {"authentication.kubernetes.io/credential-id": [f"JTI={name}"]},
        "resourceAttributes": {
            "namespace": "default",
            "verb": "create",
            "group": "dandelion.dev",
            "resource": "modeldeployments",
            "subresource": "predict",
            "name": "lawn",
        },
    }


@pytest.mark.parametrize("role", ["both", "no-role"])
def test_a_token_is_asked_about_once(guarded: Service, api: FakeApiServer, role: str) -> None:
    # An account of its own: those that are known are asked about meanwhile.
    header, account = fresh(api, role), f"system:serviceaccount:default:{uuid4()}"
    api.users[header.removeprefix("Bearer ")] = account
    if role == "both":
        api.rules.add((account, "predict"))
    begun = time.monotonic()
    codes = {ask(guarded, "predict", header).status_code for _ in range(5)}
    assert codes == {200 if role == "both" else 403}
    # And again once the answer holds no longer, on a machine that takes so long for five.
    again = (time.monotonic() - begun) // DENIED_SECONDS
    rights = sum(review["spec"].get("user") == account for review in api.reviews)
    assert 1 <= reviews(api, header) <= 1 + again
    assert 1 <= rights <= 1 + again


def test_the_scheme_is_written_in_any_case(guarded: Service) -> None:
    assert ask(guarded, "predict", "bearer token-of-both").status_code == 200


UNANSWERED: dict[str, dict[str, Any]] = {
    "the API server fails": {"status": 500},
    "the reviewer's account may not ask": {"status": 403},
    "the reviewer's own token is not accepted": {"reviewer": "another"},
}


@pytest.mark.parametrize("case", UNANSWERED)
def test_nobody_new_is_answered_while_nobody_can_be_asked(
    guarded: Service, api: FakeApiServer, case: str
) -> None:
    header = fresh(api)
    for name, value in UNANSWERED[case].items():
        setattr(api, name, value)
    answer = ask(guarded, "predict", header)
    assert answer.status_code == 503
    assert answer.json()["code"] == "AuthUnavailable"
    assert answer.headers["retry-after"] == "1"
    # Who was let in a moment ago still is.
    assert ask(guarded, "predict", "Bearer token-of-both").status_code == 200
    api.status, api.reviewer = 201, fake_api_server.REVIEWER
    assert ask(guarded, "predict", header).status_code == 200


def test_the_reviewers_own_token_is_read_anew(guarded: Service, api: FakeApiServer) -> None:
    api.reviewer = "rotated"
    (api.folder / "token").write_text("rotated\n")
    assert ask(guarded, "predict", fresh(api)).status_code == 200
    (api.folder / "token").write_text(fake_api_server.REVIEWER)


def test_an_api_server_of_another_authority_is_not_believed(
    guarded: Service, api: FakeApiServer, tmp_path: Path
) -> None:
    ours = (api.folder / "ca.crt").read_text()
    with fake_api_server.running(tmp_path) as other:
        (api.folder / "ca.crt").write_text((other.folder / "ca.crt").read_text())
        header = fresh(api)
        assert ask(guarded, "predict", header).status_code == 503
        assert reviews(api, header) == 0
    (api.folder / "ca.crt").write_text(ours)
    assert ask(guarded, "predict", fresh(api)).status_code == 200


def test_an_api_server_that_hangs_holds_up_only_who_needs_it(
    guarded: Service, api: FakeApiServer
) -> None:
    header = fresh(api)
    assert ask(guarded, "predict", "Bearer token-of-both").status_code == 200
    api.holds_on = True
    api.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, guarded, "predict", header)
        eventually(lambda: reviews(api, header) > 0)
        assert ask(guarded, "predict", "Bearer token-of-both").status_code == 200
        assert guarded.get("/v2/health/live").status_code == 200
        api.gate.set()
        assert waiting.result(timeout=60).status_code == 200


def test_reviews_are_counted_by_their_result(guarded: Service, api: FakeApiServer) -> None:
    results = ("allowed", "forbidden", "unauthenticated")

    def counted() -> list[float]:
        return [
            metric(guarded, "dandelion_auth_reviews_total", result=result) for result in results
        ]

    for role in ("both", "no-role"):
        ask(guarded, "predict", fresh(api, role))
    ask(guarded, "predict", f"Bearer {uuid4()}")
    before = counted()
    for role in ("both", "no-role"):
        ask(guarded, "predict", fresh(api, role))
    ask(guarded, "predict", f"Bearer {uuid4()}")
    eventually(lambda: counted() == [value + 1 for value in before])


def test_the_description_asks_for_a_token_where_one_is_needed(guarded: Service) -> None:
    document = guarded.get("/openapi.json").json()
    [scheme] = document["components"]["securitySchemes"]
    description = document["components"]["securitySchemes"][scheme]["description"]
    assert "--audience=dandelion.dev" in description
    assert document["components"]["securitySchemes"][scheme]["scheme"] == "bearer"
    for path, operations in document["paths"].items():
        for operation in operations.values():
            needed = path in TOKENS_NEEDED or path.endswith(("/infer", ":predict"))
            assert operation.get("security", []) == ([{scheme: []}] if needed else [])
            assert ({"401", "403", "503"} <= set(operation["responses"])) == needed


def test_no_token_is_ever_logged(
    guarded: Service, reviewer: ReviewerProcess, api: FakeApiServer
) -> None:
    header = fresh(api)
    api.status = 500
    ask(guarded, "predict", header)
    ask(guarded, "predict", "Bearer two secretwords")
    text = "".join(guarded.log)
    assert "tokens cannot be reviewed" in text
    assert "tokens cannot be reviewed" in "".join(reviewer.log)
    text += "".join(reviewer.log)
    for secret in (header.split()[1], "secretwords", "token-of-", fake_api_server.REVIEWER):
        assert secret not in text
