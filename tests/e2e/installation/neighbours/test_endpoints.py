"""What no account of a namespace gets of the model, the console and the token reviewer."""

from __future__ import annotations

import json
from functools import partial

import httpx
import pytest
from dandelion_demo.install import NAMESPACE, RELEASE
from dandelion_demo.people import MLFLOW_AUDIENCE

from tests.e2e.faults.wire import RESTRICTED
from tests.e2e.installation.neighbours.given import AUDIENCE, EDITOR, OURS, THEIRS, Neighbours, mint
from tests.e2e.world import COLOURS, heard, picture


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
            send = partial(
                httpx.post,
                f"{there.url(THEIRS)}/predict",
                content=picture(COLOURS["red"], 1),
                headers={"Authorization": f"Bearer {token}"},
                timeout=30,
            )
            answer = heard(send)
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
    here.kubectl("wait", "--for=condition=Ready", "--timeout=110s", "pod/intruder")
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
