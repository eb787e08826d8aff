"""Which rights each of the chart's roles has."""

from __future__ import annotations

import pytest

from tests.api.server import ApiServer, KubectlError
from tests.api.who_asks.asking import TEAM

ROLES = {
    "user": {"predict", "feedback"},
    "reviewer": {"predict", "feedback", "review"},
    "administrator": {
        *("predict", "feedback", "review", "train", "ingest", "promote", "rollback", "suspend"),
    },
    "editor": {"train", "ingest", "suspend"},
    "owner": {
        *("predict", "feedback", "review", "train", "ingest", "promote", "rollback", "suspend"),
    },
}


@pytest.mark.parametrize("person", ROLES)
def test_each_role_has_its_rights_and_no_other(installed: ApiServer, person: str) -> None:
    every = ROLES["administrator"] | {"sign"}
    what = "modeldeployments.dandelion.dev"
    has = {part for part in every if installed.may(person, "create", f"{what}:{part}", TEAM)}
    assert has == ROLES[person]
    assert installed.may(person, "get", what, TEAM)
    assert installed.may(person, "patch", what, TEAM) is (person in ("editor", "owner"))


def test_an_owner_may_give_each_of_the_three_roles(installed: ApiServer) -> None:
    """RBAC lets nobody give a right that they do not have."""
    binder = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "binder", "namespace": TEAM},
        "rules": [
            {
                "apiGroups": ["rbac.authorization.k8s.io"],
                "resources": ["rolebindings"],
                "verbs": ["create"],
            }
        ],
    }
    installed.apply(binder)
    for person in ("owner", "editor"):
        bound = ("--role=binder", f"--user={person}", "-n", TEAM)
        installed.kubectl("create", "rolebinding", f"{person}-binds", *bound)
    for role in ("user", "reviewer", "administrator"):
        bound = (f"--clusterrole=dandelion-{role}", "--user=new", "-n", TEAM)
        installed.kubectl("create", "rolebinding", f"new-{role}", *bound, "--as", "owner")
        with pytest.raises(KubectlError, match="attempting to grant RBAC permissions"):
            installed.kubectl("create", "rolebinding", f"n-{role}", *bound, "--as", "editor")
