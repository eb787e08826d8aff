"""Whose hand it was: who moved an alias stands beside it, and verdicts are the operator's alone.

The operator promotes by what stands in tags `dandelion.dev/…`, and training may tag what it made.
Here the registry's own store refuses tags of what was decided to whoever may not `update`
`registeredmodels/verdict`, whichever way a request comes in; and with an alias that decides what
is served it notes in a tag of the model, which nobody may write, who moved it and to which version.

`access` has MLflow keep its registry by this.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol

from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2
from mlflow.store.model_registry.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore

OWN = "dandelion.dev/"
MOVED_BY = f"{OWN}alias-moved-by."
# Those that decide what is served, or what a person is asked about.
NOTED = ("champion", "challenger")
# What the operator writes on versions; the rest is training's.
DECIDED = frozenset(
    f"{OWN}{name}"
    for name in (
        *("verdict", "verdict-reason", "gate", "replaces"),
        *("promoted-by", "comparison-digest"),
    )
)


class Request(Protocol):
    """The one that is being answered."""

    def user(self) -> str:
        """As the cluster names them."""

    def may_decide(self) -> bool:
        """Whether the tags of what was decided are theirs to write."""


def refusal(key: str, of_a_model: bool, may_decide: bool) -> str | None:
    """Why a tag may not be written; None: it may."""
    if key.startswith(MOVED_BY):
        return f"the tag {key} is MLflow's own: it says who moved an alias"
    decided = key.startswith(OWN) if of_a_model else key in DECIDED
    if decided and not may_decide:
        return f"the tag {key} is the operator's: it takes update of registeredmodels/verdict"
    return None


def note(version: Any, user: str) -> str:
    return json.dumps({"version": str(version), "by": user}, separators=(",", ":"))


def store(request: Request) -> type[WorkspaceAwareSqlAlchemyStore]:
    """MLflow's own, for requests of which `request` tells."""

    class Registry(WorkspaceAwareSqlAlchemyStore):  # type: ignore[misc]
        def set_registered_model_alias(self, name: str, alias: str, version: Any) -> None:
            if alias in NOTED:
                # The note first: whoever sees the alias moved finds it.
                self.get_model_version(name, version)
                tag = _Tag(f"{MOVED_BY}{alias}", note(version, request.user()))
                super().set_registered_model_tag(name, tag)
            super().set_registered_model_alias(name, alias, version)

        def create_registered_model(self, name: str, tags: Any = None, **more: Any) -> Any:
            _check(tags, of_a_model=True)
            return super().create_registered_model(name, tags, **more)

        def set_registered_model_tag(self, name: str, tag: Any) -> None:
            _check([tag], of_a_model=True)
            super().set_registered_model_tag(name, tag)

        def delete_registered_model_tag(self, name: str, key: str) -> None:
            _check([_Tag(key)], of_a_model=True)
            super().delete_registered_model_tag(name, key)

        def create_model_version(self, *given: Any, tags: Any = None, **more: Any) -> Any:
            _check(tags, of_a_model=False)
            return super().create_model_version(*given, tags=tags, **more)

        def set_model_version_tag(self, name: str, version: Any, tag: Any) -> None:
            _check([tag], of_a_model=False)
            super().set_model_version_tag(name, version, tag)

        def delete_model_version_tag(self, name: str, version: Any, key: str) -> None:
            _check([_Tag(key)], of_a_model=False)
            super().delete_model_version_tag(name, version, key)

    def _check(tags: Iterable[Any] | None, of_a_model: bool) -> None:
        for tag in tags or ():
            # The cluster is asked for those alone that not everybody may write.
            if refusal(tag.key, of_a_model, may_decide=False) is None:
                continue
            words = refusal(tag.key, of_a_model, request.may_decide())
            if words is not None:
                raise MlflowException(words, error_code=databricks_pb2.PERMISSION_DENIED)

    return Registry


class _Tag:
    def __init__(self, key: str, value: str = "") -> None:
        self.key, self.value = key, value
