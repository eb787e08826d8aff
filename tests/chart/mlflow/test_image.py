"""The MLflow image's own few lines: secrets from files, and a lock complete for a server."""

from __future__ import annotations

import ast
import importlib.util
import re
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
from dandelion_local import places

IMAGE = places.REPOSITORY / "k8s" / "images" / "mlflow"


@pytest.fixture(scope="module")
def start() -> ModuleType:
    """The program that the image runs."""
    file = IMAGE / "src" / "dandelion_mlflow" / "__main__.py"
    spec = importlib.util.spec_from_file_location("dandelion_mlflow_start", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "AWS_ACCESS_KEY_ID").write_text("key\n")
    (tmp_path / "AWS_SECRET_ACCESS_KEY").write_text("secret\n")
    (tmp_path / "uri").write_text("postgresql://mlflow:password@db/mlflow\n")
    return tmp_path


def test_keys_and_database_come_from_files(start: ModuleType, secrets: Path) -> None:
    given = {
        start.S3_CREDENTIALS_DIR: str(secrets),
        start.DATABASE_URI_FILE: str(secrets / "uri"),
        start.SQLITE_FILE: "/data/mlflow.db",
    }
    assert start.environment(given) == {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "MLFLOW_BACKEND_STORE_URI": "postgresql://mlflow:password@db/mlflow",
    }


def test_a_key_that_is_for_a_while_comes_with_its_session_token(
    start: ModuleType, secrets: Path
) -> None:
    (secrets / "AWS_SESSION_TOKEN").write_text("token\n")
    found = start.environment({start.S3_CREDENTIALS_DIR: str(secrets)})
    assert found["AWS_SESSION_TOKEN"] == "token"


def test_where_it_has_an_identity_boto3_finds_the_key_by_itself(start: ModuleType) -> None:
    found = start.environment({start.SQLITE_FILE: "/data/mlflow.db"})
    assert not [name for name in found if name.startswith("AWS_")]


def test_sqlite_needs_no_secret(start: ModuleType) -> None:
    found = start.environment({start.SQLITE_FILE: "/data/mlflow.db"})
    assert found == {"MLFLOW_BACKEND_STORE_URI": "sqlite:////data/mlflow.db"}


def test_a_missing_key_is_named(start: ModuleType, secrets: Path) -> None:
    (secrets / "AWS_SECRET_ACCESS_KEY").unlink()
    with pytest.raises(start.SettingError, match="must hold the key AWS_SECRET_ACCESS_KEY"):
        start.environment({start.S3_CREDENTIALS_DIR: str(secrets)})


def test_an_empty_key_is_named(start: ModuleType, secrets: Path) -> None:
    (secrets / "uri").write_text("\n")
    with pytest.raises(start.SettingError, match="write a value for the Secret's key uri"):
        start.environment({start.DATABASE_URI_FILE: str(secrets / "uri")})


def test_the_lock_holds_what_a_server_needs_and_not_what_only_clients_do() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (IMAGE / "requirements.txt").read_text(), re.M))
    excluded = set(re.findall(r"^([a-z-]+)$", (IMAGE / "excluded.txt").read_text(), re.M))
    assert {
        "mlflow",
        "mlflow-kubernetes-plugins",
        "kubernetes",
        "boto3",
        "sqlalchemy",
        "psycopg",
        "psycopg-binary",
        "numpy",
    } <= locked
    assert excluded
    assert not locked & excluded


def test_the_lock_is_hashed_and_names_no_address() -> None:
    text = (IMAGE / "requirements.txt").read_text()
    assert "://" not in text
    entries = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.M)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


def entry_points() -> dict[tuple[str, str], str]:
    (found,) = metadata.distributions(path=[str(IMAGE / "src")])
    return {(entry.group, entry.name): entry.value for entry in found.entry_points}


@pytest.mark.parametrize("value", entry_points().values())
def test_what_mlflow_is_to_find_is_there(value: str) -> None:
    module, function = value.split(":")
    code = ast.parse((IMAGE / "src" / f"{module.replace('.', '/')}.py").read_text())
    assert function in {node.name for node in code.body if isinstance(node, ast.FunctionDef)}


def test_a_server_that_lets_everybody_in_lists_models_at_once(start: ModuleType) -> None:
    assert ("mlflow.app", start.APP) in entry_points()
    assert start.arguments({}) == ["--app-name", start.APP]


def test_a_server_that_asks_the_cluster_has_its_namespaces_as_workspaces(
    start: ModuleType,
) -> None:
    told = start.arguments({start.AUTH: start.KUBERNETES})
    assert told[:3] == ["--app-name", start.APP, "--enable-workspaces"]
    scheme = told[told.index("--workspace-store-uri") + 1].removesuffix("://")
    assert ("mlflow.workspace_provider", scheme) in entry_points()
