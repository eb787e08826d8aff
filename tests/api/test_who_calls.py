"""auth: ClusterTokens on a real API server: who gets which right, and for how long."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import yaml
from dandelion_operator.api.location import Defaults, Target, location
from dandelion_operator.api.resource import NamespacedName, Resource, parse
from dandelion_operator.loop.apply import builders
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError
from dandelion_operator.ports.kube.objects import DEPLOYMENT, SERVICE_ACCOUNT
from dandelion_operator.ports.kube.reviewers import TokenReviewers, token_reviewers

from tests.api.server import ApiServer
from tests.api.test_access import OPERATOR, RBAC, team
from tests.api.test_crd import model_deployment
from tests.chart.rendering import CHART, helm, render

BINDING = "dandelion-token-reviewers"
REVIEWS = "tokenreviews.authentication.k8s.io"
PREDICT = "modeldeployments.dandelion.dev/lawn:predict"
FEEDBACK = "modeldeployments.dandelion.dev/lawn:feedback"


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


def bring_up_to_date(api: ApiServer, binding: str = BINDING) -> None:
    async def work(cluster: Cluster) -> None:
        await TokenReviewers(cluster, binding, ()).bring_up_to_date()

    as_the_operator(api, work)


def reviewers(api: ApiServer) -> list[str]:
    found = api.get("clusterrolebinding", BINDING).get("subjects") or []
    return [f"{item['namespace']}:{item['name']}" for item in found]


def test_serving_pods_of_such_a_model_may_ask_and_no_others(installed: ApiServer) -> None:
    assert not installed.may("team:lawn-inference", "create", REVIEWS, "team")
    bring_up_to_date(installed)
    assert reviewers(installed) == ["team:lawn-inference"]
    assert installed.may("team:lawn-inference", "create", REVIEWS, "team")
    assert not installed.may("team:park-inference", "create", REVIEWS, "team")
    assert not installed.may("team:lawn-inference", "get", "secrets", "team")


def test_one_that_is_gone_is_off_the_list_at_the_next_pass(installed: ApiServer) -> None:
    bring_up_to_date(installed)
    installed.kubectl("delete", "mdep", "lawn", "-n", "team")
    bring_up_to_date(installed)
    assert reviewers(installed) == []


def test_applying_the_chart_again_leaves_the_list_alone(installed: ApiServer) -> None:
    bring_up_to_date(installed)
    installed.apply(chart(), "--server-side", "--field-manager=helm")
    assert reviewers(installed) == ["team:lawn-inference"]
    installed.apply(chart())  # merged by the client, as Helm 3 does
    assert reviewers(installed) == ["team:lawn-inference"]


def test_helm_upgrades_around_the_list_and_takes_it_along_when_it_uninstalls(
    installed: ApiServer,
) -> None:
    release = ("helmed", "-n", "helmed", "--no-hooks", f"--kubeconfig={installed.kubeconfig}")
    values = {"fullnameOverride": "helmed", "crds": {"enabled": False}}

    def helm_does(verb: str, *options: str, **more: object) -> None:
        name, *rest = release
        chart = ["--values=-", name, str(CHART)] if verb != "uninstall" else [name]
        helm(verb, *chart, *rest, *options, stdin=json.dumps(values | more))

    helm_does("install", "--create-namespace")
    wanted = token_reviewers("helmed-token-reviewers", [NamespacedName("team", "lawn")])
    installed.apply(wanted, "--server-side", "--field-manager=dandelion-operator")
    helm_does("upgrade", commonLabels={"team": "gardeners"})
    binding = installed.get("clusterrolebinding", "helmed-token-reviewers")
    assert binding["metadata"]["labels"]["team"] == "gardeners"
    assert [item["name"] for item in binding["subjects"]] == ["lawn-inference"]
    helm_does("uninstall")
    left = installed.get("clusterrolebindings")["items"] + installed.get("clusterroles")["items"]
    assert not [item["metadata"]["name"] for item in left if "helmed" in item["metadata"]["name"]]


def test_a_binding_that_is_gone_is_named_with_the_way_out(installed: ApiServer) -> None:
    installed.kubectl("delete", "clusterrolebinding", BINDING)
    with pytest.raises(ClusterError, match=r"install the chart with rbac\.clusterTokens=true"):
        bring_up_to_date(installed)


def test_the_operator_can_let_nobody_do_anything_else(installed: ApiServer) -> None:
    installed.kubectl(
        *("create", "clusterrolebinding", "others", "--clusterrole=cluster-admin"),
        "--user=somebody",
    )
    with pytest.raises(ClusterError, match="forbidden"):
        bring_up_to_date(installed, "others")
    installed.kubectl("delete", "clusterrolebinding", "others")


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


DEFAULTS = Defaults(
    training_image="training:1",
    inference_image="inference:1",
    image_pull_policy="IfNotPresent",
    tracking_uri="http://mlflow",
    s3_endpoint="http://s3",
    s3_region="us-east-1",
    s3_bucket="models",
    log_uri="s3://predictions",
)


def lawn(api: ApiServer) -> Resource:
    found = parse(api.get("mdep", "lawn", "-n", "team"))
    assert isinstance(found, Resource)
    return found


def deploy(api: ApiServer) -> dict[str, Any]:
    """What the API server keeps of the pods that the operator asks for."""
    resource = lawn(api)
    target = Target(1, "s3://models/team/lawn/run/artifact", f"sha256:{'0' * 64}")
    wanted = builders.deployment(resource, target, location(resource, DEFAULTS), DEFAULTS)

    async def work(cluster: Cluster) -> None:
        await cluster.apply(SERVICE_ACCOUNT, builders.service_account(resource))
        await cluster.apply(DEPLOYMENT, wanted)

    as_the_operator(api, work)
    spec: dict[str, Any] = api.get("deployment", "lawn-inference", "-n", "team")["spec"]
    pod: dict[str, Any] = spec["template"]["spec"]
    return pod


def test_pods_go_back_to_no_account_when_nobody_is_asked_any_more(installed: ApiServer) -> None:
    asking = deploy(installed)
    assert asking["serviceAccountName"] == "lawn-inference"
    assert asking["automountServiceAccountToken"] is True
    ask(installed, "lawn", "None")
    open_to_all = deploy(installed)
    assert open_to_all["serviceAccountName"] == "default"
    assert open_to_all["automountServiceAccountToken"] is False


def test_the_account_belongs_to_the_model_and_gives_no_token_by_itself(
    installed: ApiServer,
) -> None:
    deploy(installed)
    account = installed.get("serviceaccount", "lawn-inference", "-n", "team")
    assert account["automountServiceAccountToken"] is False
    (owner,) = account["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("ModelDeployment", "lawn", True)
