"""Starts `mlflow server` with its secrets from files and its database at the right schema.

MLflow takes credentials from the environment and refuses a database that an older release wrote.
The chart runs this module instead: it reads the mounted Secrets, so that no secret stands in a
manifest or on a command line, brings the database up to date, and then becomes `mlflow server` with
the arguments it was given, and with those that go with the chart's `mlflow.auth.mode`.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

S3_CREDENTIALS_DIR = "DANDELION_MLFLOW_S3_CREDENTIALS_DIR"
DATABASE_URI_FILE = "DANDELION_MLFLOW_DATABASE_URI_FILE"
SQLITE_FILE = "DANDELION_MLFLOW_SQLITE_FILE"
AUTH, KUBERNETES = "DANDELION_MLFLOW_AUTH", "Kubernetes"
BY_NAMESPACE = ["--enable-workspaces", "--workspace-store-uri", "dandelion://"]
# MLflow with one route more; the entry points beside this package say where it is.
APP = "dandelion"


class SettingError(Exception):
    """A setting without which the server cannot start; the message names the way out."""


def secret(path: Path) -> str:
    """The content of one key of a mounted Secret."""
    try:
        content = path.read_text().strip()
    except OSError as error:
        raise SettingError(
            f"{path} cannot be read ({error.strerror}): the Secret mounted at {path.parent} "
            f"must hold the key {path.name}"
        ) from error
    if not content:
        raise SettingError(f"{path} is empty: write a value for the Secret's key {path.name}")
    return content


def environment(given: dict[str, str]) -> dict[str, str]:
    """What MLflow and boto3 expect in the environment, from the files that the chart mounts."""
    found: dict[str, str] = {}
    if folder := given.get(S3_CREDENTIALS_DIR):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            found[name] = secret(Path(folder) / name)
        token = Path(folder) / "AWS_SESSION_TOKEN"
        if token.exists():  # a key that is for a while is good for nothing without it
            found[token.name] = secret(token)
    if file := given.get(DATABASE_URI_FILE):
        found["MLFLOW_BACKEND_STORE_URI"] = secret(Path(file))
    elif file := given.get(SQLITE_FILE):
        found["MLFLOW_BACKEND_STORE_URI"] = f"sqlite:///{file}"
    return found


def arguments(given: dict[str, str]) -> list[str]:
    """Of `mlflow server`, besides those of the chart."""
    return ["--app-name", APP, *(BY_NAMESPACE if given.get(AUTH) == KUBERNETES else ())]


def destination(given: Sequence[str]) -> str:
    """Where `mlflow server` is told to keep files; empty where it is not."""
    named = "--artifacts-destination"
    for position, argument in enumerate(given):
        if argument == named and position + 1 < len(given):
            return given[position + 1]
        if argument.startswith(f"{named}="):
            return argument.removeprefix(f"{named}=")
    return ""


def prepare_database(uri: str, by_namespace: bool = False, files: str = "") -> None:
    """Makes the tables, or brings an older release's up to date, keeping a copy of SQLite; and has
    everything lie in the workspace where the server will look for it, the `files` of runs too.
    """
    moves: Any = importlib.import_module("dandelion_mlflow.moves")
    utils: Any = importlib.import_module("mlflow.store.db.utils")
    engine = utils.create_sqlalchemy_engine_with_retry(uri)
    try:
        current = utils._get_schema_version(engine)
        wanted = utils._get_latest_schema_revision()
        if current is None:
            utils._initialize_tables(engine)
        elif current != wanted:
            print(f"the database has schema {current}, this MLflow needs {wanted}: upgrading")
            moves.keep_copy(engine, wanted)
            utils._upgrade_db(engine)
        if by_namespace:
            moves.to_namespaces(engine, files)
        else:
            moves.to_everybody(engine)
    finally:
        engine.dispose()


def main() -> None:
    """Never returns: becomes the server."""
    try:
        os.environ.update(environment(dict(os.environ)))
    except SettingError as problem:
        sys.exit(f"MLflow cannot start: {problem}")
    given = dict(os.environ)
    if uri := given.get("MLFLOW_BACKEND_STORE_URI"):
        try:
            prepare_database(uri, given.get(AUTH) == KUBERNETES, destination(sys.argv))
        except RuntimeError as problem:
            sys.exit(f"MLflow cannot start: {problem}")
    cli: Any = importlib.import_module("mlflow.cli").cli
    cli(["server", *arguments(given), *sys.argv[1:]], prog_name="mlflow")


if __name__ == "__main__":
    main()
