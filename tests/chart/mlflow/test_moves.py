"""What a registry holds stays there when the server begins, or ceases, to ask the cluster."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from dandelion_local import places

SOURCES = places.REPOSITORY / "k8s" / "images" / "mlflow" / "src"
ROSES, TREES, LAWN, OTHER = "garden.roses", "park.trees", "default.lawn", "by-hand"
# MLflow's own.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def part(name: str) -> Any:
    """Of MLflow, which warns while it is imported."""
    return importlib.import_module(f"mlflow.{name}")


@pytest.fixture(scope="module")
def start() -> Any:
    """The program that the image runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SOURCES))
        importlib.import_module("dandelion_mlflow.moves")
        return importlib.import_module("dandelion_mlflow.__main__")


@pytest.fixture(scope="module")
def left(start: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry as one that lets everybody in has left it."""
    file = tmp_path_factory.mktemp("left") / "mlflow.db"
    uri = f"sqlite:///{file}"
    start.prepare_database(uri)
    registry = part("store.model_registry.sqlalchemy_store").SqlAlchemyStore(uri)
    tracking = part("store.tracking.sqlalchemy_store").SqlAlchemyStore(uri, str(file.parent / "a"))
    for name in (ROSES, TREES, LAWN, OTHER):
        registry.create_registered_model(name)
        registry.create_model_version(name, f"s3://models/{name.replace('.', '/')}/a/artifact")
        registry.set_registered_model_alias(name, "champion", 1)
        registry.set_model_version_tag(name, "1", tag(name))
        tracking.create_experiment(name)
    return file


@pytest.fixture(autouse=True)
def _with_workspaces(left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As MLflow's stores know it that read what was left."""
    monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", "true")


@pytest.fixture
def file(left: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(left, tmp_path / "mlflow.db"))


@pytest.fixture
def uri(file: Path) -> str:
    return f"sqlite:///{file}"


def tag(name: str) -> Any:
    return part("entities.model_registry").ModelVersionTag("dandelion.dev/run", name)


def store(uri: str) -> Any:
    return part("store.model_registry.sqlalchemy_workspace_store").WorkspaceAwareSqlAlchemyStore(
        uri
    )


def workspace(name: str) -> Any:
    return part("utils.workspace_context").ServerWorkspaceContext(name)


def models(uri: str, namespace: str) -> dict[str, str]:
    """The models of a workspace, each with the run of its champion."""
    found = store(uri)
    with workspace(namespace):
        names = [item.name for item in found.search_registered_models()]
        return {
            name: found.get_model_version_by_alias(name, "champion").tags["dandelion.dev/run"]
            for name in names
        }


def experiments(uri: str) -> Mapping[str, str]:
    """Their workspaces."""
    sql: Any = importlib.import_module("sqlalchemy")
    engine = part("store.db.utils").create_sqlalchemy_engine_with_retry(uri)
    with engine.connect() as connection:
        found = connection.execute(sql.text("select name, workspace from experiments"))
        return {row.name: row.workspace for row in found}


def test_each_namespace_finds_its_models_with_versions_tags_and_aliases(
    start: Any, uri: str
) -> None:
    start.prepare_database(uri, by_namespace=True)
    assert models(uri, "garden") == {ROSES: ROSES}
    assert models(uri, "park") == {TREES: TREES}
    assert models(uri, "default") == {LAWN: LAWN, OTHER: OTHER}
    assert experiments(uri) == {
        "Default": "default",
        ROSES: "garden",
        TREES: "park",
        LAWN: "default",
        OTHER: "default",
    }


def test_the_database_as_it_was_is_kept(start: Any, uri: str, file: Path) -> None:
    before = file.read_bytes()
    start.prepare_database(uri, by_namespace=True)
    assert file.with_name("mlflow.db.before-namespaces").read_bytes() == before


def test_another_start_moves_nothing(
    start: Any, uri: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start.prepare_database(uri, by_namespace=True)
    copy = file.with_name("mlflow.db.before-namespaces")
    copy.unlink()
    capsys.readouterr()
    start.prepare_database(uri, by_namespace=True)
    assert capsys.readouterr().out == ""
    assert not copy.exists()


def test_a_move_that_was_cut_off_goes_on(start: Any, uri: str) -> None:
    move = part("store.db.workspace_move")
    whole = move.move_resources

    def cut_off(engine: Any, store: Any, source: str, target: str, *rest: Any, **more: Any) -> Any:
        if target == "park":
            raise KeyboardInterrupt
        return whole(engine, store, source, target, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(move, "move_resources", cut_off)
        with pytest.raises(KeyboardInterrupt):
            start.prepare_database(uri, by_namespace=True)
    start.prepare_database(uri, by_namespace=True)
    assert models(uri, "park") == {TREES: TREES}
    assert models(uri, "garden") == {ROSES: ROSES}


def test_the_way_back_brings_everything_back(start: Any, uri: str) -> None:
    start.prepare_database(uri, by_namespace=True)
    start.prepare_database(uri)
    assert models(uri, "default") == {name: name for name in (ROSES, TREES, LAWN, OTHER)}
    assert set(experiments(uri).values()) == {"default"}


def test_two_models_of_one_name_keep_the_way_back_shut(start: Any, uri: str) -> None:
    """Which of them is meant, only a person knows; nothing was moved."""
    start.prepare_database(uri, by_namespace=True)
    with workspace("park"):
        store(uri).create_registered_model(ROSES)
    with pytest.raises(RuntimeError, match=ROSES):
        start.prepare_database(uri)
    assert models(uri, "garden") == {ROSES: ROSES}
