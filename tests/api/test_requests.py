"""Who may ask for what by a ModelDeployment's annotations, and whose name stands beside it."""

from __future__ import annotations

import json
import ssl
from typing import Any

import httpx
import pytest
import yaml

from tests.api.server import ADMIN_TOKEN, ApiServer, KubectlError
from tests.chart.rendering import NAMESPACE, WITH_THE_CONSOLE, render

TEAM = "requests"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:dandelion-console"
LAWN = f"/apis/dandelion.dev/v1alpha1/namespaces/{TEAM}/modeldeployments/lawn"
MOMENT = "2026-03-08T12:00:00Z"
RETRAIN, PROMOTE = "dandelion.dev/retrain", "dandelion.dev/promote"
INGEST = "dandelion.dev/ingest"
SIGNED = "dandelion.dev/requested-by"

# Each with the roles of the chart that its RoleBindings name.
PEOPLE = {
    "editor": ("edit", "view", "edit-actions"),
    "owner": ("edit", "view", "edit-actions", "admin-actions"),
    "administrator": ("administrator",),
    "reviewer": ("reviewer",),
    "user": ("user",),
}
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


@pytest.fixture(scope="module")
def installed(api: ApiServer) -> ApiServer:
    """The chart's roles, people bound to them, and the console's account with its policy."""
    kinds = {"ClusterRole", "ClusterRoleBinding", "ServiceAccount"}
    policies = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    documents = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for name in (NAMESPACE, TEAM)
    ]
    documents += [
        dict(item.content)
        for item in render(WITH_THE_CONSOLE)
        if item.kind in kinds or (item.kind in policies and item.name == "dandelion-console")
    ]
    api.apply(yaml.safe_dump_all(documents), "--server-side", "--force-conflicts")
    for person, roles in PEOPLE.items():
        for role in roles:
            bound = (f"--clusterrole=dandelion-{role}", f"--user={person}", "-n", TEAM)
            api.kubectl("create", "rolebinding", f"{person}-{role}", *bound)
    return api


@pytest.fixture
def lawn(installed: ApiServer) -> ApiServer:
    """A model whose version 4 serves, for which version 3 was before."""
    installed.kubectl("delete", "mdep", "lawn", "-n", TEAM, "--ignore-not-found")
    installed.apply(model())
    champion = {"status": {"champion": {"version": "4"}}}
    installed.kubectl(
        *("patch", "mdep", "lawn", "-n", TEAM, "--type=merge", "--subresource=status"),
        *("-p", json.dumps(champion)),
    )
    return installed


def model(**annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "dandelion.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": "lawn", "namespace": TEAM, "annotations": annotations},
        "spec": {"dataset": {"storageUri": "s3://datasets/lawn"}},
    }


def asked(**annotations: str) -> dict[str, Any]:
    """`retrain`, `ingest`, `promote` and `by`, as a patch."""
    names = {"retrain": RETRAIN, "ingest": INGEST, "promote": PROMOTE, "by": SIGNED}
    written = {names[name]: value for name, value in annotations.items()}
    return {"metadata": {"annotations": written}}


def patch(server: ApiServer, who: str, body: dict[str, Any]) -> str:
    """What the API server says to that; empty where it has done it.

    kubectl would read the model first, which not everybody may who may change it.
    """
    answer = httpx.patch(
        f"https://127.0.0.1:{server.port}{LAWN}",
        verify=ssl.create_default_context(cafile=str(server.authority)),
        trust_env=False,
        timeout=60,
        headers={
            "Authorization": f"Bearer {ADMIN_TOKEN}",
            "Content-Type": "application/merge-patch+json",
            **({"Impersonate-User": who} if who else {}),
        },
        content=json.dumps(body),
    )
    return "" if answer.is_success else str(answer.json()["message"])


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


@pytest.mark.parametrize(
    ("who", "body", "words"),
    [
        pytest.param("editor", asked(retrain="1"), "", id="an editor trains as before"),
        pytest.param("editor", {"spec": {"suspend": True}}, "", id="an editor pauses as before"),
        pytest.param("editor", asked(retrain="1", by="retrain=1 by editor"), "", id="and may sign"),
        pytest.param(
            "editor",
            {**asked(by=f"suspend=true at {MOMENT} by editor"), "spec": {"suspend": True}},
            "",
            id="and sign a pause",
        ),
        pytest.param("editor", asked(ingest="1"), "", id="an editor has images read"),
        pytest.param(
            "editor", asked(ingest="1", by="ingest=1 by editor"), "", id="and signs that too"
        ),
        pytest.param(
            "editor",
            asked(ingest="1", by="ingest=1 by owner"),
            "your own name",
            id="and not in somebody else's name",
        ),
        pytest.param(
            "editor",
            asked(ingest="1", by="ingest=2 by editor"),
            "your own name",
            id="nor for another reading",
        ),
        pytest.param("owner", asked(promote="5"), "", id="an owner promotes"),
        pytest.param("owner", asked(promote="3/again"), "", id="an owner rolls back"),
        pytest.param(
            "owner", asked(promote="3", by="promote=3 by owner"), "", id="an owner signs that"
        ),
        pytest.param(
            "editor", asked(promote="5"), "modeldeployments/promote", id="an editor does not"
        ),
        pytest.param(
            "editor", asked(promote="3"), "modeldeployments/rollback", id="nor rolls back"
        ),
        pytest.param("owner", asked(promote="v3"), "the number of a version", id="no number"),
        pytest.param("owner", asked(promote="3 4"), "the number of a version", id="two numbers"),
        pytest.param(
            "editor",
            asked(retrain="1", by="retrain=1 by owner"),
            'your own name, as in "retrain=1 by editor"',
            id="somebody else's name",
        ),
        pytest.param(
            "editor",
            asked(retrain="1", by="retrain=1 by owner by editor"),
            "your own name",
            id="a name before one's own",
        ),
        pytest.param(
            "editor",
            asked(retrain="1", by="retrain=2 by editor"),
            "your own name",
            id="other words",
        ),
        pytest.param("editor", asked(by="editor"), "your own name", id="a name alone"),
        pytest.param(
            "editor",
            asked(by=f"suspend=true at {MOMENT} by editor"),
            "your own name",
            id="a pause that is none",
        ),
        pytest.param("", asked(retrain="1", by="retrain=1 by owner"), "", id="who may sign"),
    ],
)
def test_what_is_asked_for_and_signed(
    lawn: ApiServer, who: str, body: dict[str, Any], words: str
) -> None:
    said = patch(lawn, who, body)
    assert (words in said and bool(said)) if words else not said, said


@pytest.mark.parametrize("what", ["retrain", "ingest"])
def test_a_name_cannot_be_used_again_by_somebody_else(lawn: ApiServer, what: str) -> None:
    assert not patch(lawn, "owner", asked(**{what: "1", "by": f"{what}=1 by owner"}))
    assert not patch(lawn, "editor", asked(**{what: "2"}))
    said = patch(lawn, "editor", asked(**{what: "1"}))
    assert "is what owner asked for before" in said
    assert not patch(lawn, "owner", asked(**{what: "1"}))


def test_what_others_left_there_hinders_nobody(lawn: ApiServer) -> None:
    assert not patch(lawn, "owner", asked(promote="3", by="promote=3 by owner"))
    assert not patch(lawn, "editor", {"spec": {"training": {"epochs": 3}}})
    assert not patch(lawn, "editor", asked(retrain="1"))
    assert not patch(lawn, "editor", {"spec": {"suspend": True}})
    cleared = {"metadata": {"annotations": {PROMOTE: None, SIGNED: None}}}
    assert not patch(lawn, "editor", cleared)


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({PROMOTE: "3"}, "modeldeployments/promote"),
        ({RETRAIN: "1", SIGNED: "retrain=1 by owner"}, "your own name"),
        ({RETRAIN: "1", SIGNED: "retrain=1 by editor"}, ""),
    ],
)
def test_a_new_resource_asks_for_no_more(
    lawn: ApiServer, annotations: dict[str, str], words: str
) -> None:
    lawn.kubectl("delete", "mdep", "lawn", "-n", TEAM)
    if not words:
        lawn.apply(model(**annotations), "--as", "editor")
        return
    with pytest.raises(KubectlError, match=words):
        lawn.apply(model(**annotations), "--as", "editor")


SIGNED_PAUSE = {**asked(by=f"suspend=true at {MOMENT} by somebody"), "spec": {"suspend": True}}


@pytest.mark.parametrize(
    "body",
    [
        asked(retrain=MOMENT, by=f"retrain={MOMENT} by somebody"),
        asked(ingest=MOMENT, by=f"ingest={MOMENT} by somebody"),
        asked(promote=f"3/{MOMENT}", by=f"promote=3/{MOMENT} by somebody"),
        asked(promote=f"5/{MOMENT}", by=f"promote=5/{MOMENT} by somebody"),
        SIGNED_PAUSE,
    ],
)
def test_the_consoles_account_does_what_somebody_asked_for(
    lawn: ApiServer, body: dict[str, Any]
) -> None:
    assert not patch(lawn, ACCOUNT, body)
    assert not patch(lawn, ACCOUNT, body)  # the form is sent twice


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(asked(retrain="1"), "without the name of who asked", id="unsigned"),
        pytest.param(asked(ingest="1"), "without the name of who asked", id="unsigned images"),
        pytest.param(
            asked(ingest="1", retrain="1", by="retrain=1 by a"),
            "without the name of who asked",
            id="images beside a run that is signed",
        ),
        pytest.param({"spec": {"suspend": True}}, "without the name of who asked", id="a pause"),
        pytest.param(
            {**asked(retrain="1", by="retrain=1 by a"), "spec": {"suspend": True}},
            "without the name of who asked",
            id="signed for something else",
        ),
        pytest.param(
            asked(retrain="1", promote="3", by="retrain=1 by a"),
            "without the name of who asked",
            id="signed for one of two",
        ),
        *(
            pytest.param(
                {**asked(retrain="1", by="retrain=1 by a"), "spec": spec},
                "and nothing else",
                id=f"{next(iter(spec))} too",
            )
            for spec in (
                {"training": {"epochs": 3}},
                {"dataset": {"storageUri": "s3://other/lawn"}},
                {"serving": {"replicas": 3}},
            )
        ),
        *(
            pytest.param(
                {
                    "metadata": {
                        **asked(retrain="1", by="retrain=1 by a")["metadata"],
                        name: value,
                    }
                },
                "and nothing else",
                id=name,
            )
            for name, value in (
                ("labels", {"a": "b"}),
                ("finalizers", ["example.com/never"]),
            )
        ),
        pytest.param(
            {"metadata": {"annotations": {"dandelion.dev/adopt": "3"}}},
            "and nothing else",
            id="another annotation",
        ),
    ],
)
def test_the_consoles_account_does_nothing_else(
    lawn: ApiServer, body: dict[str, Any], words: str
) -> None:
    assert words in patch(lawn, ACCOUNT, body)


def test_the_consoles_account_has_no_other_right(lawn: ApiServer) -> None:
    what = "modeldeployments.dandelion.dev"
    account = ACCOUNT.removeprefix("system:serviceaccount:")
    assert lawn.may(account, "patch", what, TEAM)
    for verb in ("create", "update", "delete", "deletecollection"):
        assert not lawn.may(account, verb, what, TEAM)
    for other in (f"{what}:status", f"{what}:scale", "secrets", "pods"):
        for verb in ("get", "patch", "create"):
            assert not lawn.may(account, verb, other, TEAM)


def test_its_policy_holds_even_where_somebody_gives_it_more(lawn: ApiServer) -> None:
    lawn.kubectl(
        *("create", "rolebinding", "more", "--clusterrole=cluster-admin", "-n", TEAM),
        f"--serviceaccount={ACCOUNT.removeprefix('system:serviceaccount:')}",
    )
    try:
        with pytest.raises(KubectlError, match="does nothing else with them"):
            lawn.kubectl("delete", "mdep", "lawn", "-n", TEAM, "--as", ACCOUNT)
        status = ("--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Ready"}}')
        with pytest.raises(KubectlError, match="does nothing else with them"):
            lawn.kubectl("patch", "mdep", "lawn", "-n", TEAM, *status, "--as", ACCOUNT)
    finally:
        lawn.kubectl("delete", "rolebinding", "more", "-n", TEAM)
