"""Who may do what: namespaces are MLflow's workspaces, and the cluster's RBAC is the permission.

The plugin `mlflow-kubernetes-plugins` maps each request to a verb on a resource of the group
`mlflow.kubeflow.org` in one namespace. It falls short in three places, and MLflow in two, which
are put right here:

- It asks the API server in the caller's name, so it can take only tokens that are good for the
  whole cluster. Here MLflow asks in its own name who the token is (TokenReview), and then what they
  may do (SubjectAccessReview): a token that is bound to MLflow's audience is of no use elsewhere.
- Whoever may register a version may also move an alias, and what is served with it. Moving one,
  deleting one and renaming a model are `update` of `registeredmodels/alias` here.
- It looks for artifact roots in resources and Secrets of the whole cluster, before every request.
- MLflow reads the files of a version wherever its source says, with its own key: a version whose
  source names another namespace's runs would show their files. That address answers nobody; files
  of a run are read at the run's.
- Where the files of a trace lie says a tag of it, which whoever may write the trace may write too.
  They are read where MLflow puts them, below their experiment, and nowhere else; of an archive,
  which nobody makes here, never.

`authors` has the registry note who moved an alias, and `login` lets browsers in.

`app` calls it where the chart's `mlflow.auth.mode` is Kubernetes; nothing else imports the plugin.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from fastapi import FastAPI
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from mlflow import server
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2
from mlflow.server import handlers
from mlflow.store.db.db_types import DATABASE_ENGINES
from mlflow.store.tracking import sqlalchemy_store
from mlflow_kubernetes_plugins.auth import core, middleware
from mlflow_kubernetes_plugins.auth.authorizer import KubernetesAuthConfig, KubernetesAuthorizer
from mlflow_kubernetes_plugins.auth.rules import (
    PATH_AUTHORIZATION_RULES,
    REQUEST_AUTHORIZATION_RULES,
    AuthorizationRule,
)
from mlflow_kubernetes_plugins.workspace_plugin.provider import KubernetesWorkspaceProvider

from dandelion_mlflow import authors
from dandelion_mlflow.login import Login

AUDIENCE = "DANDELION_MLFLOW_AUDIENCE"
# Once more for what they may do: together a minute, after which a revoked right is gone.
CALLER_SECONDS = 30.0
MOST_CALLERS = 10_000
VERDICT = "verdict"
ALIAS = ("SetRegisteredModelAlias", "DeleteRegisteredModelAlias", "RenameRegisteredModel")
UNAUTHORIZED, FORBIDDEN = 401, 403
TRACE_ID = re.compile(r"[A-Za-z0-9_-]+")
PLACE_OF_A_TRACE, ARCHIVE_OF_A_TRACE = "get_artifact_uri_for_trace", "get_archive_uri_for_trace"
FILES_OF_A_VERSION = "serve_model_version_artifact"  # what MLflow's application calls its answer


class Caller(NamedTuple):
    user: str
    uid: str
    groups: tuple[str, ...]
    until: float


class TokenAuthorizer(KubernetesAuthorizer):
    """Asks in MLflow's own name, which needs the ClusterRole `system:auth-delegator`."""

    def __init__(self, config_values: Any, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(config_values=config_values)
        self._own = client.ApiClient()
        self._audience = os.environ.get(AUDIENCE, "")
        self._monotonic = monotonic
        self._callers: dict[bytes, Caller] = {}

    def _submit_self_subject_access_review(
        self,
        token: str,
        resource: str,
        verb: str,
        namespace: str | None,
        subresource: str | None = None,
        resource_name: str | None = None,
    ) -> bool:
        """Raises ApiException: 401 for a token that is nobody's."""
        caller = self.caller(token)
        spec = client.V1SubjectAccessReviewSpec(
            user=caller.user,
            uid=caller.uid,
            groups=list(caller.groups),
            resource_attributes=client.V1ResourceAttributes(
                group=self._group,
                resource=resource,
                verb=verb,
                namespace=namespace,
                subresource=subresource,
                name=resource_name,
            ),
        )
        review = client.V1SubjectAccessReview(spec=spec)
        found = client.AuthorizationV1Api(self._own).create_subject_access_review(review)
        return bool(found.status.allowed)

    def caller(self, token: str) -> Caller:
        """Whose a token is. Raises ApiException: 401 for one that is nobody's."""
        digest = hashlib.sha256(token.encode()).digest()
        now = self._monotonic()
        known = self._callers.get(digest)
        if known is not None and known.until > now:
            return known
        if len(self._callers) >= MOST_CALLERS:
            self._callers.clear()
        found = self._reviewed(token, now + CALLER_SECONDS)
        self._callers[digest] = found
        return found

    def _reviewed(self, token: str, until: float) -> Caller:
        audiences = [self._audience] if self._audience else None
        spec = client.V1TokenReviewSpec(token=token, audiences=audiences)
        review = client.V1TokenReview(spec=spec)
        status = client.AuthenticationV1Api(self._own).create_token_review(review).status
        # An API server that knows nothing of audiences names none.
        if not status.authenticated or (audiences and audiences != status.audiences):
            raise ApiException(status=UNAUTHORIZED, reason=status.error or "unknown token")
        user = status.user
        return Caller(user.username, user.uid or "", tuple(user.groups or ()), until)


class Request:
    """The one that the plugin let in, as `authors` asks about it."""

    def __init__(self, authorizer: TokenAuthorizer) -> None:
        self._authorizer = authorizer

    def user(self) -> str:
        return self._authorizer.caller(_let_in().token).user

    def may_decide(self) -> bool:
        found = _let_in()
        workspace = found.request_context.workspace
        return bool(
            self._authorizer.is_allowed(
                found.identity, "registeredmodels", "update", workspace, VERDICT
            )
        )


def _let_in() -> Any:
    handled: Any = core
    return handled._AUTHORIZATION_HANDLED.get()


class Namespaces(KubernetesWorkspaceProvider):
    """Every workspace keeps its artifacts below the server's own root, by its name."""

    def resolve_artifact_root(
        self,
        default_artifact_root: str | None,
        workspace_name: str,  # noqa: ARG002 - MLflow's signature
    ) -> tuple[str | None, bool]:
        return default_artifact_root, True


def namespaces(workspace_uri: str, **_: Any) -> Namespaces:
    """The store for the workspace URI `dandelion://`; this package's entry points name it."""
    return Namespaces(tracking_uri=workspace_uri)


def application(listing: str) -> FastAPI:
    """MLflow's application behind the plugin. `listing` is the path that lists all models.

    Without a workspace it lists those of all namespaces, for who may `list` in all of them.
    """
    requests: Any = importlib.import_module("mlflow.protos.model_registry_pb2")
    for name in ALIAS:
        kind = getattr(requests, name)
        rule = REQUEST_AUTHORIZATION_RULES[kind]
        REQUEST_AUTHORIZATION_RULES[kind] = rule._replace(subresource="alias")
    PATH_AUTHORIZATION_RULES[(listing, "GET")] = AuthorizationRule(
        "list", resource="registeredmodels", requires_workspace=False
    )
    authorizer = TokenAuthorizer(KubernetesAuthConfig.from_env())
    registry = authors.store(Request(authorizer))
    stores: Any = handlers
    for engine in DATABASE_ENGINES:
        stores._model_registry_store_registry.register(
            engine, lambda store_uri: registry(store_uri)
        )
    _close_files_of_versions(server.app.view_functions)
    _hold_traces_to_their_experiment(stores)
    plugin: Any = middleware
    plugin.KubernetesAuthorizer = lambda config_values: authorizer  # noqa: ARG005 - its signature
    made: FastAPI = plugin.create_app()
    # Outermost: what a browser keeps becomes the header that all the rest asks about.
    made.add_middleware(
        Login, known=partial(_known, authorizer), audience=os.environ.get(AUDIENCE, "")
    )
    return made


def _close_files_of_versions(answers: dict[str, Any]) -> None:
    """Raises RuntimeError where MLflow answers it by another name, which would stay open."""
    if FILES_OF_A_VERSION not in answers:
        raise RuntimeError(f"this MLflow has no {FILES_OF_A_VERSION}: where are files of versions?")
    answers[FILES_OF_A_VERSION] = _refuse_files_of_versions


def _refuse_files_of_versions() -> tuple[dict[str, str], int]:
    words = (
        "MLflow reads no files of a version here, since its source may lie in another namespace: "
        "read those of its run, or the source itself with a key of your own"
    )
    return {"error_code": "PERMISSION_DENIED", "message": words}, FORBIDDEN


def _hold_traces_to_their_experiment(stores: Any) -> None:
    """Raises RuntimeError where MLflow asks for it by another name, which would stay open."""
    database: Any = sqlalchemy_store
    asked = [(stores, PLACE_OF_A_TRACE), (stores, ARCHIVE_OF_A_TRACE)]
    for module, name in (*asked, (database, ARCHIVE_OF_A_TRACE)):
        if not hasattr(module, name):
            raise RuntimeError(f"this MLflow has no {name}: where are files of traces?")
    told = stores.get_artifact_uri_for_trace

    def own(trace: Any) -> str:
        experiment = stores._get_tracking_store().get_experiment(trace.experiment_id)
        location: str = told(trace)
        if location != own_location(experiment.artifact_location, trace.trace_id):
            raise MlflowException(
                f"the files of the trace {trace.trace_id} are said to lie elsewhere than below its "
                "experiment, and are not read there",
                error_code=databricks_pb2.PERMISSION_DENIED,
            )
        return location

    def archived(trace: Any) -> str:
        raise MlflowException(
            f"the trace {trace.trace_id} is said to be in an archive: there is none here, and "
            "nothing is read where somebody says that it lies",
            error_code=databricks_pb2.PERMISSION_DENIED,
        )

    stores.get_artifact_uri_for_trace = own
    stores.get_archive_uri_for_trace = database.get_archive_uri_for_trace = archived


def own_location(experiment: str, trace: str) -> str | None:
    """Where MLflow puts the files of a trace, by where its experiment has its own; None for a name
    that would lead out of there: whoever writes a trace chooses it.
    """
    if not TRACE_ID.fullmatch(trace):
        return None
    return f"{experiment.rstrip('/')}/traces/{trace}/artifacts"


def _known(authorizer: TokenAuthorizer, token: str) -> bool:
    """Whether a token is good for MLflow. Raises ApiException where the cluster does not say."""
    try:
        authorizer.caller(token)
    except ApiException as error:
        if error.status == UNAUTHORIZED:
            return False
        raise
    return True
