"""What the pods may do, who may reach them, and that no secret is written anywhere."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from typing import Any

import pytest
from dandelion_inference.reviewer.settings import Settings

from tests.chart.rendering import NAMESPACE, PROFILES, Rendered, render, template

SECRET_DIRECTORIES = "/var/run/secrets/dandelion/"


@pytest.mark.parametrize("values", PROFILES.values(), ids=PROFILES)
class TestEveryPod:
    def test_meets_pod_security_restricted(self, values: Mapping[str, Any]) -> None:
        for workload in render(values).workloads():
            pod = workload.pod["spec"]
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert pod["securityContext"]["runAsUser"] > 0
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
            of_the_cluster = {"configMap", "projected", "secret"}
            allowed = {"emptyDir", "persistentVolumeClaim", "name"} | of_the_cluster
            assert {key for volume in pod.get("volumes", []) for key in volume} <= allowed
            for container in workload.containers:
                context = container["securityContext"]
                assert context["allowPrivilegeEscalation"] is False
                assert context["capabilities"] == {"drop": ["ALL"]}
                assert context["readOnlyRootFilesystem"] is True
                assert "hostPort" not in str(container.get("ports", []))

    def test_says_what_it_needs(self, values: Mapping[str, Any]) -> None:
        for workload in render(values).workloads():
            for container in workload.containers:
                assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
                assert "memory" in container["resources"]["limits"]

    def test_that_runs_on_is_probed(self, values: Mapping[str, Any]) -> None:
        for workload in render(values).workloads():
            if workload.kind in ("Deployment", "StatefulSet"):
                for container in workload.containers:
                    probes = {"startupProbe", "livenessProbe", "readinessProbe"}
                    assert probes <= container.keys(), workload.name

    def test_gets_no_settings_from_the_names_of_services(self, values: Mapping[str, Any]) -> None:
        for workload in render(values).workloads():
            assert workload.pod["spec"]["enableServiceLinks"] is False, workload.name

    def test_has_a_token_only_if_it_asks_the_api_server(self, values: Mapping[str, Any]) -> None:
        asks = {"operator", "token-reviewer", "credentials", "review", "test"}
        mode = values.get("mlflow", {}).get("auth", {}).get("mode", "auto")
        has_cluster_roles = values.get("rbac", {}).get("create", True) and not values.get(
            "operator", {}
        ).get("watchNamespaces")
        if mode == "Kubernetes" or (mode == "auto" and has_cluster_roles):
            asks.add("mlflow")
        for workload in render(values).workloads():
            token = workload.pod["spec"]["automountServiceAccountToken"]
            assert token is (workload.labels["app.kubernetes.io/component"] in asks)

    def test_gets_its_secrets_as_files(self, values: Mapping[str, Any]) -> None:
        for workload in render(values).workloads():
            for container in workload.containers:
                assert "secretKeyRef" not in str(container)
                assert "envFrom" not in container
                mounts = {
                    mount["name"]: mount["mountPath"] for mount in container.get("volumeMounts", [])
                }
                for volume in workload.pod["spec"].get("volumes", []):
                    if "secret" in volume:
                        assert mounts[volume["name"]].startswith(SECRET_DIRECTORIES)
                        assert volume["secret"]["defaultMode"] == 0o440


@pytest.mark.parametrize("values", PROFILES.values(), ids=PROFILES)
def test_no_secret_is_rendered(values: Mapping[str, Any]) -> None:
    assert not render(values).of("Secret")


@pytest.mark.parametrize("values", PROFILES.values(), ids=PROFILES)
def test_rendering_twice_gives_the_same(values: Mapping[str, Any]) -> None:
    """Nothing is drawn by lot, so a GitOps tool finds no difference and no key changes."""
    assert template(values) == template(values)


RBAC, OF_A_NAMESPACE = "rbac.authorization.k8s.io", "dandelion-operator-namespace"
READ_FROM_CACHES = ("discovery.k8s.io/endpointslices",)


def rules(rendered: Rendered, kind: str, name: str) -> set[tuple[str, str]]:
    """Each resource and verb that a role allows."""
    return rules_of(rendered.one(kind, name).content)


def rules_of(role: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {
        (f"{group}/{resource}".strip("/"), verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_no_role_holds_a_wildcard() -> None:
    for values in PROFILES.values():
        rendered = render(values)
        for role in [*rendered.of("ClusterRole"), *rendered.of("Role")]:
            assert "*" not in str(role.content["rules"]), role.name


def test_the_operator_writes_only_what_it_makes(default: Rendered) -> None:
    elsewhere = rules(default, "ClusterRole", "dandelion-operator")
    allowed = rules(default, "ClusterRole", OF_A_NAMESPACE) | elsewhere
    writes = {(what, verb) for what, verb in allowed if verb not in ("get", "list", "watch")}
    assert writes == {
        (f"{RBAC}/rolebindings", "create"),
        (f"{RBAC}/rolebindings", "patch"),
        (f"{RBAC}/rolebindings", "delete"),
        (f"{RBAC}/clusterroles", "bind"),
        ("dandelion.dev/modeldeployments/status", "update"),
        ("dandelion.dev/modeldeployments/finalizers", "update"),
        ("batch/jobs", "create"),
        ("batch/jobs", "patch"),
        ("batch/jobs", "delete"),
        ("apps/deployments", "create"),
        ("apps/deployments", "patch"),
        ("policy/poddisruptionbudgets", "create"),
        ("policy/poddisruptionbudgets", "patch"),
        ("policy/poddisruptionbudgets", "delete"),
        ("networking.k8s.io/networkpolicies", "create"),
        ("networking.k8s.io/networkpolicies", "patch"),
        ("networking.k8s.io/networkpolicies", "delete"),
        ("services", "create"),
        ("services", "patch"),
        ("secrets", "create"),
        ("secrets", "patch"),
        ("serviceaccounts", "create"),
        ("serviceaccounts", "patch"),
        ("events", "create"),
        ("events", "patch"),
    }
    assert ("secrets", "list") not in allowed
    for watched in ("batch/jobs", "apps/deployments", "services", "pods", *READ_FROM_CACHES):
        assert {(watched, "list"), (watched, "watch")} <= allowed
    of_slices = {verb for what, verb in allowed if what in READ_FROM_CACHES}
    assert of_slices == {"list", "watch"}


def test_outside_of_its_namespaces_the_operator_sees_no_secrets_and_makes_nothing(
    default: Rendered,
) -> None:
    role = default.one("ClusterRole", "dandelion-operator").content
    named = [rule for rule in role["rules"] if rule["apiGroups"] == [RBAC]]
    assert all(rule["resourceNames"] == [OF_A_NAMESPACE] for rule in named)
    others = {
        (what, verb)
        for what, verb in rules(default, "ClusterRole", "dandelion-operator")
        if not what.startswith(RBAC) and verb not in ("list", "watch")
    }
    assert others == {
        ("dandelion.dev/modeldeployments", "get"),
        ("dandelion.dev/modeldeployments/status", "update"),
    }
    seen = {what for what, _ in rules(default, "ClusterRole", "dandelion-operator")}
    assert not {"secrets", "configmaps", "serviceaccounts", "events"} & seen
    for binding in default.of("ClusterRoleBinding"):
        assert binding.content["roleRef"]["name"] != OF_A_NAMESPACE


def told(rendered: Rendered) -> dict[str, str | None]:
    (container,) = rendered.one("Deployment", "dandelion-operator").containers
    return {item["name"]: item.get("value") for item in container["env"]}


def test_the_operator_is_told_which_role_to_bind_and_to_whom(default: Rendered) -> None:
    assert told(default)["DANDELION_NAMESPACE_ROLE"] == OF_A_NAMESPACE
    account = default.one("Deployment", "dandelion-operator").pod["spec"]["serviceAccountName"]
    assert told(default)["DANDELION_SERVICE_ACCOUNT"] == account


@pytest.mark.parametrize(
    ("values", "policy"),
    [
        pytest.param({"operator": {"namespaces": "All"}}, True, id="all of them"),
        pytest.param({"operator": {"watchNamespaces": ["a"]}}, False, id="those with a role"),
        pytest.param(
            {"operator": {"watchNamespaces": ["a"]}, "rbac": {"policy": True}},
            True,
            id="those with a role, held by the policy",
        ),
        pytest.param({"rbac": {"create": False}}, False, id="whatever an administrator gave"),
    ],
)
def test_where_no_label_counts_no_role_is_bound(values: Mapping[str, Any], policy: bool) -> None:
    rendered = render(values)
    assert "DANDELION_NAMESPACE_ROLE" not in told(rendered)
    assert OF_A_NAMESPACE not in {role.name for role in rendered.of("ClusterRole")}
    policies = {item.name for item in rendered.of("ValidatingAdmissionPolicy")}
    assert ("dandelion-operator" in policies) is policy


def test_looking_after_all_of_them_is_a_role_that_reads_every_secret() -> None:
    rendered = render({"operator": {"namespaces": "All"}})
    allowed = rules(rendered, "ClusterRole", "dandelion-operator")
    assert {("secrets", "get"), ("batch/jobs", "create"), ("pods", "watch")} <= allowed
    assert OF_A_NAMESPACE not in str(rendered.one("ClusterRole", "dandelion-operator").content)


def test_watching_some_namespaces_needs_no_cluster_role() -> None:
    rendered = render(
        {"operator": {"watchNamespaces": ["team-a", "team-b"]}, "rbac": {"aggregate": False}}
    )
    assert not rendered.of("ClusterRole")
    assert not rendered.of("ClusterRoleBinding")
    namespaces = {
        role.content["metadata"]["namespace"]
        for role in rendered.of("Role")
        if role.name == "dandelion-operator"
    }
    assert namespaces == {"team-a", "team-b"}


FORMER_BINDING, REVIEWER = "dandelion-token-reviewers", "dandelion-token-reviewer"
REVIEWS = {
    ("authentication.k8s.io/tokenreviews", "create"),
    ("authorization.k8s.io/subjectaccessreviews", "create"),
}


def test_roles_of_somebody_elses_are_left_to_them() -> None:
    """A binding that the operator may not even look at would be a warning a minute, for ever."""
    (container,) = (
        render({"rbac": {"create": False}}).one("Deployment", "dandelion-operator").containers
    )
    told = {item["name"] for item in container["env"]}
    assert "DANDELION_TOKEN_REVIEWER_URL" in told
    assert "DANDELION_TOKEN_REVIEWER_BINDING" not in told


def test_of_rbac_the_operator_may_take_one_binding_away_and_give_nobody_anything(
    default: Rendered,
) -> None:
    role = default.one("ClusterRole", "dandelion-operator-reviewers").content
    assert [
        (rule["resources"], rule["resourceNames"], rule["verbs"]) for rule in role["rules"]
    ] == [(["clusterrolebindings"], [FORMER_BINDING], ["get", "delete"])]
    known = (role["metadata"]["name"], "dandelion-operator", OF_A_NAMESPACE)
    others = [item for item in default.of("ClusterRole") if item.name not in known]
    assert RBAC not in str([item.content["rules"] for item in others])


@pytest.mark.parametrize(
    "profile", ["the defaults", "namespaced, with PostgreSQL and every knob turned"]
)
def test_one_account_reviews_tokens_for_serving_and_may_do_nothing_else(profile: str) -> None:
    rendered = render(PROFILES[profile])
    roles = [*rendered.of("ClusterRole"), *rendered.of("Role")]
    asking = ("authorization.k8s.io/subjectaccessreviews", "create")
    reviewing = {item.name for item in roles if asking in rules_of(item.content)}
    (role,) = {name for name in reviewing if not name.endswith(("-mlflow", "-console-asks"))}
    assert role.endswith("-token-reviewer")
    assert rules(rendered, "ClusterRole", role) == REVIEWS
    bound = {
        item.name: item.content.get("subjects", [])
        for item in rendered.of("ClusterRoleBinding")
        if item.content["roleRef"]["name"] == role
    }
    (namespace,) = {item.content["metadata"]["namespace"] for item in rendered.of("Deployment")}
    account = {"kind": "ServiceAccount", "name": role, "namespace": namespace}
    assert bound == {role: [account], f"{role}s": []}
    everywhere = [*rendered.of("ClusterRoleBinding"), *rendered.of("RoleBinding")]
    bindings = [item.name for item in everywhere if account in item.content.get("subjects", [])]
    assert bindings == [role]
    (workload,) = (
        item for item in rendered.workloads() if item.pod["spec"].get("serviceAccountName") == role
    )
    assert workload.labels["app.kubernetes.io/component"] == "token-reviewer"


def test_serving_is_told_where_the_token_reviewer_answers(default: Rendered) -> None:
    (container,) = default.one("Deployment", "dandelion-operator").containers
    told = {item["name"]: item.get("value") for item in container["env"]}
    assert told["DANDELION_TOKEN_REVIEWER_BINDING"] == FORMER_BINDING
    assert told["DANDELION_TOKEN_REVIEWER_URL"] == f"http://{REVIEWER}.{NAMESPACE}.svc"
    service = default.one("Service", REVIEWER).content["spec"]
    assert service["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]
    deployment = default.one("Deployment", REVIEWER)
    assert service["selector"].items() <= deployment.pod["metadata"]["labels"].items()
    (container,) = deployment.containers
    ports = {item["name"]: item["containerPort"] for item in container["ports"]}
    settings = Settings.model_fields
    assert ports == {"http": settings["port"].default, "metrics": settings["probes_port"].default}
    assert container["command"] == ["python", "-m", "dandelion_inference.reviewer"]


@pytest.mark.parametrize(("replicas", "budgets"), [(1, 0), (2, 1)])
def test_of_two_token_reviewers_one_stays_while_a_node_is_drained(
    replicas: int, budgets: int
) -> None:
    rendered = render({"tokenReviewer": {"replicas": replicas}})
    found = [item for item in rendered.of("PodDisruptionBudget") if item.name == REVIEWER]
    assert len(found) == budgets
    deployment = rendered.one("Deployment", REVIEWER)
    assert deployment.content["spec"]["replicas"] == replicas
    for budget in found:
        assert budget.content["spec"]["maxUnavailable"] == 1
        selected = budget.content["spec"]["selector"]["matchLabels"].items()
        assert selected <= deployment.pod["metadata"]["labels"].items()


def test_the_token_reviewer_is_another_image_where_inference_has_one_of_ones_own() -> None:
    def images(**values: Any) -> list[str]:
        rendered = render({"inference": {"image": {"repository": "own", "tag": "7"}}, **values})
        return [item["image"] for item in rendered.one("Deployment", REVIEWER).containers]

    assert images() == ["own:7"]
    assert images(tokenReviewer={"image": {"repository": "ours", "tag": "1"}}) == ["ours:1"]


def test_who_may_predict_and_who_may_send_feedback_are_two_roles(default: Rendered) -> None:
    for what in ("predict", "feedback"):
        assert rules(default, "ClusterRole", f"dandelion-{what}") == {
            (f"dandelion.dev/modeldeployments/{what}", "create")
        }


@pytest.mark.parametrize(
    ("values", "possible"),
    [
        pytest.param({}, True, id="everywhere"),
        pytest.param({"rbac": {"clusterTokens": False}}, False, id="turned off"),
        pytest.param({"operator": {"watchNamespaces": ["a"]}}, False, id="without cluster roles"),
        pytest.param(
            {"operator": {"watchNamespaces": ["a"]}, "rbac": {"clusterTokens": True}},
            True,
            id="in some namespaces, turned on",
        ),
    ],
)
def test_serving_pods_have_somebody_to_ask_who_calls(
    values: Mapping[str, Any], possible: bool
) -> None:
    rendered = render(values)
    for kind in ("ClusterRoleBinding", "ClusterRole", "Deployment", "Service", "ServiceAccount"):
        assert (REVIEWER in {item.name for item in rendered.of(kind)}) is possible
    (container,) = rendered.one("Deployment", "dandelion-operator").containers
    told = {item["name"] for item in container["env"]}
    for name in ("DANDELION_TOKEN_REVIEWER_URL", "DANDELION_TOKEN_REVIEWER_BINDING"):
        assert (name in told) is possible


def test_without_roles_of_the_chart_the_token_reviewer_waits_for_its_own() -> None:
    rendered = render({"rbac": {"create": False}})
    assert rendered.one("Deployment", REVIEWER)
    assert REVIEWER not in {item.name for item in rendered.of("ClusterRole")}


def test_the_key_maker_may_only_create_secrets(default: Rendered) -> None:
    assert rules(default, "Role", "dandelion-credentials") == {("secrets", "create")}


def test_what_unpickles_published_weights_holds_one_key_and_no_token(default: Rendered) -> None:
    (job,) = (job for job in default.of("Job") if "-pretrained-" in job.name)
    pod = job.pod["spec"]
    secrets = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
    assert [secret["secretName"] for secret in secrets] == ["dandelion-s3-training"]
    assert pod["automountServiceAccountToken"] is False


def test_inference_may_not_reach_mlflow(default: Rendered) -> None:
    (rule,) = default.one("NetworkPolicy", "dandelion-mlflow").spec["ingress"]
    anywhere = [source for source in rule["from"] if "namespaceSelector" in source]
    assert [source["podSelector"] for source in anywhere] == [
        {
            "matchLabels": {"app.kubernetes.io/part-of": "dandelion"},
            "matchExpressions": [
                {
                    "key": "app.kubernetes.io/component",
                    "operator": "In",
                    "values": ["training"],
                }
            ],
        }
    ]


def mlflow_environment(**values: Any) -> dict[str, list[str]]:
    (container,) = render({"mlflow": values}).one("Deployment", "dandelion-mlflow").containers
    found = {item["name"]: item.get("value", "") for item in container["env"]}
    return {
        "hosts": found["MLFLOW_SERVER_ALLOWED_HOSTS"].split(","),
        "origins": found["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"].split(","),
    }


def answers(patterns: list[str], text: str) -> bool:
    """MLflow's own rule for Host headers and for pages that may change something."""
    return any(fnmatch.fnmatch(text, p) if "*" in p else text == p for p in patterns)


def shown_across_origins(patterns: list[str], origin: str) -> bool:
    """Flask-CORS's rule for pages that may read answers: a pattern is a regular expression."""
    return any(
        re.match(p, origin, re.IGNORECASE) if set(p) & set("*\\]?$^[()") else origin == p
        for p in patterns
    )


@pytest.mark.filterwarnings("ignore:Possible nested set")
class TestMLflow:
    @pytest.mark.parametrize(
        "host",
        [
            "localhost:5000",
            "127.0.0.1:15000",
            "[::1]:5000",
            "dandelion-mlflow:5000",
            "dandelion-mlflow.dandelion-system.svc:5000",
            "dandelion-mlflow.dandelion-system.svc.cluster.local:5000",
            "10.96.14.3:5000",
            "172.30.0.2:31500",
            "192.168.1.20",
            "[fd00:10:96::a]:5000",
        ],
    )
    def test_is_reached_under_the_names_it_has_in_a_cluster(self, host: str) -> None:
        found = mlflow_environment()
        assert answers(found["hosts"], host)
        local = host.startswith(("localhost", "127.", "[::1]"))  # MLflow allows these by itself
        assert local or answers(found["origins"], f"http://{host}")

    @pytest.mark.parametrize(
        "host",
        [
            "evil.com",
            "10.evil.com:5000",
            "192.168.evil.com",
            "localhost.evil.com:5000",
            "dandelion-mlflow.dandelion-system.svc.evil.com:5000",
            "172.32.0.1:5000",
            "8.8.8.8:5000",
        ],
    )
    def test_is_not_reached_under_a_name_that_only_looks_like_one(self, host: str) -> None:
        found = mlflow_environment()
        assert not answers(found["hosts"], host)
        assert not answers(found["origins"], f"http://{host}")
        assert not shown_across_origins(found["origins"], f"http://{host}")

    def test_is_reached_under_a_name_that_it_was_given(self) -> None:
        found = mlflow_environment(
            allowedHosts=["mlflow.example.com"], corsAllowedOrigins=["https://notebook.example.com"]
        )
        assert answers(found["hosts"], "mlflow.example.com")
        assert answers(found["origins"], "https://mlflow.example.com")
        assert answers(found["origins"], "https://notebook.example.com")
        assert shown_across_origins(found["origins"], "https://notebook.example.com")
        assert not shown_across_origins(found["origins"], "https://mlflow.example.com.evil.com")
