"""Who has what done, over real HTTP, RBAC and admission policies: role by action.

What is allowed changes just the field that the action is about, signed with the person's name; what
is not is not offered, and refused.
"""

from __future__ import annotations

import copy
import html
import itertools
import re
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.chart.rendering import NAMESPACE
from tests.console.served import TEAM, Console, put
from tests.console.statuses import ready

MODEL = f"/namespaces/{TEAM}/models/lawn"
RETRAIN, PROMOTE = "dandelion.dev/retrain", "dandelion.dev/promote"
INGEST = "dandelion.dev/ingest"
SIGNED = "dandelion.dev/requested-by"
# Of the models of these tests version 3 serves, 4 was turned down, and 2 served before.
VERSIONS = {"promote": "4", "rollback": "2"}
ACTIONS = ("ingest", "train", "promote", "rollback", "pause", "resume")

MAY: dict[str, tuple[str, ...]] = {
    "viewer": (),
    "user": (),
    "reviewer": (),
    "editor": ("ingest", "train", "pause", "resume"),
    "owner": ACTIONS,
    "administrator": ACTIONS,
    "stranger": (),
}
# They may patch: what they have done, they write themselves.
WRITERS = ("editor", "owner")
EVERY_CASE = list(itertools.product(MAY, ACTIONS))


@pytest.fixture(scope="module")
def visitors(console: Console) -> Iterator[dict[str, httpx.Client]]:
    there = {account: console.logged_in(account) for account in MAY}
    yield there
    for browser in there.values():
        browser.close()


@pytest.fixture(autouse=True)
def lawn(console: Console, models: None, request: pytest.FixtureRequest) -> dict[str, Any]:
    """As it is before the action, which would change something."""
    status = ready()
    status["history"][2]["reason"] = "the alias champion names version 3 (was version 2)"
    status["history"].append(
        {"time": "2026-03-05T09:00:00Z", "decision": "FollowedAlias", "version": "2"}
    )
    resumes = "resume" in request.node.name
    put(console.api, "lawn", TEAM, status, suspend=resumes)
    return console.model()


def fields(page: str) -> dict[str, str]:
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in hidden}


def without_traces(model: dict[str, Any]) -> dict[str, Any]:
    """All but what the API server itself writes at each change."""
    found = copy.deepcopy(model)
    for trace in ("resourceVersion", "generation", "managedFields"):
        found["metadata"].pop(trace, None)
    return found


def wanted(before: dict[str, Any], action: str, moment: str, name: str) -> dict[str, Any]:
    """The model once the action was done."""
    after = without_traces(before)
    annotations = after["metadata"].setdefault("annotations", {})
    if action == "train":
        annotations |= {RETRAIN: moment, SIGNED: f"retrain={moment} by {name}"}
    elif action == "ingest":
        annotations |= {INGEST: moment, SIGNED: f"ingest={moment} by {name}"}
    elif action in VERSIONS:
        asked = f"{VERSIONS[action]}/{moment}"
        annotations |= {PROMOTE: asked, SIGNED: f"promote={asked} by {name}"}
    else:
        after["spec"]["suspend"] = action == "pause"
        suspend = "true" if action == "pause" else "false"
        annotations[SIGNED] = f"suspend={suspend} at {moment} by {name}"
    return after


@pytest.mark.parametrize(("account", "action"), EVERY_CASE)
def test_what_a_role_allows_changes_just_that_and_what_it_does_not_nothing(
    console: Console,
    visitors: dict[str, httpx.Client],
    lawn: dict[str, Any],
    account: str,
    action: str,
) -> None:
    browser, before = visitors[account], lawn
    offered = f'href="{MODEL}/{action}"' in browser.get(MODEL).text
    confirm = browser.get(f"{MODEL}/{action}")
    if action not in MAY[account]:
        assert not offered
        assert confirm.status_code == 403
        # A page is no permission: as somebody else's has it.
        sent = {"uid": before["metadata"]["uid"], "value": "2026-03-08T12:00:00Z", "version": "2"}
        answer = browser.post(f"{MODEL}/{action}", data=sent)
        assert answer.status_code == 403
        assert console.model() == before
        return
    assert offered
    assert confirm.status_code == 200
    sent = fields(confirm.text)
    chosen = {"version": VERSIONS[action]} if action in VERSIONS else {}
    answer = browser.post(f"{MODEL}/{action}", data=sent | chosen)
    assert answer.status_code == 303, answer.text
    name = f"system:serviceaccount:{TEAM}:{account}"
    after = console.model()
    assert without_traces(after) == wanted(before, action, sent["value"], name)
    assert name in browser.get(answer.headers["location"]).text
    done = f"own_token={account in WRITERS}".lower()
    last = console.log.read_text().strip().splitlines()[-1]
    assert done in last.lower().replace('"', "").replace(": ", "="), last


def test_prometheus_is_told_of_it_and_of_nobodys_name(
    console: Console, visitors: dict[str, httpx.Client], lawn: dict[str, Any]
) -> None:
    for account, status in (("administrator", 303), ("viewer", 403)):
        sent = {"uid": lawn["metadata"]["uid"], "value": "2026-03-08T12:00:00Z"}
        assert visitors[account].post(f"{MODEL}/pause", data=sent).status_code == status
    told = httpx.get(console.metrics, timeout=60, trust_env=False).text
    for result in ("done", "refused"):
        found = re.search(rf'actions_total{{action="pause",result="{result}"}} (\S+)', told)
        assert found is not None
        assert float(found[1]) >= 1
    assert not any(name in told for name in (TEAM, "lawn", "administrator", "viewer"))
    assert visitors["viewer"].get("/metrics").status_code == 404


@pytest.mark.parametrize("account", ["editor", "viewer", "user"])
def test_without_the_console_kubectl_is_held_to_the_same(
    console: Console, account: str, lawn: dict[str, Any]
) -> None:
    """The person's own token, at the API server itself."""
    answer = httpx.patch(
        f"https://127.0.0.1:{console.api.port}/apis/dandelion.dev/v1alpha1/namespaces/{TEAM}"
        "/modeldeployments/lawn",
        verify=ssl.create_default_context(cafile=str(console.api.authority)),
        trust_env=False,
        timeout=60,
        headers={
            "Authorization": f"Bearer {console.token(account)}",
            "Content-Type": "application/merge-patch+json",
        },
        json={"metadata": {"annotations": {PROMOTE: "4"}}},
    )
    assert answer.status_code == 403
    assert console.model() == lawn


def test_a_right_to_one_model_is_a_right_to_that_alone(console: Console) -> None:
    kubectl = console.api.kubectl
    kubectl("create", "serviceaccount", "pausing", "-n", TEAM)
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "pausing", "namespace": TEAM},
        "rules": [
            {
                "apiGroups": ["dandelion.dev"],
                "resources": ["modeldeployments"],
                "verbs": ["get", "list"],
            },
            {
                "apiGroups": ["dandelion.dev"],
                "resources": ["modeldeployments/suspend"],
                "resourceNames": ["park"],
                "verbs": ["create"],
            },
        ],
    }
    console.api.apply(role)
    kubectl(
        *("create", "rolebinding", "pausing", "--role=pausing", "-n", TEAM),
        f"--serviceaccount={TEAM}:pausing",
    )
    browser = console.logged_in("pausing")
    for name, status in (("park", 303), ("lawn", 403)):
        path = f"/namespaces/{TEAM}/models/{name}"
        assert (f'href="{path}/pause"' in browser.get(path).text) is (status == 303)
        uid = console.model(name)["metadata"]["uid"]
        sent = {"uid": uid, "value": "2026-03-08T12:00:00Z"}
        assert browser.post(f"{path}/pause", data=sent).status_code == status
    browser.close()


def test_what_the_policy_refuses_is_told_in_its_words(
    console: Console, visitors: dict[str, httpx.Client], lawn: dict[str, Any]
) -> None:
    """The right is taken from the console's account between page and form."""
    sent = fields(visitors["administrator"].get(f"{MODEL}/train").text)
    kubectl = console.api.kubectl
    kubectl("delete", "clusterrolebinding", "dandelion-console")
    try:
        answer = visitors["administrator"].post(f"{MODEL}/train", data=sent)
    finally:
        account = f"--serviceaccount={NAMESPACE}:dandelion-console"
        role = "--clusterrole=dandelion-console"
        kubectl("create", "clusterrolebinding", "dandelion-console", role, account)
    assert answer.status_code == 403
    assert "cannot patch resource" in answer.text
    assert console.model() == lawn
