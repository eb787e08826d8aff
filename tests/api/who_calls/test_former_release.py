"""A former release gave pods accounts with a right that whoever may edit there could take."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from dandelion_operator.api.location import Defaults, Target, location
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.loop.apply import builders
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError
from dandelion_operator.ports.kube.objects import CLUSTER_ROLE_BINDING, DEPLOYMENT
from dandelion_operator.ports.kube.reviewers import FormerReviewers

from tests.api.server import ApiServer
from tests.api.who_calls.cluster import BINDING, REVIEWER, account, as_the_operator, bind, chart
from tests.chart.rendering import CHART, NAMESPACE, helm

NAME = "lawn-inference"
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
        timeout=60,
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
    deadline = time.monotonic() + 60
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
