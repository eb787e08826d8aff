"""The review service comes with the console, and is open to nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_training.ports.callers import AUDIENCE
from dandelion_training.ports.storage.credentials import SIGNING_SECRET

from tests.chart.rendering import (
    EXTERNAL_S3,
    NAMESPACE,
    WITH_THE_CONSOLE,
    WITHOUT_KEYS,
    Rendered,
    render,
)

NAME, CONSOLE = "dandelion-review", "dandelion-console"


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return render(WITH_THE_CONSOLE)


def told(rendered: Rendered, name: str) -> dict[str, Any]:
    (container,) = rendered.one("Deployment", name).containers
    return {item["name"]: item.get("value") for item in container["env"]}


@pytest.mark.parametrize(
    ("values", "there"),
    [
        ({}, False),
        (WITH_THE_CONSOLE, True),
        ({**WITH_THE_CONSOLE, "inference": {"log": {"enabled": False}}}, False),
        ({**WITH_THE_CONSOLE, **EXTERNAL_S3}, True),
        ({**WITH_THE_CONSOLE, **WITHOUT_KEYS}, True),
        ({**WITH_THE_CONSOLE, "rbac": {"create": False}}, False),
        ({**WITH_THE_CONSOLE, "operator": {"watchNamespaces": ["team"]}}, False),
        ({"console": {"enabled": True, "review": {"enabled": False}}}, False),
        (
            {
                "console": {"enabled": True, "review": {"enabled": True}},
                "operator": {"watchNamespaces": ["team"]},
            },
            True,
        ),
        ({"console": {"review": {"enabled": True}}}, False),
    ],
)
def test_where_it_is(values: dict[str, Any], there: bool) -> None:
    rendered = render(values)
    assert (NAME in {item.name for item in rendered.of("Deployment")}) is there
    if "console" in values and values["console"].get("enabled"):
        assert ("DANDELION_CONSOLE_REVIEW_URL" in told(rendered, CONSOLE)) is there


def test_without_keys_it_reaches_s3_by_its_account() -> None:
    rendered = render({**WITH_THE_CONSOLE, **WITHOUT_KEYS})
    account = rendered.one("ServiceAccount", NAME)
    assert account.annotations == {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/review"}
    assert told(rendered, NAME)["DANDELION_S3_ACCOUNT"] == NAME
    (mounted,) = (
        volume["secret"]
        for volume in rendered.one("Deployment", NAME).pod["spec"]["volumes"]
        if "secret" in volume
    )
    assert mounted["secretName"] == "dandelion-signing"
    assert mounted["items"] == [{"key": "training", "path": SIGNING_SECRET}]


def test_without_keys_sts_of_ones_own_is_told() -> None:
    elsewhere = {"s3": {**WITHOUT_KEYS["s3"], "sts": {"endpoint": "https://sts.example.com"}}}
    rendered = render({**WITH_THE_CONSOLE, **WITHOUT_KEYS, **elsewhere})
    assert told(rendered, NAME)["DANDELION_S3_STS_ENDPOINT"] == "https://sts.example.com"


def test_its_account_may_ask_whose_token_that_is_and_nothing_else(rendered: Rendered) -> None:
    assert rendered.one("ClusterRole", NAME).content["rules"] == [
        {
            "apiGroups": ["authentication.k8s.io"],
            "resources": ["tokenreviews"],
            "verbs": ["create"],
        }
    ]
    bound = [
        item.name
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for item in rendered.of(kind)
        for subject in item.content.get("subjects") or ()
        if subject["name"] == NAME
    ]
    assert bound == [NAME]


def test_it_hears_the_consoles_account_whose_token_is_for_it_alone(rendered: Rendered) -> None:
    caller = told(rendered, NAME)["DANDELION_REVIEW_CALLER"]
    assert caller == f"system:serviceaccount:{NAMESPACE}:{CONSOLE}"
    pod = rendered.one("Deployment", CONSOLE).pod["spec"]
    assert pod["serviceAccountName"] == CONSOLE
    (volume,) = [each["projected"] for each in pod["volumes"] if each["name"] == "review"]
    (source,) = volume["sources"]
    assert source["serviceAccountToken"]["audience"] == AUDIENCE


def test_the_console_finds_it(rendered: Rendered) -> None:
    service, deployment = rendered.one("Service", NAME), rendered.one("Deployment", NAME)
    assert told(rendered, CONSOLE)["DANDELION_CONSOLE_REVIEW_URL"] == (
        f"http://{NAME}.{NAMESPACE}.svc"
    )
    assert service.spec["selector"].items() <= deployment.pod["metadata"]["labels"].items()
    assert service.spec["ports"][0]["targetPort"] == "http"


def test_the_network_lets_the_console_in(rendered: Rendered) -> None:
    (rule,) = rendered.one("NetworkPolicy", NAME).spec["ingress"]
    (peer,) = rule["from"]
    console = rendered.one("Deployment", CONSOLE).pod["metadata"]["labels"]
    review = rendered.one("Deployment", NAME).pod["metadata"]["labels"]
    selected = peer["podSelector"]["matchLabels"].items()
    assert selected <= console.items()
    assert not selected <= review.items()


def test_its_key_is_the_installations_and_no_copy(rendered: Rendered) -> None:
    deployment = rendered.one("Deployment", NAME)
    assert deployment.content["metadata"]["namespace"] == NAMESPACE
    secrets = [each["secret"] for each in deployment.pod["spec"]["volumes"] if "secret" in each]
    assert [each["secretName"] for each in secrets] == ["dandelion-s3-training"]
