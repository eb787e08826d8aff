"""What belongs to others stays theirs, and what they do is no matter of the policy."""

from __future__ import annotations

import copy

import pytest

from tests.api.rights.policy.changes import (
    container,
    unowned,
    with_account,
    with_another_container,
    with_volume,
)
from tests.api.rights.policy.installation import FULLNAME, OPERATOR, OTHER, ROLE, TEAM, Given
from tests.api.rights.policy.test_work import event, namespaced, own_binding
from tests.api.server import KubectlError


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
