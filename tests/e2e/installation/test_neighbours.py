"""Two teams, each with a model that serves: with all that `edit` gives in a namespace of one's own,
and with the tokens of every account there, no way leads to the neighbour's.

What keys of S3 reach is in `test_tenants.py`, which pods reach which in `test_network.py`.
"""

from __future__ import annotations

import base64
import json
import ssl
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from dandelion_demo.install import NAMESPACE, RELEASE, look_after
from dandelion_demo.people import MLFLOW_AUDIENCE

from tests.e2e import registry
from tests.e2e.faults.wire import RESTRICTED
from tests.e2e.world import COLOURS, World, colours, picture

Json = dict[str, Any]
OURS, THEIRS = "mine", "lawn"
EDITOR = "editor"
AUDIENCE = "dandelion.dev"


@dataclass(frozen=True)
class Neighbours:
    """`tokens`: of every account of our namespace, made by who may edit it, for the API server."""

    here: World
    there: World
    server: str
    authority: str
    tokens: Mapping[str, str]

    def minted(self, audience: str) -> dict[str, str]:
        """The same for somebody else."""
        return {name: mint(self.here, name, f"--audience={audience}") for name in self.tokens}

    def ask(self, token: str, method: str, path: str, **request: Any) -> httpx.Response:
        """The API server, with that token and nothing else of the kubeconfig."""
        headers = {"Authorization": f"Bearer {token}"} | request.pop("headers", {})
        return httpx.request(
            *(method, f"{self.server}{path}"),
            headers=headers,
            verify=ssl.create_default_context(cadata=self.authority),
            trust_env=False,
            timeout=30,
            **request,
        )

    def place(self, path: str) -> str:
        names = {"here": self.here.namespace, "there": self.there.namespace, "system": NAMESPACE}
        return path.format(**names)


def mint(world: World, account: str, *options: str) -> str:
    person = f"--as=system:serviceaccount:{world.namespace}:{EDITOR}"
    return world.kubectl("create", "token", account, person, *options).strip()


@pytest.fixture(scope="module")
def neighbours(world: World, mlflow_url: str) -> Iterator[Neighbours]:
    cluster, name = world.cluster, f"neighbour-{uuid.uuid4().hex[:5]}"
    cluster.run("create", "namespace", name)
    look_after(cluster, name)
    registry.account(cluster, world.namespace, EDITOR, "edit")
    config = json.loads(cluster.run("config", "view", "--minify", "--raw", "-o", "json"))
    api = config["clusters"][0]["cluster"]
    with registry.administrator(cluster, mlflow_url, name) as mlflow:
        there = World(cluster, name, world.s3, mlflow)
        guarded = {"auth": "ClusterTokens"}
        there.train(THEIRS, there.upload("colours", colours()), serving=guarded)
        world.train(OURS, world.upload("colours", colours()))
        there.until_served(THEIRS, "1")
        world.until_served(OURS, "1")
        accounts = [item["metadata"]["name"] for item in world.get("serviceaccounts")]
        assert {EDITOR, "default", f"{OURS}-training"} <= set(accounts)
        yield Neighbours(
            *(world, there, api["server"]),
            base64.b64decode(api["certificate-authority-data"]).decode(),
            # Of our administrator, who may do more here, `edit` may make a token too.
            {account: mint(world, account) for account in accounts},
        )
    cluster.run("delete", "namespace", name, "--wait=false")


MODELS = "/apis/dandelion.dev/v1alpha1/namespaces/{there}/modeldeployments"
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


# --- MLflow: runs, models and aliases ---

API = "/api/2.0/mlflow"


def _calls(neighbours: Neighbours) -> Mapping[str, tuple[str, str, Json]]:
    """Method, path, and the body or the query."""
    there = neighbours.there
    model, version = there.model(THEIRS), there.versions(THEIRS)[0]
    run, source = version["run_id"], version["source"]
    alias = {"name": model, "alias": "champion", "version": "1"}
    metric = {"run_id": run, "key": "accuracy", "value": 1, "timestamp": 1, "step": 1}
    verdict = {"name": model, "version": "1", "key": "dandelion.dev/verdict", "value": "rejected"}
    return {
        "read the model": ("GET", f"{API}/registered-models/get", {"name": model}),
        "read the run": ("GET", f"{API}/runs/get", {"run_id": run}),
        "list its files": ("GET", f"{API}/artifacts/list", {"run_id": run}),
        "move the alias": ("POST", f"{API}/registered-models/alias", alias),
        "register a version": (
            "POST",
            f"{API}/model-versions/create",
            {"name": model, "source": source},
        ),
        "write a verdict": ("POST", f"{API}/model-versions/set-tag", verdict),
        "note a figure": ("POST", f"{API}/runs/log-metric", metric),
        "end the run": ("POST", f"{API}/runs/update", {"run_id": run, "status": "FAILED"}),
        "delete the run": ("POST", f"{API}/runs/delete", {"run_id": run}),
        "delete the model": ("DELETE", f"{API}/registered-models/delete", {"name": model}),
    }


def test_no_token_of_our_accounts_does_anything_with_theirs_in_mlflow(
    neighbours: Neighbours,
) -> None:
    here, there = neighbours.here, neighbours.there
    before = there.aliases(THEIRS), there.versions(THEIRS)
    base = str(there.mlflow.base_url).rstrip("/")
    for account, token in neighbours.minted(MLFLOW_AUDIENCE).items():
        for what, (method, path, body) in _calls(neighbours).items():
            for workspace in (there.namespace, here.namespace):
                headers = {
                    "Authorization": f"Bearer {token}",
                    "X-MLFLOW-WORKSPACE": workspace,
                }
                sent: Json = {"params": body} if method == "GET" else {"json": body}
                url = f"{base}{path}"
                answer = httpx.request(method, url, headers=headers, timeout=30, **sent)
                case = (account, what, workspace, answer.text)
                assert answer.is_client_error, case
                if workspace == there.namespace:
                    assert answer.status_code == httpx.codes.FORBIDDEN, case
    assert (there.aliases(THEIRS), there.versions(THEIRS)) == before


def test_a_version_of_ours_whose_files_are_theirs_is_not_served(neighbours: Neighbours) -> None:
    """By our namespace's administrator, who decides what is served here."""
    here, there = neighbours.here, neighbours.there
    theirs = there.versions(THEIRS)[0]["source"]
    body = {"name": here.model(OURS), "source": theirs}
    answer = here.mlflow.post(f"{API}/model-versions/create", json=body)
    answer.raise_for_status()
    here.move_alias(OURS, answer.json()["model_version"]["version"])
    here.look(OURS)
    here.until(
        "the version is turned down",
        lambda: any(
            condition["reason"] == "ArtifactRejected"
            for condition in here.status(OURS)["conditions"]
        ),
    )
    for deployment in here.owned("deployments", OURS):
        assert theirs not in json.dumps(deployment)
    assert here.predict(OURS, picture(COLOURS["red"], 1)).status_code == httpx.codes.OK
    here.move_alias(OURS, "1")
    here.until_served(OURS, "1")


# --- endpoints: the model, the console, the token reviewer ---


def test_no_token_of_our_accounts_is_answered_by_their_model(neighbours: Neighbours) -> None:
    there = neighbours.there
    audiences = {
        AUDIENCE: httpx.codes.FORBIDDEN,
        f"{AUDIENCE}/{there.namespace}/{THEIRS}": httpx.codes.FORBIDDEN,
        f"{AUDIENCE}/{neighbours.here.namespace}/{OURS}": httpx.codes.UNAUTHORIZED,
        MLFLOW_AUDIENCE: httpx.codes.UNAUTHORIZED,
    }
    for audience, status in audiences.items():
        for account, token in neighbours.minted(audience).items():
            answer = httpx.post(
                f"{there.url(THEIRS)}/predict",
                content=picture(COLOURS["red"], 1),
                headers={"Authorization": f"Bearer {token}"},
                timeout=30,
            )
            assert answer.status_code == status, (audience, account, answer.text)


def test_the_console_shows_and_does_nothing_of_theirs(neighbours: Neighbours) -> None:
    cluster, page = neighbours.here.cluster, neighbours.place("/namespaces/{there}/models/lawn")
    uid = neighbours.there.get("mdep", THEIRS)["metadata"]["uid"]
    form = {"uid": uid, "value": "2026-03-08T12:00:00Z", "version": "1"}
    image = picture(COLOURS["red"], 1)
    png = {"Content-Type": "image/png"}
    with (
        cluster.reach(NAMESPACE, f"{RELEASE}-console", 80) as url,
        httpx.Client(base_url=url, headers={"Origin": url}, timeout=30) as browser,
    ):
        login = browser.post("/login", data={"token": neighbours.tokens[EDITOR]})
        assert login.status_code == httpx.codes.SEE_OTHER, login.text
        answers = {path: browser.get(page + path) for path in ("", "/predict", "/review", "/train")}
        for action in ("ingest", "train", "promote", "rollback", "pause", "review", "feedback"):
            answers[f"POST {action}"] = browser.post(f"{page}/{action}", data=form)
        answers["POST predict"] = browser.post(f"{page}/predict", content=image, headers=png)
    statuses = {what: answer.status_code for what, answer in answers.items()}
    assert set(statuses.values()) == {httpx.codes.FORBIDDEN}, statuses


#: Asks the token reviewer one question after the other, and prints what it says.
ASKING = """
import json, sys, urllib.error, urllib.request
url, questions = sys.argv[1], json.load(sys.stdin)
said = {}
for what, question in questions.items():
    request = urllib.request.Request(url, json.dumps(question).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    try:
        answer = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as refused:
        said[what] = [refused.code, None]
    else:
        said[what] = [answer.status, json.load(answer)]
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def intruder(neighbours: Neighbours) -> str:
    """A pod of ours that wears the labels by which the token reviewer's network lets pods in."""
    here = neighbours.here
    operator = here.cluster.get("deployment", f"{RELEASE}-operator", "-n", NAMESPACE)
    container = {
        "name": "intruder",
        "image": operator["spec"]["template"]["spec"]["containers"][0]["image"],
        "command": ["python", "-c", "import time; time.sleep(600)"],
        "securityContext": RESTRICTED,
    }
    labels = {
        "app.kubernetes.io/part-of": "dandelion",
        "app.kubernetes.io/component": "inference",
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "intruder", "labels": labels},
        "spec": {
            "containers": [container],
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
        },
    }
    person = f"--as=system:serviceaccount:{here.namespace}:{EDITOR}"
    here.kubectl("create", "-f", "-", person, stdin=json.dumps(pod))
    here.kubectl("wait", "--for=condition=Ready", "--timeout=90s", "pod/intruder")
    return "intruder"


def test_the_token_reviewer_tells_of_the_tokens_holder_alone(
    neighbours: Neighbours, intruder: str
) -> None:
    here, there = neighbours.here, neighbours.there
    ours = mint(here, EDITOR, f"--audience={AUDIENCE}")
    about = {"namespace": there.namespace, "name": THEIRS, "subresource": "predict"}
    questions = {
        "our own right to theirs": {"token": ours, **about},
        "an invented token": {"token": "somebodys", **about},
        "our token for the API server": {"token": neighbours.tokens[EDITOR], **about},
        "their user": {"token": ours, "user": "ada@example.com", **about},
        "another subresource": {"token": ours, **about, "subresource": "status"},
    }
    url = f"http://{RELEASE}-token-reviewer.{NAMESPACE}.svc/v1/reviews"
    asked = ("exec", "-i", intruder, "--", "python", "-c", ASKING, url)
    said = json.loads(here.kubectl(*asked, stdin=json.dumps(questions)))
    status, answer = said.pop("our own right to theirs")
    assert (status, answer["allowed"]) == (200, False)
    assert answer["caller"]["username"] == f"system:serviceaccount:{here.namespace}:{EDITOR}"
    for what in ("an invented token", "our token for the API server"):
        status, answer = said.pop(what)
        assert (status, answer.get("caller"), answer["allowed"]) == (200, None, False), what
    assert {status // 100 for status, _ in said.values()} == {4}, said


@pytest.mark.parametrize("bucket", ["models", "predictions"])
def test_their_models_and_predictions_are_no_dataset_of_ours(
    neighbours: Neighbours, bucket: str
) -> None:
    here, name = neighbours.here, f"curious-{bucket}"
    here.train(name, neighbours.place(f"s3://{bucket}/{{there}}/{THEIRS}"))
    here.until_condition(name, "Accepted", "False", "DatasetNotAllowed", seconds=60)
    assert here.owned("jobs", name) == []
