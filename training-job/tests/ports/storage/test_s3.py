"""What each answer of an S3 endpoint means, and that what may pass is tried again."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import minio
import pytest
import urllib3
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location, s3
from dandelion_training.ports.storage.credentials import MountedCredentials
from dandelion_training.ports.storage.s3 import S3Store
from minio.credentials.credentials import Credentials
from minio.credentials.providers import Provider, StaticProvider
from minio.datatypes import Object
from minio.error import S3Error

PLACE = Location.parse("s3://models/default/lawn")


def answer(code: str) -> S3Error:
    response = urllib3.HTTPResponse(status=400)
    return S3Error(response, code, f"because of {code}", None, None, None)


class Client:
    """Gives one prepared answer after another."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.asked = 0

    def remove_object(self, *_: Any) -> None:
        self.asked += 1
        if found := self.answers.pop(0):
            raise found


def store_on(client: Client) -> S3Store:
    keys = StaticProvider("key", "secret")
    return S3Store(cast(minio.Minio, client), keys, "http://minio", attempts=2)


@pytest.mark.parametrize(
    ("error", "reason", "code"),
    [
        (answer("NoSuchBucket"), Reason.BUCKET_NOT_FOUND, 64),
        (answer("InvalidAccessKeyId"), Reason.CREDENTIALS_REJECTED, 64),
        (answer("SignatureDoesNotMatch"), Reason.CREDENTIALS_REJECTED, 64),
        (answer("AccessDenied"), Reason.CREDENTIALS_REJECTED, 64),
        (answer("SlowDown"), Reason.STORAGE_UNREACHABLE, 1),
        (answer("InternalError"), Reason.STORAGE_UNREACHABLE, 1),
        (urllib3.exceptions.ProtocolError("reset"), Reason.STORAGE_UNREACHABLE, 1),
    ],
)
def test_an_s3_error_has_a_reason_a_user_can_act_on(
    error: Exception, reason: Reason, code: int
) -> None:
    store = store_on(Client(error, error))
    with pytest.raises(TrainingFailure) as caught:
        store.delete(PLACE)
    assert (caught.value.reason, caught.value.exit_code) == (reason, code)
    assert "models" in caught.value.message


def test_what_may_pass_is_tried_again() -> None:
    client = Client(answer("SlowDown"), None)
    store_on(client).delete(PLACE)
    assert client.asked == 2


def test_what_cannot_pass_is_not_tried_again() -> None:
    client = Client(answer("AccessDenied"))
    with pytest.raises(TrainingFailure):
        store_on(client).delete(PLACE)
    assert client.asked == 1


class Following(Provider):
    """Gives one key after another, and the last one for good."""

    def __init__(self, *names: str, token: str | None = "token") -> None:
        self.names = list(names)
        self.token = token

    def retrieve(self) -> Credentials:
        name = self.names.pop(0) if len(self.names) > 1 else self.names[0]
        return Credentials(name, "secret", self.token)


def following(client: Client, keys: Provider, seconds: float = 150) -> S3Store:
    return S3Store(cast(minio.Minio, client), keys, "http://minio", 1, renewal_seconds=seconds)


@pytest.mark.parametrize(
    "code", ["ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "InvalidTokenId"]
)
def test_a_key_that_ends_on_the_way_is_no_refusal(code: str) -> None:
    client = Client(answer(code), None)
    following(client, Following("a", "b"), seconds=0).delete(PLACE)
    assert client.asked == 2


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (Following("a", token=None), "InvalidAccessKeyId"),
        (Following("a", "b"), "AccessDenied"),
        (Following("a", "b"), "SignatureDoesNotMatch"),
    ],
)
def test_what_another_key_would_not_change_is_refused_at_once(keys: Provider, code: str) -> None:
    client = Client(answer(code), None)
    with pytest.raises(TrainingFailure) as caught:
        following(client, keys).delete(PLACE)
    assert (caught.value.reason, client.asked) == (Reason.CREDENTIALS_REJECTED, 1)


def test_a_run_waits_for_the_key_that_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    client = Client(answer("ExpiredToken"), None)
    following(client, Following("a", "a", "a", "b")).delete(PLACE)
    assert (client.asked, len(slept)) == (2, 2)


def test_what_may_not_wait_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("it waited"))
    client = Client(answer("ExpiredToken"))
    with pytest.raises(TrainingFailure) as caught:
        following(client, Following("a"), seconds=0).delete(PLACE)
    assert caught.value.reason is Reason.CREDENTIALS_REJECTED


def test_a_run_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    monkeypatch.setattr("time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    client = Client(answer("ExpiredToken"))
    with pytest.raises(TrainingFailure) as caught:
        following(client, Following("a")).delete(PLACE)
    assert caught.value.reason is Reason.CREDENTIALS_REJECTED
    assert clock[0] == pytest.approx(150)


def keys(folder: Path) -> Path:
    (folder / "AWS_ACCESS_KEY_ID").write_text("key\n")
    (folder / "AWS_SECRET_ACCESS_KEY").write_text("secret\n")
    return folder


def test_an_endpoint_where_nobody_listens_is_unreachable(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and nobody listens; let go, it would be somebody else's soon
        endpoint = f"http://127.0.0.1:{held.getsockname()[1]}"
        store = s3.connect(endpoint, "us-east-1", keys(tmp_path), "", attempts=1, pool=1)
        with pytest.raises(TrainingFailure, match="did not answer") as caught:
            store.read(PLACE)
    assert caught.value.reason is Reason.STORAGE_UNREACHABLE


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    store = s3.connect("http://127.0.0.1:9", "us-east-1", tmp_path, "", attempts=1, pool=1)
    with pytest.raises(TrainingFailure, match="AWS_ACCESS_KEY_ID") as caught:
        store.read(PLACE)
    assert caught.value.reason is Reason.CREDENTIALS_REJECTED


def test_a_rotated_key_is_used_at_once(tmp_path: Path) -> None:
    mounted = MountedCredentials(keys(tmp_path))
    assert mounted.retrieve().secret_key == "secret"
    (tmp_path / "AWS_SECRET_ACCESS_KEY").write_text("rotated")
    assert mounted.retrieve().secret_key == "rotated"


class Hidden:
    """Says of every object that it may not be read, and lists some."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def get_object(self, *_: Any) -> None:
        raise answer("AccessDenied")

    def list_objects(self, bucket: str, prefix: str, recursive: bool) -> Iterator[Object]:
        return iter(Object(bucket, name) for name in self.names if name.startswith(prefix))


def test_a_missing_object_that_is_hidden_from_the_key_is_missing() -> None:
    store = store_on(cast(Client, Hidden("default/lawn.txt", "default/lawn/x")))
    assert store.read(PLACE) is None


def test_an_object_that_is_there_and_may_not_be_read_is_refused() -> None:
    with pytest.raises(TrainingFailure) as caught:
        store_on(cast(Client, Hidden("default/lawn", "default/lawn/x"))).read(PLACE)
    assert caught.value.reason is Reason.CREDENTIALS_REJECTED


@pytest.mark.parametrize("endpoint", ["minio:9000", "ftp://minio", "http://minio/path", ""])
def test_an_endpoint_that_is_no_url_is_refused(tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(TrainingFailure, match=r"storage\.endpoint"):
        s3.connect(endpoint, "us-east-1", tmp_path, "", attempts=1, pool=1)


def test_a_ca_bundle_that_is_no_pem_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailure, match=r"storage\.caBundle"):
        s3.connect("https://s3", "us-east-1", tmp_path, "not PEM", attempts=1, pool=1)


@pytest.mark.parametrize(
    ("uri", "bucket", "key"),
    [("s3://bkt/a/b", "bkt", "a/b"), ("s3://bkt", "bkt", ""), ("s3://bkt/a#1/", "bkt", "a#1")],
)
def test_a_uri_is_a_bucket_and_a_key(uri: str, bucket: str, key: str) -> None:
    assert Location.parse(uri) == Location(bucket, key)


@pytest.mark.parametrize("uri", ["b/a", "http://b/a", "s3:///a", ""])
def test_any_other_uri_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match=r"s3://BUCKET/FOLDER|no bucket"):
        Location.parse(uri)
