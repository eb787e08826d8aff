"""A key of one team reaches what is that team's and its purpose's, at a real MinIO, and no more."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.access.tenancy import DatasetRule, readable
from dandelion_operator.ports.s3.sts import NOTHING, Request, TokenService
from dandelion_operator.seen.keys import TemporaryKey
from minio import Minio
from minio.error import S3Error

from tests.keys.given import SHORTEST, client, given, place, resource
from tests.keys.minio import Store

OURS, THEIRS = ("team-a", "lawn"), ("team-b", "park")
OBJECTS = tuple(
    f"s3://{bucket}/{namespace}/{name}/{what}"
    for namespace, name in (OURS, THEIRS, ("team-a", "lawn-too"), ("team-a-too", "lawn"))
    for bucket, what in (
        ("models", "run/contract.json"),
        ("datasets", "daisy/1.jpg"),
        ("predictions", "images/1"),
    )
)
Call = Callable[[Minio], object]


def get(bucket: str, name: str) -> Call:
    return lambda minio: minio.get_object(bucket, name).read()


def listing(bucket: str, prefix: str) -> Call:
    return lambda minio: list(minio.list_objects(bucket, prefix=prefix, recursive=True))


def put(bucket: str, name: str) -> Call:
    return lambda minio: minio.put_object(bucket, name, io.BytesIO(b"new"), 3)


def delete(bucket: str, name: str) -> Call:
    return lambda minio: minio.remove_object(bucket, name)


@pytest.fixture(scope="module")
def ours(store: Store) -> Mapping[str, Minio]:
    """By purpose, once there is something to reach."""
    store.put(*OBJECTS, "s3://models/pretrained/resnet18.safetensors")
    return {
        purpose: client(store, given(store, purpose, resource(*OURS)))
        for purpose in (naming.TRAINING, naming.INFERENCE, naming.LOG)
    }


READS = {
    naming.TRAINING: {"models", "datasets", "predictions"},
    naming.INFERENCE: {"models"},
    naming.LOG: set(),
}
WRITES = {naming.TRAINING: {"models"}, naming.INFERENCE: set(), naming.LOG: {"predictions"}}
OF = {"models": "run/contract.json", "datasets": "daisy/1.jpg", "predictions": "images/1"}


def get_own(bucket: str) -> Call:
    return get(bucket, f"team-a/lawn/{OF[bucket]}")


def list_own(bucket: str) -> Call:
    return listing(bucket, "team-a/lawn/")


def put_own(bucket: str) -> Call:
    return put(bucket, "team-a/lawn/new")


def delete_own(bucket: str) -> Call:
    return delete(bucket, f"team-a/lawn/{OF[bucket]}")


ALLOWED = [
    *(
        pytest.param(purpose, call(bucket), id=f"{purpose} {verb} its own {bucket}")
        for purpose, buckets in READS.items()
        for bucket in sorted(buckets)
        for verb, call in (
            ("reads", get_own),
            ("lists", list_own),
        )
    ),
    *(
        pytest.param(purpose, put(bucket, "team-a/lawn/new"), id=f"{purpose} writes {bucket}")
        for purpose, buckets in WRITES.items()
        for bucket in sorted(buckets)
    ),
    pytest.param(
        naming.TRAINING, get("models", "pretrained/resnet18.safetensors"), id="published weights"
    ),
    pytest.param(naming.TRAINING, delete("models", "team-a/lawn/new"), id="training tidies up"),
]


@pytest.mark.parametrize(("purpose", "call"), ALLOWED)
def test_what_a_purpose_needs_it_may(ours: Mapping[str, Minio], purpose: str, call: Call) -> None:
    call(ours[purpose])


FOREIGN = ("team-b/park", "team-a/lawn-too", "team-a-too/lawn")
REFUSED = [
    *(
        pytest.param(purpose, call, id=f"{purpose} {words}")
        for purpose in (naming.TRAINING, naming.INFERENCE, naming.LOG)
        for bucket, what in OF.items()
        for folder in FOREIGN
        for words, call in (
            (f"reads {bucket} of {folder}", get(bucket, f"{folder}/{what}")),
            (f"lists {bucket} of {folder}", listing(bucket, f"{folder}/")),
            (f"writes {bucket} of {folder}", put(bucket, f"{folder}/new")),
            (f"overwrites {bucket} of {folder}", put(bucket, f"{folder}/{what}")),
            (f"deletes {bucket} of {folder}", delete(bucket, f"{folder}/{what}")),
        )
    ),
    *(
        pytest.param(purpose, listing(bucket, prefix), id=f"{purpose} lists {bucket}/{prefix}")
        for purpose in (naming.TRAINING, naming.INFERENCE, naming.LOG)
        for bucket in OF
        for prefix in ("", "team-", "team-a/", "team-a/lawn")
    ),
    *(
        pytest.param(purpose, get(bucket, f"team-a/lawn/{OF[bucket]}"), id=f"{purpose} {bucket}")
        for purpose, buckets in READS.items()
        for bucket in sorted(OF.keys() - buckets)
    ),
    *(
        pytest.param(purpose, call(bucket), id=f"{purpose} {verb} its own {bucket}")
        for purpose, buckets in WRITES.items()
        for bucket in sorted(OF.keys() - buckets)
        for verb, call in (
            ("writes", put_own),
            ("deletes", delete_own),
        )
    ),
    pytest.param(
        naming.LOG, delete("predictions", "team-a/lawn/images/1"), id="the log takes nothing back"
    ),
    *(
        pytest.param(purpose, lambda minio: minio.list_buckets(), id=f"{purpose} looks for buckets")
        for purpose in (naming.TRAINING, naming.INFERENCE, naming.LOG)
    ),
]


@pytest.mark.parametrize(("purpose", "call"), REFUSED)
def test_what_is_of_others_or_of_another_purpose_is_refused(
    store: Store, ours: Mapping[str, Minio], purpose: str, call: Call
) -> None:
    before = {bucket: store.names(bucket) for bucket in OF}
    with pytest.raises(S3Error) as refused:
        call(ours[purpose])
    assert refused.value.code == "AccessDenied"
    assert {bucket: store.names(bucket) for bucket in OF} == before


@pytest.mark.parametrize("name", ["a*", "a?", "a$b", "${aws:username}"])
def test_a_name_that_means_more_in_a_policy_reaches_its_own_folder_alone(
    store: Store, name: str
) -> None:
    uri = f"s3://datasets/team-a/{name}"
    store.put(f"{uri}/x", "s3://datasets/team-a/abc-long/x", "s3://datasets/secret/x")
    minio = client(store, given(store, naming.TRAINING, resource("team-a", "lawn", storageUri=uri)))
    assert get("datasets", f"team-a/{name}/x")(minio) == f"{uri}/x".encode()
    for other in ("team-a/abc-long/x", "secret/x"):
        with pytest.raises(S3Error):
            get("datasets", other)(minio)


def test_images_beside_a_table_of_labels_may_be_read(store: Store) -> None:
    store.put("s3://datasets/team-a/tables/labels.csv", "s3://datasets/team-a/tables/a/1.jpg")
    labelled = resource("team-a", "lawn", storageUri="s3://datasets/team-a/tables/labels.csv")
    minio = client(store, given(store, naming.TRAINING, labelled))
    for name in ("labels.csv", "a/1.jpg"):
        get("datasets", f"team-a/tables/{name}")(minio)


def test_a_table_of_addresses_may_be_read_and_nothing_beside_it(store: Store) -> None:
    store.put("s3://datasets/team-a/urls/table.csv", "s3://datasets/team-a/urls/other.csv")
    urls = {"storageUri": "s3://datasets/team-a/urls/table.csv"}
    minio = client(store, given(store, naming.TRAINING, resource("team-a", "lawn", urls=urls)))
    get("datasets", "team-a/urls/table.csv")(minio)
    listing("datasets", "team-a/urls/table.csv")(minio)
    for refused in (get("datasets", "team-a/urls/other.csv"), listing("datasets", "team-a/urls/")):
        with pytest.raises(S3Error):
            refused(minio)


def test_an_endpoint_is_known_to_have_sts_by_a_key_that_reaches_nothing(store: Store) -> None:
    store.put("s3://models/team-a/lawn/run/contract.json")
    service = TokenService()
    request = Request(place(store), SHORTEST, NOTHING, session="test")
    found = asyncio.run(service.key(request, store.installation("training")))
    service.close()
    assert isinstance(found, TemporaryKey)
    with pytest.raises(S3Error):
        get("models", "team-a/lawn/run/contract.json")(client(store, found))


def test_of_a_bucket_that_a_rule_opens_a_pinned_version_reads_no_folder_of_another(
    store: Store,
) -> None:
    """Models, logs and images may lie in one bucket."""
    store.put(*OBJECTS)
    buckets = ("s3://models", "s3://predictions")
    rules = (DatasetRule(namespaces=("*",), prefixes=(*buckets, "s3://datasets/shared")),)
    store.put("s3://datasets/shared/1.jpg")
    pinned = resource("team-a", "lawn", version=f"sha256:{'a' * 64}")
    where = replace(place(store), readable=readable(rules, "team-a", buckets))
    minio = client(store, given(store, naming.TRAINING, pinned, where))
    get("datasets", "shared/1.jpg")(minio)
    get("models", "team-a/lawn-too/run/contract.json")(minio)
    for bucket in ("models", "predictions"):
        with pytest.raises(S3Error):
            get(bucket, f"team-b/park/{OF[bucket]}")(minio)
