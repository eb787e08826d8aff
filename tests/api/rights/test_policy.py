"""The policy on a real API server: the operator's account gets no further than its own work, even
where RBAC would let it do anything.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.api.rights.children import Children, Json, children
from tests.api.server import ApiServer, KubectlError
from tests.api.test_access import RBAC
from tests.chart import kubernetes_schemas
from tests.chart.rendering import NAMESPACE, render

FULLNAME = "strong"
OPERATOR = f"system:serviceaccount:{NAMESPACE}:{FULLNAME}-operator"
ROLE = f"{FULLNAME}-operator-namespace"
TEAM, OTHER = "opted-in", "not-asked"
LABEL = {"dandelion.dev/enabled": "true"}
DIGEST = f"elsewhere.example.com/train@sha256:{'a' * 64}"
IMAGE = "ghcr.io/dandelion-ml/dandelion-training:1"
VALUES: Json = {
    "fullnameOverride": FULLNAME,
    "operator": {"serviceAccounts": ["trainer"]},
    "mlflow": {"auth": {"mode": "Kubernetes"}},
    "inference": {"image": {"tag": "1"}},
    "training": {
        "image": {"tag": "1"},
        "allowedImages": ["registry.example.com/vision/", "registry.example.com/t:2*", DIGEST],
    },
    "serving": {
        "route": {
            "enabled": True,
            "parentRefs": [{"name": "public", "namespace": "gateways"}],
            "hostnames": ["{name}.{namespace}.models.example.com"],
        },
        "ingress": {
            "enabled": True,
            "className": "nginx",
            "hostnames": ["{name}.{namespace}.models.example.org"],
            "tls": [
                {"hosts": ["{name}.{namespace}.models.example.org"], "secretName": "{name}-tls"}
            ],
            "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "32m"},
        },
    },
}
POLICIES = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
KNOWN_SECONDS = 30


@dataclass(frozen=True)
class Given:
    api: ApiServer
    team: Children
    other: Children

    def write(self, body: Json) -> str:
        """As the operator does, and with its account."""
        options = ("--server-side", "--force-conflicts", "--dry-run=server", "--as", OPERATOR)
        return self.api.apply(body, *options)

    def child(self, name: str) -> Json:
        return copy.deepcopy(self.team.all()[name])


def install(api: ApiServer, values: Json) -> None:
    """Roles and policy of the chart, with an account that RBAC lets do anything."""
    wanted = RBAC | POLICIES
    documents: list[Json] = [
        dict(item.content)
        for item in render({"namespace": {"create": True}} | values)
        if item.kind in wanted and "quantities" not in item.name
    ]
    documents.append(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{FULLNAME}-anything"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "cluster-admin",
            },
            "subjects": [{"kind": "User", "name": OPERATOR}],
        }
    )
    for name, labels in ((TEAM, LABEL), (OTHER, {})):
        metadata = {"name": name, "labels": labels}
        documents.append({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    # Made by a controller elsewhere; without it, no Pod gets as far as the policy.
    account = {"name": "default", "namespace": TEAM}
    documents.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    api.apply(yaml.safe_dump_all(documents), "--server-side", "--force-conflicts")


@pytest.fixture(scope="module")
def given(api: ApiServer) -> Given:
    install(api, VALUES)
    for crd in kubernetes_schemas.gateway_crds():
        api.apply(dict(crd), "--server-side")
        name = f"crd/{crd['metadata']['name']}"
        api.kubectl("wait", "--for=condition=Established", name, "--timeout=30s")
    role = f"{FULLNAME}-mlflow-training"
    (container,) = render(VALUES).one("Deployment", f"{FULLNAME}-operator").containers
    told = {item["name"]: item.get("value", "") for item in container["env"]}
    team, other = (children(api, where, role, IMAGE, told) for where in (TEAM, OTHER))
    found = Given(api, team, other)
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe"}}
    deadline = time.monotonic() + KNOWN_SECONDS
    while True:
        try:
            found.write(config_map)
        except KubectlError:
            return found
        assert time.monotonic() < deadline, "the API server does not know the policy"
        time.sleep(0.2)


CHILDREN = (
    "job",
    "search",
    "evaluation",
    "deployment",
    "next version",
    "service",
    "budget",
    "route",
    "ingress",
    "network policy of training",
    "network policy of inference",
    "inference account",
    "training account",
    "training binding",
    "key",
    "key for a while",
)


def test_the_table_holds_all_that_is_written(given: Given) -> None:
    assert set(given.team.all()) == set(CHILDREN)


@pytest.mark.parametrize("name", CHILDREN)
def test_what_the_operator_makes_passes(given: Given, name: str) -> None:
    given.write(given.child(name))


@pytest.mark.parametrize("name", CHILDREN)
def test_nothing_is_made_in_a_namespace_that_did_not_ask(given: Given, name: str) -> None:
    with pytest.raises(KubectlError, match="kubectl label namespace NAMESPACE"):
        given.write(copy.deepcopy(given.other.all()[name]))


def own_binding(namespace: str) -> Json:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": ROLE, "namespace": namespace},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": ROLE,
        },
        "subjects": [
            {"kind": "ServiceAccount", "name": f"{FULLNAME}-operator", "namespace": NAMESPACE}
        ],
    }


def event(about: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "lawn.1", "namespace": TEAM},
        "involvedObject": {"kind": about, "namespace": TEAM, "name": "lawn"},
        "reason": "Serving",
        "type": "Normal",
    }


def lease(namespace: str, name: str) -> Json:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": namespace},
    }


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(own_binding(TEAM), id="its own rights where the label is"),
        pytest.param(event("ModelDeployment"), id="an Event of a ModelDeployment"),
        pytest.param(lease(NAMESPACE, f"{FULLNAME}-operator"), id="its lease"),
    ],
)
def test_so_does_what_it_writes_for_itself(given: Given, body: Json) -> None:
    given.write(body)


def namespaced(kind: str, api_version: str = "v1", **about: Any) -> Json:
    metadata = {"name": "lawn-x", "namespace": TEAM}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **about}


def bound(namespace: str, **about: Any) -> Json:
    return own_binding(namespace) | about


ADMIN = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(namespaced("ConfigMap"), "no objects of this kind", id="a ConfigMap"),
        pytest.param(
            namespaced("Pod", spec={"containers": [{"name": "a", "image": "a"}]}),
            "no objects of this kind",
            id="a Pod",
        ),
        pytest.param(
            namespaced("Role", "rbac.authorization.k8s.io/v1", rules=[]),
            "no objects of this kind",
            id="a Role",
        ),
        pytest.param(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM, "labels": LABEL}},
            "no objects of this kind",
            id="the label",
        ),
        pytest.param(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "mine"},
                "roleRef": ADMIN,
                "subjects": [{"kind": "User", "name": OPERATOR}],
            },
            "no binding of the cluster",
            id="a ClusterRoleBinding",
        ),
        pytest.param(own_binding(OTHER), "kubectl label namespace", id="its rights elsewhere"),
        pytest.param(
            own_binding("kube-system"), "kubectl label namespace", id="its rights in kube-system"
        ),
        pytest.param(
            bound(TEAM, roleRef=ADMIN),
            "binds its role in a namespace",
            id="another role for itself",
        ),
        pytest.param(
            bound(TEAM, subjects=[{"kind": "User", "name": "somebody"}]),
            "to itself alone",
            id="its role for somebody",
        ),
        pytest.param(
            bound(TEAM, metadata={"name": "lawn-x", "namespace": TEAM}),
            "a ModelDeployment owns",
            id="its rights by another name",
        ),
        pytest.param(event("Node"), "tells of ModelDeployments alone", id="an Event of a Node"),
        pytest.param(lease(NAMESPACE, "other"), "no lease but its own", id="another lease"),
        pytest.param(
            lease("kube-system", f"{FULLNAME}-operator"),
            "no lease but its own",
            id="a lease elsewhere",
        ),
    ],
)
def test_what_is_not_its_work_is_refused(given: Given, body: Json, words: str) -> None:
    with pytest.raises(KubectlError, match=words):
        given.write(body)


def pod(body: Json) -> Json:
    found: Json = body["spec"]["template"]["spec"]
    return found


def container(body: Json) -> Json:
    found: Json = pod(body)["containers"][0]
    return found


def renamed(body: Json) -> None:
    body["metadata"]["name"] = "kubernetes-dashboard"


def unowned(body: Json) -> None:
    del body["metadata"]["ownerReferences"]


def owned_by_a_deployment(body: Json) -> None:
    body["metadata"]["ownerReferences"][0] |= {"apiVersion": "apps/v1", "kind": "Deployment"}


def with_image(image: str) -> Callable[[Json], None]:
    def change(body: Json) -> None:
        container(body)["image"] = image

    return change


def with_account(account: str) -> Callable[[Json], None]:
    def change(body: Json) -> None:
        pod(body)["serviceAccountName"] = account

    return change


def with_pod(**fields: Any) -> Callable[[Json], None]:
    return lambda body: pod(body).update(fields)


def with_security(**fields: Any) -> Callable[[Json], None]:
    return lambda body: container(body)["securityContext"].update(fields)


def with_volume(**source: Any) -> Callable[[Json], None]:
    return lambda body: pod(body)["volumes"].append({"name": "more", **source})


def with_another_container(section: str) -> Callable[[Json], None]:
    def change(body: Json) -> None:
        more = {"name": "more", "image": IMAGE, "securityContext": {"privileged": True}}
        pod(body).setdefault(section, []).append(more)

    return change


def of_type(kind: str) -> Callable[[Json], None]:
    return lambda body: body.update(
        type=kind,
        metadata=body["metadata"]
        | {"annotations": {"kubernetes.io/service-account.name": "default"}},
    )


def with_spec(**fields: Any) -> Callable[[Json], None]:
    return lambda body: body["spec"].update(fields)


def with_fields(**fields: Any) -> Callable[[Json], None]:
    return lambda body: body.update(fields)


def leading_to(**fields: Any) -> Callable[[Json], None]:
    """Changes the first backend of a route."""
    return lambda body: body["spec"]["rules"][0]["backendRefs"][0].update(fields)


def to_backend(**backend: Any) -> Callable[[Json], None]:
    """Changes where the first path of an Ingress leads."""
    return lambda body: body["spec"]["rules"][0]["http"]["paths"][0].update(backend=backend)


def under_host(host: str) -> Callable[[Json], None]:
    return lambda body: body["spec"]["rules"][0].update(host=host)


def nameless(body: Json) -> None:
    del body["spec"]["rules"][0]["host"]


def annotated(key: str, value: str) -> Callable[[Json], None]:
    return lambda body: body["metadata"]["annotations"].update({key: value})


DASHBOARD = {"name": "dashboard", "port": {"number": 80}}
BUCKET = {"apiGroup": "example.com", "kind": "Bucket", "name": "all"}
SNIPPET = "nginx.ingress.kubernetes.io/configuration-snippet"
BODY_SIZE = "nginx.ingress.kubernetes.io/proxy-body-size"


def of_each_request(**what: Any) -> Callable[[Json], None]:
    return lambda body: body["spec"]["rules"][0].update(filters=[what])


MIRRORED = {
    "type": "RequestMirror",
    "requestMirror": {"backendRef": {"name": "elsewhere", "port": 80}},
}
ELSEWHERE = [{"kind": "ServiceAccount", "name": "default", "namespace": "kube-system"}]


@pytest.mark.parametrize("name", ["job", "deployment"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(renamed, "begins with the ModelDeployment's", id="another name"),
        pytest.param(unowned, "a ModelDeployment owns", id="nobody's"),
        pytest.param(owned_by_a_deployment, "a ModelDeployment owns", id="somebody else's"),
        pytest.param(with_image("evil.example.com/miner"), "no images but", id="another image"),
        pytest.param(
            with_image("registry.example.com/visionary/t"), "no images but", id="almost an image"
        ),
        pytest.param(with_account("cluster-admin"), "operator.serviceAccounts", id="an account"),
        pytest.param(with_pod(hostNetwork=True), "a node's network", id="the node's network"),
        pytest.param(with_pod(hostPID=True), "a node's network", id="the node's processes"),
        pytest.param(with_volume(hostPath={"path": "/"}), "folders of a node", id="a node's disk"),
        pytest.param(
            with_volume(nfs={"server": "a", "path": "/"}),
            "folders of a node",
            id="a network's disk",
        ),
        pytest.param(
            with_security(privileged=True, allowPrivilegeEscalation=True),
            "more rights",
            id="privileged",
        ),
        pytest.param(
            with_security(allowPrivilegeEscalation=True), "more rights", id="may gain privileges"
        ),
        pytest.param(
            with_security(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
            "more rights",
            id="a capability",
        ),
        pytest.param(with_pod(securityContext={}), "more rights", id="as root"),
        pytest.param(with_another_container("containers"), "more rights", id="another container"),
        pytest.param(with_another_container("initContainers"), "more rights", id="one before it"),
    ],
)
def test_a_child_with_more_than_it_needs_is_refused(
    given: Given, name: str, change: Callable[[Json], None], words: str
) -> None:
    body = given.child(name)
    change(body)
    with pytest.raises(KubectlError, match=words):
        given.write(body)


@pytest.mark.parametrize(
    "image", ["registry.example.com/vision/train:1", "registry.example.com/t:2.1", DIGEST]
)
def test_images_on_the_list_train(given: Given, image: str) -> None:
    body = given.child("job")
    with_image(image)(body)
    given.write(body)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        pytest.param(
            "key", of_type("kubernetes.io/service-account-token"), "Opaque alone", id="a token"
        ),
        pytest.param("key", renamed, "begins with the ModelDeployment's", id="a Secret's name"),
        pytest.param("key", unowned, "a ModelDeployment owns", id="somebody's Secret"),
        pytest.param(
            "service", with_spec(externalIPs=["1.1.1.1"]), "within the cluster", id="an address"
        ),
        pytest.param(
            "service", with_spec(type="LoadBalancer"), "within the cluster", id="a load balancer"
        ),
        pytest.param(
            "inference account",
            with_fields(automountServiceAccountToken=True),
            "no token by themselves",
            id="a mounted token",
        ),
        pytest.param(
            "training binding", with_fields(roleRef=ADMIN), "no role of others", id="a role"
        ),
        pytest.param(
            "training binding",
            with_fields(subjects=ELSEWHERE),
            "accounts of other namespaces",
            id="for an account elsewhere",
        ),
        pytest.param(
            "training binding",
            with_fields(subjects=[{"kind": "Group", "name": "system:authenticated"}]),
            "accounts of other namespaces",
            id="for everybody",
        ),
        pytest.param(
            "network policy of inference",
            with_spec(podSelector={}),
            "pods of the ModelDeployment",
            id="a policy for all pods",
        ),
        pytest.param(
            "route", leading_to(name="dashboard"), "to the ModelDeployment's Service", id="a way in"
        ),
        pytest.param(
            "route",
            leading_to(namespace="kube-system"),
            "to the ModelDeployment's Service",
            id="a way into another namespace",
        ),
        pytest.param(
            "route",
            of_each_request(**MIRRORED),
            "to the ModelDeployment's Service",
            id="a copy of each request",
        ),
        pytest.param(
            "route",
            with_spec(hostnames=["console.example.com"]),
            "under the hostnames",
            id="a name of somebody else's",
        ),
        pytest.param("route", with_spec(hostnames=[]), "under the hostnames", id="every name"),
        pytest.param(
            "route",
            with_spec(parentRefs=[{"name": "internal", "namespace": "gateways"}]),
            "under the hostnames",
            id="another Gateway",
        ),
        pytest.param(
            "ingress", to_backend(service=DASHBOARD), "Service alone", id="an Ingress elsewhere"
        ),
        pytest.param(
            "ingress", to_backend(resource=BUCKET), "Service alone", id="an Ingress to a resource"
        ),
        pytest.param(
            "ingress",
            with_spec(defaultBackend={"service": DASHBOARD}),
            "Service alone",
            id="an Ingress for whatever is left",
        ),
        pytest.param(
            "ingress",
            under_host("console.example.com"),
            "under the hostnames",
            id="an Ingress of a name of somebody else's",
        ),
        pytest.param("ingress", nameless, "under the hostnames", id="an Ingress of every name"),
        pytest.param(
            "ingress",
            with_spec(ingressClassName="internal"),
            "of the class",
            id="another ingress controller",
        ),
        pytest.param(
            "ingress",
            with_spec(tls=[{"secretName": "console-tls"}]),
            "with the certificates",
            id="a certificate of somebody else's",
        ),
        pytest.param(
            "ingress", annotated(SNIPPET, "deny all;"), "no annotations but", id="an order"
        ),
        pytest.param(
            "ingress", annotated(BODY_SIZE, "0"), "no annotations but", id="an order's other value"
        ),
    ],
)
def test_no_right_is_made_of_a_child(
    given: Given, name: str, change: Callable[[Json], None], words: str
) -> None:
    body = given.child(name)
    change(body)
    with pytest.raises(KubectlError, match=words):
        given.write(body)


def test_somebody_elses_object_cannot_be_taken_over(given: Given) -> None:
    secret = given.child("key")
    secret["metadata"]["name"] = "lawn-of-somebody"
    theirs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "lawn-of-somebody"}}
    given.api.apply(theirs, "-n", TEAM)
    with pytest.raises(KubectlError, match="a ModelDeployment owns"):
        given.write(secret)


def test_nobody_elses_object_is_deleted(given: Given) -> None:
    job = given.child("job")
    unowned(job)
    job["metadata"]["name"] = "somebodys"
    given.api.apply(job, "--server-side", "-n", TEAM)
    delete = ("delete", "job", "-n", TEAM, "--dry-run=server", "--as", OPERATOR)
    with pytest.raises(KubectlError, match="a ModelDeployment owns"):
        given.api.kubectl(*delete, "somebodys")
    given.api.apply(given.child("search"), "--server-side", "-n", TEAM)
    given.api.kubectl(*delete, given.child("search")["metadata"]["name"])


def test_what_others_put_into_a_child_stays_and_keeps_no_update_away(given: Given) -> None:
    """A sidecar of somebody's, an image of before the list, a Service that is a load balancer."""
    deployment = given.child("deployment")
    container(deployment)["image"] = "former.example.com/inference:0"
    with_account("former")(deployment)
    with_volume(hostPath={"path": "/var/log"})(deployment)
    with_another_container("containers")(deployment)
    as_it_was = ("--server-side", "--force-conflicts", "--field-manager=dandelion-operator")
    given.api.apply(deployment, *as_it_was, "-n", TEAM)
    scaled = copy.deepcopy(deployment)
    scaled["spec"]["replicas"] = 5
    given.write(scaled)
    updated = copy.deepcopy(deployment)
    container(updated)["image"] = given.team.defaults.inference_image
    given.write(updated)
    service = given.child("service")
    given.api.apply(service, "--server-side", "-n", TEAM)
    changed = {"spec": {"type": "LoadBalancer", "externalIPs": ["1.1.1.1"]}}
    given.api.apply(
        {"apiVersion": "v1", "kind": "Service", "metadata": service["metadata"], **changed},
        *("--server-side", "--field-manager=somebody", "-n", TEAM),
    )
    service["metadata"]["annotations"]["dandelion.dev/applied"] = "another"
    given.write(service)


def test_a_binding_of_the_cluster_is_deleted_and_never_filled(given: Given) -> None:
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"{FULLNAME}-token-reviewers"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": f"{FULLNAME}-token-reviewer",
        },
        "subjects": [{"kind": "ServiceAccount", "name": "lawn-inference", "namespace": TEAM}],
    }
    with pytest.raises(KubectlError, match="no binding of the cluster"):
        given.write(binding)
    delete = ("delete", "clusterrolebinding", "--dry-run=server", "--as", OPERATOR)
    given.api.kubectl(*delete, f"{FULLNAME}-token-reviewers")
    with pytest.raises(KubectlError, match="no binding of the cluster"):
        given.api.kubectl(*delete, f"{FULLNAME}-token-reviewer")


def test_rights_are_given_back_where_the_label_is_gone(given: Given) -> None:
    given.api.apply(own_binding(OTHER), "--server-side")
    delete = ("delete", "rolebinding", ROLE, "-n", OTHER, "--dry-run=server", "--as", OPERATOR)
    given.api.kubectl(*delete)


def test_the_policy_is_no_matter_of_anybody_else(given: Given) -> None:
    for body in (namespaced("ConfigMap"), own_binding(OTHER), event("Node")):
        given.api.apply(body, "--server-side", "--force-conflicts", "--dry-run=server")
