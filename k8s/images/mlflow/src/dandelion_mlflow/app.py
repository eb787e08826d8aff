"""MLflow's server and one route more, which lists all registered models at a fraction of the cost.

MLflow's own listing loads every model with its versions and tags as objects, page by page, which
takes half a millisecond a model: whoever wants to see a moved alias within seconds among thousands
of models cannot ask for that. Here it is a few columns of three tables; and whether anything has
changed, the database tells in three strings. An MLflow without this route is watched by its pages.

Where namespaces are workspaces, `access` lets nobody in who may not.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.routing import Route

PATH = "/api/2.0/dandelion/registered-models"
# The chart's mlflow.auth.mode, and its value with which `access` is asked.
AUTH, KUBERNETES = "DANDELION_MLFLOW_AUTH", "Kubernetes"
# Other tags say nothing to whoever asks here.
TAG_PREFIX = "dandelion.dev/"

# Names, times, aliases and tags as the tables have them.
Models = Iterable[tuple[str, int | None, int | None]]
Aliases = Iterable[tuple[str, str, int]]
Tags = Iterable[tuple[str, str, str | None]]


def create_app() -> FastAPI:
    """What `mlflow server` runs: the name stands in this package's entry points."""
    if os.environ.get(AUTH) == KUBERNETES:
        # Imported only here: its packages are no part of a server that lets everybody in.
        access: Any = importlib.import_module("dandelion_mlflow.access")
        app: FastAPI = access.application(PATH)
    else:
        app = importlib.import_module("mlflow.server.fastapi_app").app
    # MLflow's own application takes every path that comes after it.
    app.router.routes.insert(0, Route(PATH, registered_models))
    return app


def registered_models(request: Request) -> Response:
    """Shaped as the answer of `registered-models/search`, in one page; 304 if nothing changed."""
    with _tables() as tables:
        etag = f'"{tables.digest()}"'
        if request.headers.get("If-None-Match") == etag:
            return Response(status_code=304, headers={"ETag": etag})
        body = listing(tables.models(), tables.aliases(), tables.tags())
    return Response(body, media_type="application/json", headers={"ETag": etag})


def listing(models: Models, aliases: Aliases, tags: Tags) -> bytes:
    """The JSON of one page with everything."""
    aliases_of, tags_of = defaultdict(list), defaultdict(list)
    for name, alias, version in aliases:
        aliases_of[name].append({"alias": alias, "version": version})
    for name, key, value in tags:
        tags_of[name].append({"key": key, "value": value})
    found = [
        {
            "name": name,
            "creation_timestamp": created,
            "last_updated_timestamp": updated,
            "aliases": aliases_of[name],
            "tags": tags_of[name],
        }
        for name, created, updated in models
    ]
    return json.dumps({"registered_models": found}, separators=(",", ":")).encode()


@contextmanager
def _tables() -> Iterator[_Tables]:
    handlers: Any = importlib.import_module("mlflow.server.handlers")
    store = handlers._get_model_registry_store()
    with store.ManagedSessionMaker(read_only=True) as session:
        yield _Tables(store, session)


class _Tables:
    """The registry's, of the workspace that the request is about, in one transaction.

    Where a request may name a workspace and names none, they are those of all namespaces, and of
    each only the models that bear its name: names stay unique.
    """

    def __init__(self, store: Any, session: Any) -> None:
        models: Any = importlib.import_module("mlflow.store.model_registry.dbmodels.models")
        self._sql: Any = importlib.import_module("sqlalchemy")
        self._store, self._session = store, session
        self._model, self._alias = models.SqlRegisteredModel, models.SqlRegisteredModelAlias
        self._tag = models.SqlRegisteredModelTag
        context: Any = importlib.import_module("mlflow.utils.workspace_context")
        by_namespace = os.environ.get(AUTH) == KUBERNETES
        self._everywhere = by_namespace and context.get_request_workspace() is None

    def models(self) -> Models:
        model = self._model
        return self._rows(model, model.name, model.creation_time, model.last_updated_time)

    def aliases(self) -> Aliases:
        return self._rows(self._alias, self._alias.name, self._alias.alias, self._alias.version)

    def tags(self) -> Tags:
        tag = self._tag
        return self._rows(tag, tag.name, tag.key, tag.value, only=self._own_tags)

    def digest(self) -> str:
        """Of everything that the rows above hold, without a Python object for each."""
        model, alias, tag = self._model, self._alias, self._tag
        told = (
            self._text(model, model.name, model.creation_time, model.last_updated_time),
            self._text(alias, alias.name, alias.alias, alias.version),
            self._text(tag, tag.name, tag.key, tag.value, only=self._own_tags),
        )
        return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()

    @property
    def _own_tags(self) -> Any:
        return self._tag.key.startswith(TAG_PREFIX)

    def _text(self, table: Any, *columns: Any, only: Any = True) -> str | None:
        sql = self._sql
        texts = [sql.func.coalesce(sql.cast(column, sql.Text), "") for column in columns]
        one = texts[0]
        for text in texts[1:]:
            one = one + "=" + text
        whole: str | None = self._rows(table, sql.func.aggregate_strings(one, ","), only=only)[0][0]
        return whole

    def _rows(self, table: Any, *columns: Any, only: Any = True) -> Any:
        if self._everywhere:
            clauses = [table.name.startswith(table.workspace + ".")]
        else:
            clauses = self._store._get_workspace_clauses(table)
        return self._session.execute(
            self._sql.select(*columns).where(self._sql.and_(*clauses, only))
        ).all()
