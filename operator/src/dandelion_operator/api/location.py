"""Where a resource's data and artifacts lie, and which artifact is to be served.

A ModelDeployment may bring its own S3 endpoint and keys; what it leaves out is what the chart set
up. `location` settles that once, for the reads, the decisions and the builders alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from dandelion_operator.api import naming
from dandelion_operator.api.access import images, tenancy
from dandelion_operator.api.access.endpoints import Endpoints
from dandelion_operator.api.access.identity import Identity
from dandelion_operator.api.access.routes import IngressRule, RouteRule, WayRule
from dandelion_operator.api.access.sts import Mode, Sts
from dandelion_operator.api.access.tenancy import DatasetRule, Rules
from dandelion_operator.api.network import Network, policy_specs
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.pods.template import PodTemplate
from dandelion_operator.api.spec.serving import Auth

BUCKET, REGION = "models", "us-east-1"
TRAINING_RESOURCES: Mapping[str, Any] = {
    "requests": {"cpu": "500m", "memory": "2Gi"},
    "limits": {"memory": "8Gi"},
}
INFERENCE_RESOURCES: Mapping[str, Any] = {
    "requests": {"cpu": "200m", "memory": "512Mi"},
    "limits": {"memory": "1Gi"},
}
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson")
Rule = TypeVar("Rule", bound=WayRule)


@dataclass(frozen=True)
class RegistryAccess:
    """How training shows MLflow who it is: the audience of its tokens, and the ClusterRole that
    says what it may do in its namespace.
    """

    audience: str
    training_role: str


@dataclass(frozen=True)
class Defaults:
    """What the chart set up, for every resource that does not say otherwise."""

    training_image: str
    inference_image: str
    image_pull_policy: str
    tracking_uri: str
    s3_endpoint: str
    s3_region: str
    s3_bucket: str
    s3_ca_bundle: str = ""
    log_uri: str = ""
    # What pods ask for, and what is laid over them, where a resource says nothing of it.
    training_resources: Mapping[str, Any] = field(default_factory=lambda: TRAINING_RESOURCES)
    inference_resources: Mapping[str, Any] = field(default_factory=lambda: INFERENCE_RESOURCES)
    training_template: PodTemplate | None = None
    inference_template: PodTemplate | None = None
    # Whether pods run with the project's own user and group IDs, or with the cluster's choice.
    fixed_ids: bool = True
    installation: str = ""  # the operator's namespace
    sts: Sts = field(default_factory=Sts)
    endpoints: Endpoints = field(default_factory=Endpoints)
    images: tuple[str, ...] = ()  # beside `training_image`; none: whatever anybody wants
    network: Network | None = None  # None: the installation has no say in it
    datasets: Rules = None  # from where which namespace may learn with the installation's keys
    # None: MLflow lets everybody in.
    registry_access: RegistryAccess | None = None
    # None: models have no way in from outside by it.
    route: RouteRule | None = None
    ingress: IngressRule | None = None
    # Where serving pods ask who calls; empty: nowhere.
    token_reviewer: str = ""
    # Where the installation's own S3 credentials are mounted, by purpose.
    credentials_dirs: Mapping[str, Path] = field(default_factory=dict)
    # None: it has keys. Otherwise pods reach S3 by their accounts, the operator by its own, and
    # what is signed with is derived from what these files hold, by purpose.
    identity: Identity | None = None
    signing_files: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Log:
    """Where serving pods log what they predicted, and the Secret whose key they write it with."""

    uri: str
    secret: str
    brings_own_key: bool


@dataclass(frozen=True)
class Location:
    endpoint: str
    region: str
    bucket: str
    ca_bundle: str
    training_secret: str
    inference_secret: str
    brings_own_keys: bool
    log: Log | None = None
    # Why it may not learn from where it wants to, and from where the namespace may.
    denied: Failure | None = None
    readable: tuple[str, ...] = ()
    # Why its image may not train.
    image_denied: Failure | None = None
    # Where an endpoint of its own may not be; None: it is the installation's.
    endpoints: Endpoints | None = None
    # How callers from outside reach it; None: they do not by this.
    route: RouteRule | None = None
    ingress: IngressRule | None = None
    # Where serving pods ask who calls; empty: nowhere.
    token_reviewer: str = ""
    # The purposes for which pods have no key and go by their account.
    by_account: frozenset[str] = frozenset()
    # What its NetworkPolicies say, by component; None: the installation has no say in it.
    policies: Mapping[str, Mapping[str, Any]] | None = field(default=None, compare=False)

    @property
    def of_the_installation(self) -> frozenset[str]:
        """The purposes for which the resource brings no key."""
        purposes = set() if self.brings_own_keys else {naming.TRAINING, naming.INFERENCE}
        if self.log is not None and not self.log.brings_own_key:
            purposes.add(naming.LOG)
        return frozenset(purposes)

    @property
    def training_goes_by_account(self) -> bool:
        return naming.TRAINING in self.by_account

    @property
    def serving_goes_by_account(self) -> bool:
        return bool(self.by_account & {naming.INFERENCE, naming.LOG})


@dataclass(frozen=True)
class Target:
    """One exact artifact that inference pods are told to serve."""

    version: int
    artifact_uri: str
    contract_digest: str


def location(resource: Resource, defaults: Defaults) -> Location:
    storage = resource.spec.storage
    if storage.endpoint is None:
        endpoint, ca_bundle = defaults.s3_endpoint, defaults.s3_ca_bundle
        bucket, region = defaults.s3_bucket, defaults.s3_region
    else:
        endpoint, ca_bundle = storage.endpoint.rstrip("/"), storage.ca_bundle or ""
        bucket, region = BUCKET, REGION
    own = storage.secret_ref
    serving = storage.serving_secret_ref or own
    found = Location(
        endpoint=endpoint,
        region=storage.region or region,
        bucket=storage.bucket or bucket,
        ca_bundle=ca_bundle,
        training_secret=own.name if own else naming.training_secret(resource.key),
        inference_secret=serving.name if serving else naming.inference_secret(resource.key),
        brings_own_keys=own is not None,
        log=_log(resource, defaults),
        denied=_denied(resource, defaults) if own is None else None,
        readable=tenancy.readable(
            defaults.datasets or (), resource.namespace, _shared_places(defaults)
        ),
        image_denied=_image_denied(resource, defaults),
        policies=_policies(resource, defaults),
        endpoints=None if storage.endpoint is None else defaults.endpoints,
        route=_way(resource, defaults.route),
        ingress=_way(resource, defaults.ingress),
        token_reviewer=defaults.token_reviewer,
    )
    if defaults.identity is None or defaults.sts.mode is Mode.ON:
        return found
    return replace(found, by_account=found.of_the_installation)


def _way(resource: Resource, rule: Rule | None) -> Rule | None:
    if rule is None or rule.open or resource.spec.serving.auth is Auth.CLUSTER_TOKENS:
        return rule
    return None


def _policies(resource: Resource, defaults: Defaults) -> Mapping[str, Mapping[str, Any]] | None:
    if defaults.network is None:
        return None
    return policy_specs(resource, defaults.network, defaults.endpoints)


def _denied(resource: Resource, defaults: Defaults) -> Failure | None:
    """Of what a run reads, the first that the rules do not let this namespace read."""
    rules, namespace, spec = defaults.datasets, resource.namespace, resource.spec
    if rules is None:
        return None
    models, places = f"s3://{defaults.s3_bucket}", _shared_places(defaults)
    dataset, urls = spec.dataset.storage_uri, spec.dataset.urls
    weights = spec.training.initial_weights
    if not tenancy.may_learn_from(folder_of(dataset), rules, namespace, places):
        beside = f"What lies beside {dataset}" if is_table(dataset) else dataset
        return _not_allowed(beside, rules, namespace)
    table = urls.storage_uri if urls is not None else None
    if table is not None and not tenancy.may_learn_from(table, rules, namespace, places):
        return _not_allowed(table, rules, namespace)
    from_s3 = weights.startswith("s3://")
    if from_s3 and not tenancy.may_start_from(weights, rules, namespace, places, models):
        return _not_allowed(weights, rules, namespace)
    return None


def _shared_places(defaults: Defaults) -> tuple[str, ...]:
    """Of models and logs: in each, every namespace has a folder of its own."""
    return (f"s3://{defaults.s3_bucket}", *filter(None, [defaults.log_uri]))


def _not_allowed(what: str, rules: Sequence[DatasetRule], namespace: str) -> Failure:
    granted = tenancy.prefixes(rules, namespace)
    allowed = " and ".join(f"{prefix}/" for prefix in granted) or "nothing"
    return Failure(
        Reason.DATASET_NOT_ALLOWED,
        f"{what} may not be read in the namespace {namespace} with the installation's keys, which "
        f"read {allowed} there: move it, ask whoever installed Dandelion to name it in "
        "tenancy.datasets, or bring keys of your own in spec.storage.secretRef",
    )


def _image_denied(resource: Resource, defaults: Defaults) -> Failure | None:
    image = resource.spec.training.image
    if image in (None, defaults.training_image) or images.may_be_used(image, defaults.images):
        return None
    return Failure(
        Reason.IMAGE_NOT_ALLOWED,
        f"{image} may not train: spec.training.image has to be {_either(defaults.images)}, or left "
        "out; ask whoever installed Dandelion to name it in training.allowedImages",
    )


def _either(entries: Sequence[str]) -> str:
    words = [entry if "@" in entry else f"{entry.removesuffix('*')}…" for entry in entries]
    return " or ".join(words)


def _log(resource: Resource, defaults: Defaults) -> Log | None:
    """A place of the resource's own is written with its own key, and with no other.

    The installation's key writes to the installation's place alone, below the resource's namespace
    and name: it may write everywhere in that bucket, so a place of somebody's choice could be that
    of another namespace. Both are at the installation's endpoint, and no use at another.
    """
    storage, logging = resource.spec.storage, resource.spec.serving.logging
    if not logging.predictions:
        return None
    own = storage.serving_secret_ref or storage.secret_ref
    if logging.storage_uri and own:
        return Log(logging.storage_uri.rstrip("/"), own.name, brings_own_key=True)
    if storage.endpoint is not None or not defaults.log_uri:
        return None
    return Log(defaults.log_uri.rstrip("/"), naming.log_secret(resource.key), brings_own_key=False)


def is_table(uri: str) -> bool:
    """Whether a dataset's address is that of a table of labels, and not of a folder."""
    return uri.lower().endswith(TABLES)


def folder_of(uri: str) -> str:
    """What is read of a dataset: images lie beside a table of their labels."""
    return uri.rpartition("/")[0] if is_table(uri) else uri


def split_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/a/b/` → `("bucket", "a/b")`; `#`, `?` and `%` are parts of a name."""
    bucket, _, path = uri.removeprefix("s3://").partition("/")
    return bucket, path.strip("/")
