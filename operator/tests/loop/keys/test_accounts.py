"""S3 without keys: pods reach it by their ServiceAccounts."""

from __future__ import annotations

import json
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.ports.s3.credentials import signing_key
from fakes.cluster import KEY
from given.accounts import ACCOUNTS, ROLE, SIGNING, by_accounts, files, generation, pod_of, role
from given.keys import NAMES
from small_world import World, played


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
