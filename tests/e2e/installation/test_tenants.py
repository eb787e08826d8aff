"""Two teams on one cluster: with all that `edit` gives in one namespace, nothing of the other's is
reached.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from dandelion_demo.install import NAMESPACE, RELEASE
from minio import Minio
from minio.error import S3Error

from tests.e2e.world import World, colours

NAME = "tenant"
THEIRS = "team-a/lawn"
OBJECTS = {
    "models": f"{THEIRS}/run/contract.json",
    "datasets": f"{THEIRS}/daisy/1.png",
    "predictions": f"{THEIRS}/images/1",
}
PURPOSES = ("training", "inference", "log")


@pytest.fixture(scope="module")
def tenant(world: World) -> World:
    """Somebody who may edit this namespace and has a model, beside another team's objects."""
    for bucket, name in OBJECTS.items():
        world.upload_object(bucket, name, b"theirs")
    world.kubectl("create", "serviceaccount", "editor")
    world.kubectl(
        *("create", "rolebinding", "editor", "--clusterrole=edit"),
        f"--serviceaccount={world.namespace}:editor",
    )
    world.train(NAME, world.upload("colours", colours()))
    world.until_served(NAME, "1")
    return world


@pytest.fixture(scope="module")
def keys(tenant: World) -> Mapping[str, dict[str, str]]:
    """What the Secrets of the namespace hold, read as that person."""
    found = {}
    person = f"--as=system:serviceaccount:{tenant.namespace}:editor"
    for purpose in PURPOSES:
        said = tenant.kubectl("get", "secret", f"{NAME}-{purpose}-s3", "-o", "json", person)
        data = json.loads(said)["data"]
        found[purpose] = {name: base64.b64decode(text).decode() for name, text in data.items()}
    return found


@pytest.fixture(scope="module")
def clients(tenant: World, keys: Mapping[str, dict[str, str]]) -> Iterator[dict[str, Minio]]:
    with tenant.cluster.reach(NAMESPACE, f"{RELEASE}-minio", 9000) as url:
        yield {
            purpose: Minio(
                url.removeprefix("http://"),
                access_key=key["AWS_ACCESS_KEY_ID"],
                secret_key=key["AWS_SECRET_ACCESS_KEY"],
                session_token=key["AWS_SESSION_TOKEN"],
                secure=False,
                region="us-east-1",
            )
            for purpose, key in keys.items()
        }


def test_no_key_of_the_installation_lies_in_the_namespace(
    tenant: World, keys: Mapping[str, dict[str, str]]
) -> None:
    for use in ("training", "inference", "logs", "mlflow"):
        installation = tenant.cluster.secret(NAMESPACE, f"{RELEASE}-s3-{use}")
        for key in keys.values():
            assert installation["AWS_ACCESS_KEY_ID"] not in key.values()
            assert installation["AWS_SECRET_ACCESS_KEY"] not in key.values()


Call = Callable[[Minio, str, str], Any]
CALLS: dict[str, Call] = {
    "read": lambda minio, bucket, name: minio.get_object(bucket, name).read(),
    "list": lambda minio, bucket, name: list(minio.list_objects(bucket, f"{THEIRS}/")),
    "list all": lambda minio, bucket, name: list(minio.list_objects(bucket, recursive=True)),
    "delete": lambda minio, bucket, name: minio.remove_object(bucket, name),
    "overwrite": lambda minio, bucket, name: minio.fput_object(bucket, name, __file__),
}


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("bucket", list(OBJECTS))
@pytest.mark.parametrize("call", list(CALLS))
def test_a_key_reaches_nothing_of_the_other_team(
    tenant: World, clients: Mapping[str, Minio], purpose: str, bucket: str, call: str
) -> None:
    with pytest.raises(S3Error) as refused:
        CALLS[call](clients[purpose], bucket, OBJECTS[bucket])
    assert refused.value.code == "AccessDenied"
    assert tenant.s3.get_object(bucket, OBJECTS[bucket]).read() == b"theirs"


def test_a_model_can_not_be_asked_to_learn_from_the_other_team(tenant: World) -> None:
    tenant.train("curious", f"s3://datasets/{THEIRS}")
    found = tenant.until_condition("curious", "Accepted", "False", "DatasetNotAllowed")
    assert f"s3://datasets/{tenant.namespace}/" in found["message"]
    assert tenant.owned("jobs", "curious") == []
    key = tenant.cluster.secret(tenant.namespace, "curious-training-s3")
    with tenant.cluster.reach(NAMESPACE, f"{RELEASE}-minio", 9000) as url:
        curious = Minio(
            url.removeprefix("http://"),
            access_key=key["AWS_ACCESS_KEY_ID"],
            secret_key=key["AWS_SECRET_ACCESS_KEY"],
            session_token=key["AWS_SESSION_TOKEN"],
            secure=False,
            region="us-east-1",
        )
        with pytest.raises(S3Error, match="Access Denied"):
            curious.get_object("datasets", OBJECTS["datasets"])
