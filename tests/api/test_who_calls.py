"""auth: ClusterTokens on a real API server: who is answered, and who may ask what about whom."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from dandelion_inference.intake.reviews import Place, TokenReviewer
from dandelion_inference.intake.verdicts import ALLOWED_SECONDS, STALE_SECONDS
from dandelion_operator.api.location import Defaults, Target, location
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.loop.apply import builders
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError
from dandelion_operator.ports.kube.objects import CLUSTER_ROLE_BINDING, DEPLOYMENT
from dandelion_operator.ports.kube.reviewers import FormerReviewers
from given.door import Door
from running.reviewing import ReviewerProcess, reviewing

from tests.api import tokens
from tests.api.server import ApiServer
from tests.api.test_access import OPERATOR, RBAC, team
from tests.api.test_crd import model_deployment
from tests.chart.rendering import CHART, NAMESPACE, helm, render

BINDING = "dandelion-token-reviewers"
REVIEWER = "dandelion-token-reviewer"
PREDICT = "modeldeployments.dandelion.dev/lawn:predict"
FEEDBACK = "modeldeployments.dandelion.dev/lawn:feedback"
NAME = "lawn-inference"
AUDIENCE = "dandelion.dev"


def chart() -> str:
    documents = [
        dict(item.content) for item in render({"namespace": {"create": True}}) if item.kind in RBAC
    ]
    return yaml.safe_dump_all(documents)


@pytest.fixture
def installed(api: ApiServer) -> ApiServer:
    """The chart's roles, fresh, and a team with a model that asks who calls."""
    api.kubectl("delete", "clusterrolebinding", BINDING, "--ignore-not-found")
    api.apply(chart(), "--server-side", "--force-conflicts", "--field-manager=helm")
    api.apply(yaml.safe_dump_all(team()), "--server-side")
    others = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "others"}}
    api.apply(others, "--server-side")
    ask(api, "lawn", "ClusterTokens")
    ask(api, "park", "None")
    return api


def ask(api: ApiServer, name: str, auth: str) -> None:
    api.apply(model_deployment(name, serving={"auth": auth}), "--server-side", "-n", "team")


class AsTheOperator:
    """The operator's way to the API server, with the rights that the chart gives it."""

    def __init__(self, api: ApiServer, http: httpx.AsyncClient, token: str) -> None:
        self._base = f"https://127.0.0.1:{api.port}"
        self._http = http
        self._authorization = {"Authorization": f"Bearer {token}"}

    async def request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> tuple[int, Any]:
        answer = await self._http.request(
            method,
            self._base + path,
            params=query,
            headers={"Content-Type": "application/json"} | self._authorization | (headers or {}),
            content=json.dumps(body) if body is not None else None,
        )
        return answer.status_code, answer.json()


def as_the_operator(api: ApiServer, work: Callable[[Cluster], Awaitable[None]]) -> None:
    namespace, _, account = OPERATOR.partition(":")
    token = api.kubectl("create", "token", account, "-n", namespace).strip()
    trusted = ssl.create_default_context(cafile=str(api.authority))
    fence = Fence()
    fence.open_until(float("inf"))

    async def run() -> None:
        async with httpx.AsyncClient(verify=trusted, trust_env=False) as http:
            await work(Cluster(AsTheOperator(api, http, token), fence))

    asyncio.run(run())


def test_who_may_predict_is_an_ordinary_role(installed: ApiServer) -> None:
    for what in ("predict", "feedback"):
        role = [f"caller-{what}", f"--clusterrole=dandelion-{what}", f"--user={what}er"]
        binding = installed.kubectl(
            *("create", "rolebinding", *role, "-n", "team", "--dry-run=client", "-o", "yaml")
        )
        installed.apply(binding)
    assert installed.may("predicter", "create", PREDICT, "team")
    assert not installed.may("predicter", "create", FEEDBACK, "team")
    assert not installed.may("predicter", "create", PREDICT, "default")
    assert installed.may("feedbacker", "create", FEEDBACK, "team")
    assert not installed.may("feedbacker", "get", "modeldeployments.dandelion.dev", "team")


# --- A former release gave pods accounts with a right that whoever may edit there could take. ---

DEFAULTS = Defaults(
    training_image="training:1",
    inference_image="inference:1",
    image_pull_policy="IfNotPresent",
    tracking_uri="http://mlflow",
    s3_endpoint="http://s3",
    s3_region="us-east-1",
    s3_bucket="models",
    log_uri="s3://predictions",
    token_reviewer=f"http://{REVIEWER}.{NAMESPACE}.svc",
)
PROBE = {
    "apiVersion": "authorization.k8s.io/v1",
    "kind": "SubjectAccessReview",
    "spec": {
        "user": "somebody else",
        "resourceAttributes": {"namespace": "others", "verb": "get", "resource": "secrets"},
    },
}


def deploy(api: ApiServer) -> dict[str, Any]:
    """What the API server keeps of the pods that the operator asks for."""
    resource = parse(api.get("mdep", "lawn", "-n", "team"))
    assert isinstance(resource, Resource)
    target = Target(1, "s3://models/team/lawn/run/artifact", f"sha256:{'0' * 64}")
    wanted = builders.deployment(resource, target, location(resource, DEFAULTS), DEFAULTS)

    async def work(cluster: Cluster) -> None:
        await cluster.apply(DEPLOYMENT, wanted)

    as_the_operator(api, work)
    spec: dict[str, Any] = api.get("deployment", NAME, "-n", "team")["spec"]
    pod: dict[str, Any] = spec["template"]["spec"]
    return pod


def rolled_out(api: ApiServer, old_pods: int = 0) -> None:
    """As the controller of Deployments writes it once all but so many pods are new."""
    generation = api.get("deployment", NAME, "-n", "team")["metadata"]["generation"]
    status = {"observedGeneration": generation, "replicas": 1 + old_pods, "updatedReplicas": 1}
    patch = ("--type=merge", "-p", json.dumps({"status": status}))
    api.kubectl("patch", "deployment", NAME, "-n", "team", "--subresource=status", *patch)


def of_a_former_release(api: ApiServer) -> None:
    """What its operator left: pods as an account of their own, and that account in the binding."""
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": NAME, "namespace": "team"},
    }
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": "team"}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": BINDING},
        "subjects": [subject],
    }
    for manifest in (account, binding):
        api.apply(manifest, "--server-side", "--field-manager=dandelion-operator")
    deploy(api)
    spec = {"serviceAccountName": NAME, "automountServiceAccountToken": True}
    patch = json.dumps({"spec": {"template": {"spec": spec}}})
    manager = "--field-manager=dandelion-operator"
    api.kubectl("patch", "deployment", NAME, "-n", "team", "--type=merge", "-p", patch, manager)
    rolled_out(api)


def let_go(api: ApiServer) -> None:
    async def work(cluster: Cluster) -> None:
        await FormerReviewers(cluster, BINDING, ()).let_go()

    as_the_operator(api, work)


def as_somebody(api: ApiServer, token: str, path: str, body: dict[str, Any]) -> httpx.Response:
    return httpx.post(
        f"https://127.0.0.1:{api.port}{path}",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        verify=ssl.create_default_context(cafile=str(api.authority)),
        trust_env=False,
    )


def minted(api: ApiServer) -> dict[str, str]:
    """Tokens of every account in the team's namespace, made by who may do there what `edit` may."""
    api.apply(account("editor"), "-n", "team")
    # In the cluster's own role `edit`, which a controller makes of this one.
    bind(api, "editor", "--clusterrole=system:aggregate-to-edit", "team:editor")
    editor = api.kubectl("create", "token", "editor", "-n", "team").strip()
    found = {}
    for item in api.get("serviceaccounts", "-n", "team")["items"]:
        name = item["metadata"]["name"]
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        path = f"/api/v1/namespaces/team/serviceaccounts/{name}/token"
        answer = as_somebody(api, editor, path, asked)
        assert answer.status_code == 201, answer.text
        found[name] = answer.json()["status"]["token"]
    return found


REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def probes(api: ApiServer) -> set[str]:
    """As which of its accounts a namespace's editor learns what somebody else may do elsewhere."""
    found = {
        name: as_somebody(api, token, REVIEWS, PROBE).status_code
        for name, token in minted(api).items()
    }
    assert set(found.values()) <= {201, 403}
    return {name for name, status in found.items() if status == 201}


def eventually(seen: Callable[[], bool]) -> None:
    """The API server reads its rules from a watch, a moment late."""
    deadline = time.monotonic() + 20
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_who_edits_a_namespace_finds_no_account_there_that_may_probe_others(
    installed: ApiServer,
) -> None:
    of_a_former_release(installed)
    eventually(lambda: probes(installed) == {NAME})  # what an upgrade finds
    deploy(installed)
    rolled_out(installed)
    let_go(installed)
    eventually(lambda: probes(installed) == set())
    token_review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": "x"},
    }
    for token in minted(installed).values():
        path = "/apis/authentication.k8s.io/v1/tokenreviews"
        assert as_somebody(installed, token, path, token_review).status_code == 403


def test_pods_of_a_former_release_may_ask_until_the_last_of_them_is_replaced(
    installed: ApiServer,
) -> None:
    def may_ask() -> bool:
        let_go(installed)
        return BINDING in installed.kubectl("get", "clusterrolebindings", "-o", "name")

    of_a_former_release(installed)
    assert may_ask()
    pod = deploy(installed)
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("default", False)
    assert may_ask(), "the controller has not seen it yet"
    rolled_out(installed, old_pods=1)
    assert may_ask(), "one of them still runs"
    rolled_out(installed)
    assert not may_ask()
    let_go(installed)
    installed.apply(chart(), "--server-side", "--field-manager=helm")
    assert "subjects" not in installed.get("clusterrolebinding", BINDING)
    let_go(installed)


def test_applying_the_chart_again_leaves_pods_of_a_former_release_their_right(
    installed: ApiServer,
) -> None:
    of_a_former_release(installed)
    installed.apply(chart(), "--server-side", "--field-manager=helm")
    installed.apply(chart())  # merged by the client, as Helm 3 does
    subjects = installed.get("clusterrolebinding", BINDING)["subjects"]
    assert [item["name"] for item in subjects] == [NAME]


def test_helm_upgrades_around_that_right_and_takes_it_along_when_it_uninstalls(
    installed: ApiServer,
) -> None:
    release = ("helmed", "-n", "helmed", "--no-hooks", f"--kubeconfig={installed.kubeconfig}")
    values = {"fullnameOverride": "helmed", "crds": {"enabled": False}}

    def helm_does(verb: str, *options: str, **more: object) -> None:
        name, *rest = release
        chart = ["--values=-", name, str(CHART)] if verb != "uninstall" else [name]
        helm(verb, *chart, *rest, *options, stdin=json.dumps(values | more))

    helm_does("install", "--create-namespace")
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "helmed-token-reviewers"},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": "team"}],
    }
    installed.apply(binding, "--server-side", "--field-manager=dandelion-operator")
    helm_does("upgrade", commonLabels={"team": "gardeners"})
    upgraded = installed.get("clusterrolebinding", "helmed-token-reviewers")
    assert upgraded["metadata"]["labels"]["team"] == "gardeners"
    assert [item["name"] for item in upgraded["subjects"]] == [NAME]
    installed.kubectl("delete", "clusterrolebinding", "helmed-token-reviewers")
    helm_does("upgrade", commonLabels={"team": "florists"})
    again = installed.get("clusterrolebinding", "helmed-token-reviewers")
    assert "subjects" not in again
    helm_does("uninstall")
    left = installed.get("clusterrolebindings")["items"] + installed.get("clusterroles")["items"]
    assert not [item["metadata"]["name"] for item in left if "helmed" in item["metadata"]["name"]]


def test_the_operator_can_let_nobody_do_anything(installed: ApiServer) -> None:
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": BINDING},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "team"}],
    }

    async def work(cluster: Cluster) -> None:
        with pytest.raises(ClusterError, match="forbidden"):
            await cluster.apply(CLUSTER_ROLE_BINDING, binding)
        with pytest.raises(ClusterError, match="forbidden"):
            await cluster.delete(CLUSTER_ROLE_BINDING, "", "cluster-admin")

    as_the_operator(installed, work)


# --- Who is answered. ---


def account(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}


def bind(api: ApiServer, name: str, role: str, subject: str) -> None:
    api.apply(
        api.kubectl(
            *("create", "rolebinding", name, role, f"--serviceaccount={subject}", "-n", "team"),
            *("--dry-run=client", "-o", "yaml"),
        )
    )


@pytest.fixture(scope="module")
def reviewer(api: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewerProcess]:
    """The real one, with the rights that the chart gives it and nothing more."""
    api.apply(chart(), "--server-side", "--force-conflicts", "--field-manager=helm")
    folder: Path = tmp_path_factory.mktemp("account")
    (folder / "token").write_text(api.kubectl("create", "token", REVIEWER, "-n", NAMESPACE))
    (folder / "ca.crt").write_text(api.authority.read_text())
    with reviewing(api.port, folder) as running:
        yield running


@pytest.fixture
def called(installed: ApiServer, reviewer: ReviewerProcess) -> ApiServer:
    """A caller who may predict with this one model, and one of the same name in another place."""
    for namespace in ("team", "others"):
        installed.apply(account("caller"), "-n", namespace)
    bind(installed, "caller", "--clusterrole=dandelion-predict", "team:caller")
    return installed


def door(reviewer: ReviewerProcess, namespace: str = "team") -> Door:
    """A serving pod's, which asks the reviewer."""
    return Door(TokenReviewer(reviewer.url), place=Place(namespace, "lawn"))


def made(api: ApiServer, *options: str, namespace: str = "team", audience: str = AUDIENCE) -> str:
    asked = ("create", "token", "caller", "-n", namespace, f"--audience={audience}", *options)
    return api.kubectl(*asked).strip()


def withdrawn(api: ApiServer) -> str:
    api.kubectl("create", "secret", "generic", "bound", "--from-literal=a=b", "-n", "team")
    bound = made(api, "--bound-object-kind=Secret", "--bound-object-name=bound")
    api.kubectl("delete", "secret", "bound", "-n", "team")
    return bound


CALLERS: dict[str, tuple[Callable[[ApiServer], str], str]] = {
    "who may": (made, "in"),
    "no token": (lambda api: "", "Unauthenticated"),
    "garbage": (lambda api: "garbage", "Unauthenticated"),
    "one that has expired": (
        lambda api: tokens.expired(api, "team", "caller", AUDIENCE),
        "Unauthenticated",
    ),
    "another audience": (lambda api: made(api, audience="vault"), "Unauthenticated"),
    "the API server's": (lambda api: made(api, audience=tokens.ISSUER), "Unauthenticated"),
    "one whose object is gone": (withdrawn, "Unauthenticated"),
    "another namespace": (lambda api: made(api, namespace="others"), "Forbidden"),
}


@pytest.mark.parametrize("case", CALLERS)
def test_who_is_answered(called: ApiServer, reviewer: ReviewerProcess, case: str) -> None:
    make, answer = CALLERS[case]
    assert asyncio.run(door(reviewer).knock(make(called))) == answer


def test_a_right_to_one_model_is_none_to_another_of_its_name(
    called: ApiServer, reviewer: ReviewerProcess
) -> None:
    assert asyncio.run(door(reviewer, "others").knock(made(called))) == "Forbidden"


# The API server itself remembers for ten seconds whose a token is, and rules for a moment.
API_SERVERS_OWN_CACHE = 20.0


def end_the_right(api: ApiServer) -> None:
    api.kubectl("delete", "rolebinding", "caller", "-n", "team")


def end_the_account(api: ApiServer) -> None:
    api.kubectl("delete", "serviceaccount", "caller", "-n", "team")


@pytest.mark.parametrize(
    ("end", "refusal"), [(end_the_right, "Forbidden"), (end_the_account, "Unauthenticated")]
)
def test_what_is_revoked_is_felt_within_a_minute(
    called: ApiServer,
    reviewer: ReviewerProcess,
    end: Callable[[ApiServer], None],
    refusal: str,
) -> None:
    token = made(called)

    async def answers() -> list[str]:
        caller = door(reviewer)
        given = [await caller.knock(token)]
        end(called)
        given.append(await caller.knock(token))
        deadline = time.monotonic() + API_SERVERS_OWN_CACHE
        while given[-1] == "in" and time.monotonic() < deadline:
            await asyncio.sleep(0.5)
            caller.clock.now += ALLOWED_SECONDS
            given.append(await caller.knock(token))
        return given

    given = asyncio.run(answers())
    assert given[:2] == ["in", "in"], "it holds for a minute"
    assert given[-1] == refusal


def test_a_caller_who_is_known_stays_in_for_ten_minutes_without_the_reviewer(
    called: ApiServer, reviewer: ReviewerProcess, tmp_path: Path
) -> None:
    token = made(called)

    async def answers() -> list[str]:
        with reviewing(called.port, tmp_path) as own:
            caller = door(own)
            given = [await caller.knock(token)]
        for age in (ALLOWED_SECONDS, STALE_SECONDS - ALLOWED_SECONDS - 1, 1):
            caller.clock.now += age
            given.append(await caller.knock(token))
        return given

    (tmp_path / "token").write_text(called.kubectl("create", "token", REVIEWER, "-n", NAMESPACE))
    (tmp_path / "ca.crt").write_text(called.authority.read_text())
    assert asyncio.run(answers()) == ["in", "in", "in", "AuthUnavailable"]


def test_the_reviewers_own_account_may_ask_and_do_nothing_else(called: ApiServer) -> None:
    who = f"{NAMESPACE}:{REVIEWER}"
    assert called.may(who, "create", "tokenreviews.authentication.k8s.io")
    assert called.may(who, "create", "subjectaccessreviews.authorization.k8s.io")
    for verb, what in (
        ("get", "secrets"),
        ("list", "pods"),
        ("get", "modeldeployments.dandelion.dev"),
        ("create", "serviceaccounts:token"),
        ("impersonate", "users"),
    ):
        assert not called.may(who, verb, what, "team"), what
