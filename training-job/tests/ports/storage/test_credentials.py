"""A key in a mounted Secret, which is replaced while it is being used."""

import hmac
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import credentials
from dandelion_training.ports.storage.credentials import MountedCredentials, is_mounted, signing_key

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
    found = MountedCredentials(Mounted(tmp_path, OLD).folder).retrieve()
    assert (found.access_key, found.secret_key, found.session_token) == ("a1", "s1", "t1")


def test_a_key_for_good_has_no_session_token(tmp_path: Path) -> None:
    Mounted(tmp_path, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"})
    assert MountedCredentials(tmp_path).retrieve().session_token is None


def test_a_running_job_uses_the_renewed_key(tmp_path: Path) -> None:
    folder = Mounted(tmp_path, OLD)
    mounted = MountedCredentials(tmp_path)
    mounted.retrieve()
    folder.swap(NEW)
    assert mounted.retrieve().session_token == "t2"


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
    found = MountedCredentials(tmp_path).retrieve()
    assert (found.access_key, found.secret_key, found.session_token) == ("a2", "s2", "t2")


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_file_that_is_empty_is_named(tmp_path: Path, missing: str) -> None:
    Mounted(tmp_path, OLD | {missing: ""})
    with pytest.raises(TrainingFailure, match=missing) as caught:
        MountedCredentials(tmp_path).retrieve()
    assert caught.value.reason is Reason.CREDENTIALS_REJECTED


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


def test_a_secret_of_the_installation_signs_where_there_is_no_key(tmp_path: Path) -> None:
    Mounted(tmp_path, {"SIGNING_SECRET": "lasting"})
    assert signing_key(tmp_path, PURPOSE) == hmac.digest(b"lasting", PURPOSE, "sha256")
    assert not is_mounted(tmp_path)  # or nobody would ask for the account's
