"""S3 without keys: pods reach it by their ServiceAccounts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.credentials import signing_key
from fakes.cluster import KEY
from given.keys import NAMES, SHARED, access_keys, held
from small_world import World, played

ROLE = "eks.amazonaws.com/role-arn"
ARN = "arn:aws:iam::123:role/{namespace}-{name}"
SIGNING = {"training": "one", "logs": "another"}
# What was signed with the keys of before is signed with the same now.
FORMER = {"training": "training-secret", "logs": "logs-secret"}
ACCOUNTS = {naming.TRAINING: "lawn-training", naming.INFERENCE: "lawn-inference"}


def by_accounts(world: World, signing: dict[str, str] | None = None, arn: str = ARN) -> None:
    world.with_identity(
        signing or SIGNING, training={ROLE: f"{arn}-train"}, inference={ROLE: f"{arn}-serve"}
    )


def generation(world: World) -> int:
    found: int = world.cluster.one("deployments", "lawn-inference")["metadata"]["generation"]
    return found


def role(world: World, component: str) -> str:
    account = world.cluster.one("serviceaccounts", ACCOUNTS[component])
    found: str = account["metadata"]["annotations"][ROLE]
    return found


def pod_of(world: World, plural: str) -> dict[str, Any]:
    (found,) = world.cluster.kind(plural)
    spec: dict[str, Any] = found["spec"]["template"]["spec"]
    return spec


def files(pod: dict[str, Any]) -> set[str]:
    """What is mounted of Secrets."""
    return {
        item["path"]
        for volume in pod["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
        for item in source.get("secret", {}).get("items", ())
    }


def test_no_key_lies_in_a_namespace_and_pods_run_as_accounts_of_their_own(world: World) -> None:
    async def scene() -> None:
        by_accounts(world)
        there: list[set[str]] = []

        def created(plural: str, body: dict[str, Any]) -> None:
            if plural in ("jobs", "deployments"):
                found = world.cluster.kind("serviceaccounts")
                there.append({item["metadata"]["name"] for item in found})

        world.cluster.before_creation = created
        world.apply()
        await world.until_training()
        assert files(pod_of(world, "jobs")) == {"SIGNING_KEY"}
        assert pod_of(world, "jobs")["serviceAccountName"] == "lawn-training"
        world.standing.clear()
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert there
        assert all(found == set(ACCOUNTS.values()) for found in there)
        assert role(world, naming.TRAINING) == "arn:aws:iam::123:role/default-lawn-train"
        assert role(world, naming.INFERENCE) == "arn:aws:iam::123:role/default-lawn-serve"
        serving = pod_of(world, "deployments")
        assert serving["serviceAccountName"] == "lawn-inference"
        assert serving["automountServiceAccountToken"] is False
        assert files(serving) == {"SIGNING_KEY"}
        secrets = {item["metadata"]["name"]: item for item in world.cluster.kind("secrets")}
        assert secrets.keys() == {NAMES[naming.TRAINING], NAMES[naming.LOG]}
        for purpose, secret in ((naming.TRAINING, "one"), (naming.LOG, "another")):
            assert secrets[NAMES[purpose]]["data"] == signing_key(purpose, secret)
        for account in world.cluster.kind("serviceaccounts"):
            assert account["automountServiceAccountToken"] is False

    played(scene)


def test_an_operator_that_may_not_look_at_accounts_tells(world: World) -> None:
    async def scene() -> None:
        by_accounts(world)
        world.cluster.unreadable = {"serviceaccounts"}
        world.apply()
        await world.settle()
        assert world.condition("Accepted") == ("False", "IdentityMissing")
        assert "cannot list serviceaccounts" in world.message("Accepted")
        world.cluster.unreadable = set()
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_account_that_is_refused_is_told(world: World) -> None:
    async def scene() -> None:
        by_accounts(world)
        world.cluster.refuse = {"serviceaccounts": "no more accounts"}
        world.apply()
        await world.settle()
        told = {kind: world.message(kind) for kind in ("Trained", "RolledOut")}
        assert any("no more accounts" in words for words in told.values()), told

    played(scene)


def test_pods_are_told_of_their_account_and_of_another_sts(world: World) -> None:
    async def scene() -> None:
        by_accounts(world)
        told = {"sts_endpoint": "https://sts.example.com"}
        world.settings = world.settings.model_copy(update=told)
        world.restart()
        world.apply()
        await world.settle()
        for plural in ("jobs", "deployments"):
            (container,) = pod_of(world, plural)["containers"]
            environment = {item["name"]: item for item in container["env"]}
            assert environment["DANDELION_S3_STS_ENDPOINT"]["value"] == told["sts_endpoint"]
            field = environment["DANDELION_S3_ACCOUNT"]["valueFrom"]["fieldRef"]
            assert field["fieldPath"] == "spec.serviceAccountName"

    played(scene)


def test_with_eks_pod_identity_accounts_have_no_annotation_of_the_clouds(world: World) -> None:
    async def scene() -> None:
        world.with_identity(SIGNING)
        world.apply()
        await world.settle()
        for account in world.cluster.kind("serviceaccounts"):
            assert all(
                name.startswith("dandelion.dev/") for name in account["metadata"]["annotations"]
            )
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_upgrade_from_keys_restarts_what_serves_once_and_takes_the_copies_away(
    world: World,
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        before = generation(world)
        ids = {p: signing_key(p, f"{SHARED[p]}-secret") for p in (naming.TRAINING, naming.LOG)}
        by_accounts(world, FORMER)
        while generation(world) == before:
            await world.reconcile()
        # Pods of before are there still: they find their keys, and sign as those to come do.
        for purpose in (naming.INFERENCE, naming.LOG):
            assert held(world, purpose)["AWS_ACCESS_KEY_ID"] == SHARED[purpose]
        log = world.cluster.one("secrets", NAMES[naming.LOG])["data"]
        assert ids[naming.LOG].items() <= log.items()
        await world.settle()
        assert generation(world) == before + 1
        assert world.condition("Ready") == ("True", "Serving")
        stored = json.dumps(world.cluster.kind("secrets"))
        assert "AWS_" not in stored.replace("f:AWS_", "")
        for purpose, wanted in ids.items():
            assert world.cluster.one("secrets", NAMES[purpose])["data"] == wanted
        assert not world.cluster.one("secrets", NAMES[naming.INFERENCE])["data"]
        assert len(world.cluster.kind("jobs")) == 1  # nothing was trained anew

    played(scene)


def test_an_upgrade_waits_for_a_run_that_holds_the_key_and_tells_of_it(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.until_training()
        by_accounts(world, FORMER)
        await world.settle()
        assert held(world, naming.TRAINING)["AWS_ACCESS_KEY_ID"] == "training"
        assert "the Secrets for training hold keys until" in world.message("Accepted")
        world.standing.clear()
        await world.settle()
        assert held(world, naming.TRAINING).keys() == {"SIGNING_KEY"}
        assert "hold keys until" not in world.message("Accepted")

    played(scene)


def test_an_upgrade_from_keys_that_are_for_a_while_leaves_nothing_of_them(world: World) -> None:
    async def scene() -> None:
        world.with_sts()
        world.apply()
        await world.settle()
        by_accounts(world, FORMER)
        await world.settle()
        for purpose in (naming.TRAINING, naming.LOG):
            assert held(world, purpose).keys() == {"SIGNING_KEY"}
            secret = world.cluster.one("secrets", NAMES[purpose])
            assert naming.KEY_EXPIRES_ANNOTATION not in secret["metadata"]["annotations"]

    played(scene)


def test_the_way_back_restarts_once_and_brings_the_keys_before(world: World) -> None:
    async def scene() -> None:
        by_accounts(world)
        world.apply()
        await world.settle()
        before = generation(world)
        world.without_identity()
        await world.settle()
        assert generation(world) == before + 1
        assert access_keys(world) == SHARED
        assert "AWS_ACCESS_KEY_ID" in files(pod_of(world, "deployments"))
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_other_roles_reach_the_accounts_and_restart_nothing(world: World) -> None:
    async def scene() -> None:
        by_accounts(world)
        world.apply()
        await world.settle()
        before = generation(world)
        by_accounts(world, arn="arn:aws:iam::456:role/{namespace}")
        await world.settle()
        assert role(world, naming.INFERENCE) == "arn:aws:iam::456:role/default-serve"
        assert generation(world) == before

    played(scene)


def test_a_role_that_somebody_takes_off_an_account_comes_back(world: World) -> None:
    async def scene() -> None:
        by_accounts(world)
        world.apply()
        await world.settle()
        before = role(world, naming.INFERENCE)
        account = world.cluster.one("serviceaccounts", "lawn-inference")
        account["metadata"]["annotations"][ROLE] = "arn:aws:iam::123:role/of-somebody-else"
        await world.settle()
        assert role(world, naming.INFERENCE) == before

    played(scene)


def test_an_account_of_somebody_else_by_that_name_is_left_alone_and_told(world: World) -> None:
    async def scene() -> None:
        world.cluster.put("serviceaccounts", {"metadata": {"name": "lawn-inference"}})
        by_accounts(world)
        world.apply()
        await world.settle()
        assert world.condition("Accepted")[0] == "False"
        assert "lawn-inference" in world.message("Accepted")
        found = world.cluster.one("serviceaccounts", "lawn-inference")
        assert "annotations" not in found["metadata"]

    played(scene)


@pytest.mark.parametrize("reason", [Reason.IDENTITY_MISSING, Reason.CREDENTIALS_REJECTED])
def test_without_an_identity_of_its_own_the_operator_says_so_and_what_serves_stays(
    world: World, reason: Reason
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        before = generation(world)
        world.identity.says = Failure(reason, "neither variable is set")
        by_accounts(world)
        await world.settle()
        assert world.condition("Accepted") == ("False", reason.value)
        assert "neither variable" in world.message("Accepted")
        assert generation(world) == before
        # Of pods that would not come back without them.
        for purpose in (naming.INFERENCE, naming.LOG):
            assert held(world, purpose)["AWS_ACCESS_KEY_ID"] == SHARED[purpose]
        world.identity.says = None
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_without_what_is_signed_with_nothing_is_begun(world: World) -> None:
    async def scene() -> None:
        by_accounts(world, {"training": "one"})
        world.apply()
        await world.settle()
        assert world.condition("Accepted") == ("False", "SecretMissing")
        assert "signing/logs" in world.message("Accepted")
        assert not world.cluster.kind("jobs")

    played(scene)


def test_who_brings_keys_goes_by_them_and_only_the_log_by_an_account(world: World) -> None:
    async def scene() -> None:
        data = {"AWS_ACCESS_KEY_ID": "bWluZQ==", "AWS_SECRET_ACCESS_KEY": "bWluZQ=="}
        world.cluster.put("secrets", {"metadata": {"name": "mine"}, "data": data})
        by_accounts(world)
        world.apply(storage={"secretRef": {"name": "mine"}})
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        (account,) = world.cluster.kind("serviceaccounts")
        assert account["metadata"]["name"] == "lawn-inference"
        assert "serviceAccountName" not in pod_of(world, "jobs")
        assert "AWS_ACCESS_KEY_ID" in files(pod_of(world, "jobs"))
        volumes = {item["name"]: item for item in pod_of(world, "deployments")["volumes"]}
        assert "AWS_ACCESS_KEY_ID" in json.dumps(volumes["s3"])
        assert "AWS_ACCESS_KEY_ID" not in json.dumps(volumes["log"])

    played(scene)


def test_an_account_of_a_pod_template_takes_the_place_of_the_operators(world: World) -> None:
    async def scene() -> None:
        by_accounts(world)
        mine = {"podTemplate": {"spec": {"serviceAccountName": "mine"}}}
        world.apply(training=mine, serving=mine)
        await world.settle()
        assert pod_of(world, "jobs")["serviceAccountName"] == "mine"
        assert pod_of(world, "deployments")["serviceAccountName"] == "mine"

    played(scene)


def test_one_account_is_shown_to_mlflow_and_to_s3(world: World) -> None:
    async def scene() -> None:
        told = {"mlflow_audience": "mlflow", "mlflow_training_role": "training"}
        world.settings = world.settings.model_copy(update=told)
        by_accounts(world)
        world.apply()
        await world.settle()
        assert pod_of(world, "jobs")["serviceAccountName"] == "lawn-training"
        assert role(world, naming.TRAINING) == "arn:aws:iam::123:role/default-lawn-train"
        assert world.cluster.one("rolebindings", "lawn-training")

    played(scene)


def test_all_of_it_goes_with_the_resource(world: World) -> None:
    async def scene() -> None:
        by_accounts(world)
        world.apply()
        await world.settle()
        world.delete()
        assert not world.cluster.kind("serviceaccounts")
        assert not world.cluster.kind("secrets")
        assert KEY.name not in json.dumps(world.cluster.kind("jobs"))

    played(scene)
