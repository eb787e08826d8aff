"""Moves what a database holds to where it belongs when the chart's `mlflow.auth.mode` changes.

A server that lets everybody in keeps all in the workspace `default`; one that asks the cluster
keeps each model and experiment in the workspace of the namespace that its name begins with. MLflow
moves them itself, one namespace in one transaction: a move that was cut off goes on at the next
start. Called by `__main__` before the server starts.
"""

from __future__ import annotations

import importlib
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from dandelion_mlflow import files

EVERYBODYS = "default"
RESOURCES = {"registered_models": "SqlRegisteredModel", "experiments": "SqlExperiment"}
OF_A_NAMESPACE = re.compile(r"([a-z0-9]([-a-z0-9]*[a-z0-9])?)\..+")


class AnyWorkspace:
    """Vouches for every workspace: a namespace may be away, and its models are its own still."""

    def get_workspace(self, name: str) -> str:
        return name


def by_namespace(names: Iterable[str]) -> dict[str, list[str]]:
    """Those named NAMESPACE.NAME, without the ones that lie right already."""
    found = defaultdict(list)
    for name in names:
        match = OF_A_NAMESPACE.fullmatch(name)
        if match and match[1] != EVERYBODYS:
            found[match[1]].append(name)
    return dict(found)


def told_apart(experiments: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """The new names by ID, of (ID, workspace, name); everybody's own keep theirs."""
    places = defaultdict(list)
    for identity, workspace, name in experiments:
        places[name].append((identity, workspace))
    return {
        identity: f"{workspace}.{name}"
        for name, found in places.items()
        if len(found) > 1
        for identity, workspace in found
        if workspace != EVERYBODYS
    }


def to_namespaces(engine: Any, destination: str = "") -> None:
    """`destination` is where the files of runs lie, as `--artifacts-destination` has it.

    Raises RuntimeError where they cannot be copied.
    """
    move: Any = importlib.import_module("mlflow.store.db.workspace_move")
    todo = {kind: by_namespace(_names(engine, kind)) for kind in RESOURCES}
    if not any(todo.values()):
        return
    keep_copy(engine, "namespaces")
    copied = files.copy(destination, _experiments(engine, todo["experiments"]))
    if copied:
        print(f"{copied} files of runs copied to their namespaces")
    for kind, namespaces in todo.items():
        for namespace, names in sorted(namespaces.items()):
            move.move_resources(
                engine, AnyWorkspace(), EVERYBODYS, namespace, kind, names=sorted(names)
            )
            print(f"{len(names)} {kind} moved to the workspace {namespace}")


def to_everybody(engine: Any) -> None:
    """Experiments that have one name in several workspaces get that of the workspace before it.
    Raises RuntimeError where two workspaces hold a model of the same name.
    """
    migration: Any = importlib.import_module("mlflow.store.db.workspace_migration")
    doubles = told_apart(_everywhere(engine))
    if doubles:
        keep_copy(engine, "renamed")
        _rename(engine, doubles)
    if not any(migration.migrate_to_default_workspace(engine, dry_run=True).values()):
        return
    keep_copy(engine, "one-workspace")
    moved = migration.migrate_to_default_workspace(engine)
    print(f"{sum(moved.values())} rows moved to the workspace {EVERYBODYS}")


def keep_copy(engine: Any, what: str) -> None:
    """Of a SQLite file, as it was before `what`; other databases have their own ways."""
    file = engine.url.database
    if engine.dialect.name == "sqlite" and file:
        copy = f"{file}.before-{what}"
        shutil.copy2(file, copy)
        print(f"the database as it was is kept in {copy}")


def _experiments(engine: Any, namespaces: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The IDs by namespace."""
    table = _table("experiments")
    ids = dict(_everybodys(engine, table, table.name, table.experiment_id))
    return {
        namespace: [str(ids[name]) for name in names] for namespace, names in namespaces.items()
    }


def _names(engine: Any, kind: str) -> list[str]:
    table = _table(kind)
    return [row.name for row in _everybodys(engine, table, table.name)]


def _everywhere(engine: Any) -> list[tuple[str, str, str]]:
    sql: Any = importlib.import_module("sqlalchemy")
    table = _table("experiments")
    with engine.connect() as connection:
        rows = connection.execute(sql.select(table.experiment_id, table.workspace, table.name))
        return [(str(row.experiment_id), row.workspace, row.name) for row in rows]


def _rename(engine: Any, names: Mapping[str, str]) -> None:
    sql: Any = importlib.import_module("sqlalchemy")
    table = _table("experiments")
    with engine.begin() as connection:
        for identity, name in names.items():
            row = table.experiment_id == int(identity)
            connection.execute(sql.update(table).where(row).values(name=name))
            print(f"the experiment {identity} is called {name} from here on")


def _everybodys(engine: Any, table: Any, *columns: Any) -> Any:
    sql: Any = importlib.import_module("sqlalchemy")
    with engine.connect() as connection:
        wanted = sql.select(*columns).where(table.workspace == EVERYBODYS)
        return connection.execute(wanted).all()


def _table(kind: str) -> Any:
    part = "model_registry" if kind == "registered_models" else "tracking"
    models: Any = importlib.import_module(f"mlflow.store.{part}.dbmodels.models")
    return getattr(models, RESOURCES[kind])
