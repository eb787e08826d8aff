"""Children are refused whatever they need not have, and no right is made of one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.rights.children import Json
from tests.api.rights.policy.changes import (
    annotated,
    leading_to,
    nameless,
    of_each_request,
    of_type,
    owned_by_a_deployment,
    renamed,
    to_backend,
    under_host,
    unowned,
    with_account,
    with_another_container,
    with_fields,
    with_image,
    with_pod,
    with_security,
    with_spec,
    with_volume,
)
from tests.api.rights.policy.installation import DIGEST, Given
from tests.api.rights.policy.test_work import ADMIN
from tests.api.server import KubectlError

DASHBOARD = {"name": "dashboard", "port": {"number": 80}}
BUCKET = {"apiGroup": "example.com", "kind": "Bucket", "name": "all"}
SNIPPET = "nginx.ingress.kubernetes.io/configuration-snippet"
BODY_SIZE = "nginx.ingress.kubernetes.io/proxy-body-size"
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
        pytest.param(
            with_security(runAsNonRoot=False, runAsUser=0), "more rights", id="a container as root"
        ),
        pytest.param(with_security(runAsUser=0), "more rights", id="a container by root's number"),
        pytest.param(
            with_pod(securityContext={"runAsNonRoot": True, "runAsUser": 0}),
            "more rights",
            id="a pod by root's number",
        ),
        pytest.param(
            with_security(seccompProfile={"type": "Unconfined"}),
            "more rights",
            id="every system call",
        ),
        pytest.param(
            with_pod(
                securityContext={"runAsNonRoot": True, "seccompProfile": {"type": "Unconfined"}}
            ),
            "more rights",
            id="every system call for the pod",
        ),
        pytest.param(
            with_security(appArmorProfile={"type": "Unconfined"}), "more rights", id="no AppArmor"
        ),
        pytest.param(
            with_security(seLinuxOptions={"type": "spc_t"}),
            "more rights",
            id="another SELinux type",
        ),
        pytest.param(
            with_pod(
                securityContext={
                    "runAsNonRoot": True,
                    "sysctls": [{"name": "kernel.msgmax", "value": "65536"}],
                }
            ),
            "more rights",
            id="a setting of the node's kernel",
        ),
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
