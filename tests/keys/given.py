"""Keys for a while, of two teams, as the operator asks a real MinIO for them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dandelion_operator.api import naming
from dandelion_operator.api.access.sts import Mode, Sts
from dandelion_operator.api.location import Location, Log
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.api.session_policy import session_policy
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.sts import Request, TokenService
from dandelion_operator.seen.keys import NoSts, TemporaryKey
from minio import Minio

from tests.keys.minio import Store

INSTALLATION = {naming.TRAINING: "training", naming.INFERENCE: "inference", naming.LOG: "logs"}
SHORTEST = Sts(Mode.AUTO, life_seconds=900)


def resource(namespace: str, name: str, **dataset: Any) -> Resource:
    spec = {"dataset": {"storageUri": f"s3://datasets/{namespace}/{name}", **dataset}}
    metadata = {"namespace": namespace, "name": name, "uid": "u", "generation": 1}
    found = parse({"metadata": metadata, "spec": spec})
    assert isinstance(found, Resource)
    return found


def place(store: Store) -> Location:
    return Location(
        endpoint=store.url,
        region="us-east-1",
        bucket="models",
        ca_bundle="",
        training_secret="",
        inference_secret="",
        brings_own_keys=False,
        log=Log("s3://predictions", "", brings_own_key=False),
    )


def asked(
    store: Store,
    purpose: str,
    of: Resource,
    sts: Sts = SHORTEST,
    credentials: Credentials | None = None,
    where: Location | None = None,
) -> TemporaryKey | NoSts | Failure:
    service, where = TokenService(), where or place(store)
    request = Request(where, sts, session_policy(of, where, purpose), session="test")
    try:
        found = service.key(request, credentials or store.installation(INSTALLATION[purpose]))
        return asyncio.run(found)
    finally:
        service.close()


def given(store: Store, purpose: str, of: Resource, where: Location | None = None) -> TemporaryKey:
    found = asked(store, purpose, of, where=where)
    assert isinstance(found, TemporaryKey), found
    return found


def client(store: Store, key: TemporaryKey) -> Minio:
    return Minio(
        urlsplit(store.url).netloc,
        access_key=key.access_key,
        secret_key=key.secret_key,
        session_token=key.session_token,
        region="us-east-1",
        secure=False,
    )


def mount(folder: Path, key: TemporaryKey) -> None:
    """As the kubelet does: all files at once."""
    made = folder / f"..{key.session_token[-8:]}-{key.access_key}"
    made.mkdir(exist_ok=True)
    (made / "AWS_ACCESS_KEY_ID").write_text(key.access_key)
    (made / "AWS_SECRET_ACCESS_KEY").write_text(key.secret_key)
    (made / "AWS_SESSION_TOKEN").write_text(key.session_token)
    (folder / "..next").symlink_to(made.name)
    (folder / "..next").rename(folder / "..data")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
