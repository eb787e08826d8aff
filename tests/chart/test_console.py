"""The console is off until it is asked for, and has nothing that a thief could use."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_console.ports.oidc import OIDC_PREFIX, Oidc
from dandelion_console.ports.settings import PREFIX, Settings

from tests.chart.rendering import (
    EXTERNAL_S3,
    NAMESPACE,
    ROUTE,
    WITH_THE_CONSOLE,
    HelmError,
    Rendered,
    render,
)

NAME = "dandelion-console"
MODELS, TOKENS = f"{NAME}-models", f"{NAME}-tokens"


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return render(WITH_THE_CONSOLE)


def key_maker(rendered: Rendered) -> dict[str, Any]:
    """What the Job that makes keys is told; empty where there is none."""
    jobs = [job for job in rendered.of("Job") if "credentials" in job.name]
    return {item["name"]: item.get("value") for job in jobs for item in job.containers[0]["env"]}


def test_it_is_off_until_it_is_asked_for() -> None:
    assert NAME not in {manifest.name for manifest in render()}


def bindings(rendered: Rendered) -> set[tuple[str, str]]:
    """Where its account is bound to which roles; "" is everywhere."""
    every = [*rendered.of("RoleBinding"), *rendered.of("ClusterRoleBinding")]
    return {
        (item.content["metadata"].get("namespace", ""), item.content["roleRef"]["name"])
        for item in every
        for subject in item.content.get("subjects") or ()
        if subject["name"] == NAME
    }


def account_volumes(rendered: Rendered) -> list[dict[str, Any]]:
    volumes = rendered.one("Deployment", NAME).pod["spec"]["volumes"]
    return [item["projected"] for item in volumes if item["name"] == "account"]


def test_its_account_may_patch_what_its_policy_lets_it(rendered: Rendered) -> None:
    assert bindings(rendered) == {("", NAME), ("", MODELS), (NAMESPACE, TOKENS)}
    assert rendered.one("ClusterRole", NAME).content["rules"] == [
        {"apiGroups": ["dandelion.dev"], "resources": ["modeldeployments"], "verbs": ["patch"]},
        {
            "apiGroups": ["dandelion.dev"],
            "resources": [f"modeldeployments/{part}" for part in ("promote", "rollback", "sign")],
            "verbs": ["create"],
        },
    ]
    policy = rendered.one("ValidatingAdmissionPolicy", NAME)
    account = f"system:serviceaccount:{NAMESPACE}:{NAME}"
    assert account in policy.spec["matchConditions"][0]["expression"]
    binding = rendered.one("ValidatingAdmissionPolicyBinding", NAME)
    assert binding.spec == {"policyName": NAME, "validationActions": ["Deny"]}


def test_its_token_is_a_file_that_is_renewed(rendered: Rendered) -> None:
    account = rendered.one("ServiceAccount", NAME)
    assert account.content["automountServiceAccountToken"] is False
    pod = rendered.one("Deployment", NAME).pod["spec"]
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == (NAME, False)
    (volume,) = account_volumes(rendered)
    assert volume["sources"] == [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}}
    ]
    (container,) = rendered.one("Deployment", NAME).containers
    told = {item["name"]: item["value"] for item in container["env"]}
    mounts = {item["name"]: item["mountPath"] for item in container["volumeMounts"]}
    assert told["DANDELION_CONSOLE_ACCOUNT_TOKEN_FILE"] == f"{mounts['account']}/token"


def test_without_an_account_it_has_no_token_and_no_role() -> None:
    rendered = render({"console": {"enabled": True, "account": False}})
    assert bindings(rendered) == set()
    assert account_volumes(rendered) == []
    assert NAME not in {item.name for item in rendered.of("ValidatingAdmissionPolicy")}
    (container,) = rendered.one("Deployment", NAME).containers
    assert "DANDELION_CONSOLE_ACCOUNT_TOKEN_FILE" not in str(container)


def test_its_account_reaches_no_other_namespace_than_the_operator() -> None:
    values = {**WITH_THE_CONSOLE, "operator": {"watchNamespaces": ["team-a", "team-b"]}}
    rendered = render(values)
    teams = {(team, role) for team in ("team-a", "team-b") for role in (NAME, MODELS)}
    assert bindings(rendered) == teams | {(NAMESPACE, TOKENS)}
    assert not {NAME, MODELS} & {item.name for item in rendered.of("ClusterRole")}


def test_its_account_calls_models_and_makes_tokens_for_one_of_them(rendered: Rendered) -> None:
    assert rendered.one("ClusterRole", MODELS).content["rules"] == [
        {
            "apiGroups": ["dandelion.dev"],
            "resources": ["modeldeployments/predict", "modeldeployments/feedback"],
            "verbs": ["create"],
        }
    ]
    assert rendered.one("Role", TOKENS).content["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["serviceaccounts/token"],
            "resourceNames": [NAME],
            "verbs": ["create"],
        }
    ]
    binding = rendered.one("ValidatingAdmissionPolicyBinding", TOKENS)
    assert binding.spec == {"policyName": TOKENS, "validationActions": ["Deny"]}


def test_of_several_replicas_one_stays_while_nodes_are_drained(rendered: Rendered) -> None:
    assert NAME not in {item.name for item in rendered.of("PodDisruptionBudget")}
    budget = render({"console": {"enabled": True, "replicas": 2}}).one("PodDisruptionBudget", NAME)
    assert budget.spec["maxUnavailable"] == 1
    labels = rendered.one("Deployment", NAME).pod["metadata"]["labels"]
    assert budget.spec["selector"]["matchLabels"].items() <= labels.items()


OIDC = {"issuer": "https://sso.example.com", "clientId": "dandelion"}
ASKS, READS = f"{NAME}-asks", f"{NAME}-reads"


def with_oidc(**more: Any) -> Rendered:
    return render({"console": {"enabled": True, "oidc": OIDC | more}})


def test_where_the_cluster_knows_the_provider_its_account_gets_no_further_right() -> None:
    assert bindings(with_oidc()) == bindings(render(WITH_THE_CONSOLE))


def test_where_it_does_not_the_account_asks_and_reads() -> None:
    rendered = with_oidc(clusterAcceptsTokens=False)
    further = bindings(rendered) - bindings(render(WITH_THE_CONSOLE))
    assert further == {("", ASKS), ("", READS)}
    given = {
        (resource, verb)
        for role in (ASKS, READS)
        for rule in rendered.one("ClusterRole", role).content["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert given == {
        ("subjectaccessreviews", "create"),
        ("namespaces", "list"),
        ("modeldeployments", "get"),
        ("modeldeployments", "list"),
    }


def test_in_some_namespaces_it_reads_there_alone() -> None:
    values = {"console": {"enabled": True, "oidc": OIDC | {"clusterAcceptsTokens": False}}}
    rendered = render(values | {"operator": {"watchNamespaces": ["team-a"]}})
    assert ("team-a", READS) in bindings(rendered)
    assert ("", READS) not in bindings(rendered)


def test_the_providers_secret_reaches_it_as_a_file() -> None:
    rendered = with_oidc(
        clientSecret={"existingSecret": "mine", "key": "secret"}, caConfigMap={"name": "authority"}
    )
    deployment = rendered.one("Deployment", NAME)
    (container,) = deployment.containers
    told = {item["name"]: item["value"] for item in container["env"]}
    mounts = {item["name"]: item["mountPath"] for item in container["volumeMounts"]}
    volumes = {item["name"]: item for item in deployment.pod["spec"]["volumes"]}
    assert told["DANDELION_CONSOLE_OIDC_ISSUER"] == OIDC["issuer"]
    secret = volumes["oidc-client"]["secret"]
    assert (secret["secretName"], secret["items"]) == (
        "mine",
        [{"key": "secret", "path": "client-secret"}],
    )
    file = told["DANDELION_CONSOLE_OIDC_CLIENT_SECRET_FILE"]
    assert file == f"{mounts['oidc-client']}/client-secret"
    assert told["DANDELION_CONSOLE_OIDC_CA_FILE"] == f"{mounts['oidc-authority']}/ca.crt"


@pytest.mark.parametrize(
    ("values", "address"),
    [
        ({}, None),
        ({"mlflow": {"route": {**ROUTE, "hostnames": ["m.example.com"]}}}, "https://m.example.com"),
        (
            {"mlflow": {"ingress": {"enabled": True, "hostnames": ["m.example.com"]}}},
            "http://m.example.com",
        ),
        (
            {
                "mlflow": {"route": {**ROUTE, "hostnames": ["m.example.com"]}},
                "console": {"enabled": True, "links": {"mlflow": "https://x.example.com/mlflow"}},
            },
            "https://x.example.com/mlflow",
        ),
    ],
)
def test_it_leads_browsers_to_mlflow_where_they_reach_it(
    values: dict[str, Any], address: str | None
) -> None:
    (container,) = render({**WITH_THE_CONSOLE, **values}).one("Deployment", NAME).containers
    told = {item["name"]: item.get("value") for item in container["env"]}
    assert told.get("DANDELION_CONSOLE_MLFLOW_URL") == address


def test_every_setting_that_the_chart_tells_is_one_of_the_consoles() -> None:
    links = {"mlflow": "https://m.example.com", "grafana": "https://g.example.com"}
    oidc = OIDC | {"clientSecret": {"existingSecret": "a"}, "caConfigMap": {"name": "b"}}
    rendered = render({"console": {"enabled": True, "links": links, "oidc": oidc}})
    (container,) = rendered.one("Deployment", NAME).containers
    told = {item["name"] for item in container["env"]}
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known |= {f"{OIDC_PREFIX}{name.upper()}" for name in Oidc.model_fields}
    assert told <= known


@pytest.mark.parametrize(
    ("console", "words"),
    [
        ({"oidc": {"issuer": "http://sso", "clientId": "a"}}, "issuer"),
        ({"oidc": {"issuer": "https://sso"}}, "console.oidc.clientId"),
        (
            {"account": False, "oidc": OIDC | {"clusterAcceptsTokens": False}},
            "needs console.account: true",
        ),
    ],
)
def test_what_cannot_work_is_refused(console: dict[str, Any], words: str) -> None:
    with pytest.raises(HelmError, match=words):
        render({"console": {"enabled": True, **console}})


def test_its_service_leads_to_its_pods(rendered: Rendered) -> None:
    service, deployment = rendered.one("Service", NAME), rendered.one("Deployment", NAME)
    assert service.spec["selector"].items() <= deployment.pod["metadata"]["labels"].items()
    (container,) = deployment.containers
    assert service.spec["ports"][0]["targetPort"] in {port["name"] for port in container["ports"]}


def test_its_key_is_made_in_the_cluster_and_reaches_it_as_a_file(rendered: Rendered) -> None:
    assert key_maker(rendered)["DANDELION_CONSOLE_SECRET"] == NAME
    volumes = rendered.one("Deployment", NAME).pod["spec"]["volumes"]
    assert [item["secret"]["secretName"] for item in volumes if "secret" in item] == [NAME]


def test_a_key_of_ones_own_is_not_made() -> None:
    console = {"enabled": True, "existingSecret": "mine"}
    rendered = render({"console": console})
    assert "DANDELION_CONSOLE_SECRET" not in key_maker(rendered)
    volumes = rendered.one("Deployment", NAME).pod["spec"]["volumes"]
    assert [item["secret"]["secretName"] for item in volumes if "secret" in item] == ["mine"]


def test_beside_another_s3_endpoint_its_key_is_all_that_is_made() -> None:
    told = key_maker(render({**EXTERNAL_S3, **WITH_THE_CONSOLE}))
    assert told["DANDELION_CONSOLE_SECRET"] == NAME
    assert not {"DANDELION_ROOT_SECRET", "DANDELION_S3_SECRETS"} & told.keys()


def test_it_offers_the_namespaces_that_the_operator_looks_after() -> None:
    values = {**WITH_THE_CONSOLE, "operator": {"watchNamespaces": ["team-a", "team-b"]}}
    (container,) = render(values).one("Deployment", NAME).containers
    told = {item["name"]: item["value"] for item in container["env"]}
    assert told["DANDELION_CONSOLE_NAMESPACES"] == "team-a,team-b"


def test_who_may_reach_it_can_be_narrowed(rendered: Rendered) -> None:
    rule, metrics = rendered.one("NetworkPolicy", NAME).spec["ingress"]
    assert rule == {"ports": [{"port": "http"}]}
    assert metrics["ports"] == [{"port": "metrics"}]
    prometheus = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}}
    assert {"namespaceSelector": {}, **prometheus} in metrics["from"]
    gateway = [{"namespaceSelector": {"matchLabels": {"name": "gateway"}}}]
    narrowed = render({**WITH_THE_CONSOLE, "networkPolicy": {"console": {"from": gateway}}})
    rule, metrics = narrowed.one("NetworkPolicy", NAME).spec["ingress"]
    assert rule["from"] == gateway
    nobody = {"console": {"from": gateway}, "metrics": {"from": []}}
    (rule,) = (
        render({**WITH_THE_CONSOLE, "networkPolicy": nobody})
        .one("NetworkPolicy", NAME)
        .spec["ingress"]
    )
    assert rule["from"] == gateway
    assert gateway[0] not in metrics["from"]
