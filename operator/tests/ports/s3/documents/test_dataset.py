"""The listing of a dataset over a real connection: its fingerprint, and what is wrong with it."""

from __future__ import annotations

import asyncio
import socket

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.spec.dataset import Urls
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.ports.s3.storage.datasets import LONGEST_MEMORY
from dandelion_operator.seen.training import DatasetSeen
from fakes.s3 import FakeS3
from given.storage.access import access

URI = "s3://datasets/lawn"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def dataset(s3: FakeS3, uri: str = URI, urls: Urls | None = None) -> DatasetSeen | Failure:
    return asyncio.run(Storage().dataset(access(s3.endpoint), uri, urls=urls))


def test_the_fingerprint_changes_with_any_image_and_only_then(s3: FakeS3) -> None:
    s3.put("datasets", "lawn/dandelion/1.png", b"one")
    s3.put("datasets", "lawn/grass/1.png", b"two")
    first = dataset(s3)
    assert isinstance(first, DatasetSeen)
    assert first.objects == 2
    assert dataset(s3) == first
    s3.put("datasets", "lawn/grass/1.png", b"other")
    changed = dataset(s3)
    assert isinstance(changed, DatasetSeen)
    assert changed.fingerprint != first.fingerprint
    s3.put("datasets", "lawn-of-others/1.png", b"not ours")
    assert dataset(s3) == changed


def test_an_address_names_objects_literally(s3: FakeS3) -> None:
    s3.put("datasets", "ants#2/a b?/1 %41.png", b"one")
    s3.put("datasets", "ants/b/1.png", b"not ours")
    found = dataset(s3, "s3://datasets/ants#2")
    assert isinstance(found, DatasetSeen)
    assert found.objects == 1


TABLE = "s3://datasets/lawn/labels.csv"


def test_the_fingerprint_of_a_table_is_of_it_and_of_its_folder(s3: FakeS3) -> None:
    s3.put("datasets", "lawn/labels.csv", b"key,label")
    s3.put("datasets", "lawn/images/1.png", b"one")
    first = dataset(s3, TABLE)
    s3.put("datasets", "lawn/labels.csv", b"key,label,split")
    relabelled = dataset(s3, TABLE)
    s3.put("datasets", "lawn/images/2.png", b"two")
    grown = dataset(s3, TABLE)
    assert isinstance(first, DatasetSeen)
    assert isinstance(relabelled, DatasetSeen)
    assert isinstance(grown, DatasetSeen)
    assert len({first.fingerprint, relabelled.fingerprint, grown.fingerprint}) == 3
    assert (first.objects, grown.objects) == (2, 3)


def test_a_table_that_is_not_there_is_named(s3: FakeS3) -> None:
    s3.put("datasets", "lawn/images/1.png", b"one")
    found = dataset(s3, TABLE)
    assert isinstance(found, Failure)
    assert found.reason is Reason.DATASET_EMPTY
    assert "no table of labels s3://datasets/lawn/labels.csv" in found.message


ADDRESSES = Urls.model_validate({"storageUri": "s3://lists/lawn/urls.csv"})
MOUNTED = Urls.model_validate({"configMapRef": {"name": "addresses"}})


def test_a_table_of_addresses_is_part_of_the_fingerprint(s3: FakeS3) -> None:
    s3.put("datasets", "lawn/grass/1.png", b"one")
    s3.put("lists", "lawn/urls.csv", b"url,label")
    s3.put("lists", "lawn/others.csv", b"not ours")
    first = dataset(s3, urls=ADDRESSES)
    s3.put("lists", "lawn/urls.csv", b"url,label\n")
    changed = dataset(s3, urls=ADDRESSES)
    assert isinstance(first, DatasetSeen)
    assert isinstance(changed, DatasetSeen)
    assert first.objects == changed.objects == 1
    assert len({first.fingerprint, changed.fingerprint}) == 2


@pytest.mark.parametrize("urls", [ADDRESSES, MOUNTED], ids=["in S3", "in a ConfigMap"])
def test_with_a_table_of_addresses_nothing_need_lie_in_the_folder(s3: FakeS3, urls: Urls) -> None:
    s3.put("lists", "lawn/urls.csv", b"url,label")
    s3.put("datasets", "others/1.png", b"not ours")
    found = dataset(s3, urls=urls)
    assert isinstance(found, DatasetSeen)
    assert found.objects == 0


def test_a_table_of_addresses_that_is_not_there_is_named(s3: FakeS3) -> None:
    s3.put("datasets", "lawn/grass/1.png", b"one")
    s3.put("lists", "lawn/others.csv", b"not ours")
    found = dataset(s3, urls=ADDRESSES)
    assert isinstance(found, Failure)
    assert found.reason is Reason.DATASET_EMPTY
    assert found.message == (
        "there is no table of addresses s3://lists/lawn/urls.csv; upload it, or correct "
        "spec.dataset.urls.storageUri"
    )


def test_folder_markers_are_no_images(s3: FakeS3) -> None:
    s3.put("datasets", "lawn/", b"")
    s3.put("datasets", "lawn/grass/", b"")
    found = dataset(s3)
    assert isinstance(found, Failure)
    assert found.reason is Reason.DATASET_EMPTY


@pytest.mark.parametrize(
    ("about", "reason", "words"),
    [
        pytest.param({}, Reason.BUCKET_NOT_FOUND, "no bucket datasets at", id="no such bucket"),
        pytest.param(
            {"buckets": {"datasets": {}}},
            Reason.DATASET_EMPTY,
            "below s3://datasets/lawn",
            id="empty",
        ),
        pytest.param(
            {"refuses": "InvalidAccessKeyId"},
            Reason.CREDENTIALS_REJECTED,
            "refuses the keys in the Secret mine",
            id="an unknown key",
        ),
        pytest.param(
            {"refuses": "SignatureDoesNotMatch"},
            Reason.CREDENTIALS_REJECTED,
            "SignatureDoesNotMatch",
            id="a wrong secret",
        ),
        pytest.param(
            {"refuses": "AccessDenied"},
            Reason.CREDENTIALS_REJECTED,
            "for the bucket datasets",
            id="a key that may not",
        ),
        pytest.param(
            {"refuses": "SlowDown"}, Reason.STORAGE_UNREACHABLE, "SlowDown", id="an overload"
        ),
        pytest.param(
            {"not_s3": "<html>a web page</html>"},
            Reason.STORAGE_UNREACHABLE,
            "as an S3 endpoint does",
            id="a web page",
        ),
        pytest.param(
            {"not_s3": "hello"},
            Reason.STORAGE_UNREACHABLE,
            "as an S3 endpoint does",
            id="something else that is no S3",
        ),
    ],
)
def test_what_is_wrong_is_told_apart(
    s3: FakeS3, about: dict[str, object], reason: Reason, words: str
) -> None:
    for name, value in about.items():
        setattr(s3, name, value)
    found = dataset(s3)
    assert isinstance(found, Failure)
    assert found.reason is reason
    assert words in found.message
    assert "secret\n" not in found.message


def test_an_endpoint_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and nobody listens; let go, it would be somebody else's soon
        closed = f"http://127.0.0.1:{held.getsockname()[1]}"
        found = asyncio.run(Storage().dataset(access(closed), URI))
    assert isinstance(found, Failure)
    assert found.reason is Reason.STORAGE_UNREACHABLE
    assert "cannot be reached: Failed to establish a new connection" in found.message
    assert "refused" in found.message


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    nowhere = access("http://nowhere.invalid:9000")
    found = asyncio.run(Storage().dataset(nowhere, URI))
    assert isinstance(found, Failure)
    assert found.reason is Reason.STORAGE_UNREACHABLE
    assert "nowhere.invalid" in found.message


def test_a_listing_is_remembered_for_a_while_only(s3: FakeS3) -> None:
    clock = Clock()
    storage = Storage(clock)
    s3.put("datasets", "lawn/grass/1.png")
    for _ in range(3):
        asyncio.run(storage.dataset(access(s3.endpoint), URI))
    assert len(s3.requests) == 1
    clock.now += LONGEST_MEMORY + 1
    asyncio.run(storage.dataset(access(s3.endpoint), URI))
    assert len(s3.requests) == 2
