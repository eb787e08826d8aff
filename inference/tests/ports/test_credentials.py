"""A key in a mounted Secret, which is replaced while it is being used."""

from __future__ import annotations

import hmac
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from dandelion_inference.model.store import S3Store
from dandelion_inference.ports import credentials
from dandelion_inference.ports.credentials import mounted, signing_key
from fakes.s3 import FakeS3
from given import artifacts
from running.loading import settings

OLD = {"AWS_ACCESS_KEY_ID": "a1", "AWS_SECRET_ACCESS_KEY": "s1", "AWS_SESSION_TOKEN": "t1"}
NEW = {"AWS_ACCESS_KEY_ID": "a2", "AWS_SECRET_ACCESS_KEY": "s2", "AWS_SESSION_TOKEN": "t2"}
PURPOSE = b"a purpose"


class Mounted:
    """A folder as the kubelet makes it: what is in it are links through `..data`."""

    def __init__(self, folder: Path, content: Mapping[str, str]) -> None:
        self.folder = folder
        self._count = 0
        self.swap(content)
        for name in content:
            (folder / name).symlink_to(f"..data/{name}")

    def swap(self, content: Mapping[str, str]) -> None:
        """All at once, and what was there before is gone."""
        former = (self.folder / "..data").resolve() if self._count else None
        self._count += 1
        made = self.folder / f"..made-{self._count}"
        made.mkdir()
        for name, text in content.items():
            (made / name).write_text(f"{text}\n")
        (self.folder / "..tmp").symlink_to(made.name)
        (self.folder / "..tmp").rename(self.folder / "..data")
        if former is not None:
            shutil.rmtree(former)


def test_a_key_for_a_while_has_three_parts(tmp_path: Path) -> None:
    assert mounted(Mounted(tmp_path, OLD).folder) == OLD


def test_a_key_is_never_half_of_one_and_half_of_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, read = Mounted(tmp_path, OLD), credentials._text

    def replaced_meanwhile(path: Path) -> str | None:
        text = read(path)
        if path.name == "AWS_ACCESS_KEY_ID" and text == "a1":
            folder.swap(NEW)
        return text

    monkeypatch.setattr(credentials, "_text", replaced_meanwhile)
    assert mounted(tmp_path) == NEW


def test_the_session_token_goes_with_every_request_from_when_it_is_there(
    s3: FakeS3, tmp_path: Path
) -> None:
    given = settings(artifacts.stored(), s3.url, tmp_path)
    s3.objects["/models/x"] = b"content"
    store = S3Store(given)
    assert b"".join(store.read("models", "x")) == b"content"
    (tmp_path / "credentials" / "AWS_SESSION_TOKEN").write_text("a-token\n")
    assert b"".join(store.read("models", "x")) == b"content"
    assert s3.session_tokens == [None, "a-token"]


def test_what_is_signed_with_stays_when_a_key_for_a_while_takes_the_place_of_another(
    tmp_path: Path,
) -> None:
    folder = Mounted(tmp_path, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "lasting"})
    before = signing_key(tmp_path, PURPOSE)
    kept = hmac.digest(b"lasting", PURPOSE, "sha256")
    folder.swap(NEW | {"SIGNING_KEY": kept.hex()})
    assert before == signing_key(tmp_path, PURPOSE) == kept


@pytest.mark.parametrize("content", ["", "no hexadecimal"])
def test_a_signing_key_that_is_none_is_as_if_it_were_not_there(
    tmp_path: Path, content: str
) -> None:
    Mounted(tmp_path, NEW | {"SIGNING_KEY": content})
    assert signing_key(tmp_path, PURPOSE) == hmac.digest(b"s2", PURPOSE, "sha256")


def test_an_empty_folder_signs_nothing(tmp_path: Path) -> None:
    assert signing_key(tmp_path, PURPOSE) is None


def test_a_pod_with_a_key_loads_nothing_of_the_way_without_one(
    tmp_path: Path,
) -> None:
    program = (
        "import sys, pathlib, urllib3\n"
        "from dandelion_inference.ports.settings import Settings\n"
        "from dandelion_inference.ports.storage import S3Writer\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "told = dict(model_name='a', model_namespace='b', model_version='1', artifact_uri='s3://models/b',"
        " contract_digest='sha256:' + '0' * 64, s3_endpoint='http://s3',"
        " log_credentials_dir=folder)\n"
        "S3Writer(Settings.model_validate(told), urllib3.Timeout(1))._access.client()\n"
        "assert 'dandelion_inference.ports.account' not in sys.modules\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        (tmp_path / name).write_text("key")
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "DANDELION_S3_ACCOUNT": "lawn"}
    command = [sys.executable, "-c", program, tmp_path]
    assert subprocess.run(command, env=environment, check=False).returncode == 0
