"""The operator's own settings: environment variables DANDELION_…, set by the chart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dandelion_operator.api import naming
from dandelion_operator.api.access.endpoints import Endpoints
from dandelion_operator.api.access.identity import Identity
from dandelion_operator.api.access.routes import IngressRule, RouteRule
from dandelion_operator.api.access.sts import LIFE_SECONDS, LONGEST_LIFE, SHORTEST_LIFE, Mode, Sts
from dandelion_operator.api.access.tenancy import DatasetRule
from dandelion_operator.api.location import (
    INFERENCE_RESOURCES,
    TRAINING_RESOURCES,
    Defaults,
    RegistryAccess,
)
from dandelion_operator.api.network import Network
from dandelion_operator.api.spec.pods.scheduling import ComputeResources
from dandelion_operator.api.spec.pods.template import PodTemplate
from dandelion_operator.api.spec.serving import INFERENCE_CONTAINER
from dandelion_operator.api.spec.training import TRAINING_CONTAINER
from dandelion_operator.ports.kube.namespaces import Rights
from dandelion_operator.ports.s3.credentials import SECRETS


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DANDELION_", frozen=True, populate_by_name=True)

    operator_namespace: str = "dandelion-system"
    pod_name: str = ""
    watch_namespaces: str = ""
    # The ClusterRole that the operator binds in namespaces with the label, to this account, and
    # looks after no others. Empty: all that are watched.
    namespace_role: str = ""
    service_account: str = ""

    training_image: str
    inference_image: str
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    mlflow_tracking_uri: str
    # Empty: MLflow lets everybody in. Otherwise it asks the cluster about tokens of this audience,
    # and namespaces are its workspaces.
    mlflow_audience: str = ""
    mlflow_token_file: Path = SECRETS / "mlflow" / "token"
    # The ClusterRole of training in its namespace, for MLflow.
    mlflow_training_role: str = ""

    s3_endpoint: str
    s3_region: str = "us-east-1"
    s3_bucket: str = "models"
    s3_ca_bundle: str = ""
    training_credentials_dir: Path = SECRETS / "training"
    inference_credentials_dir: Path = SECRETS / "inference"
    # None: the installation has keys, in the folders above.
    identity: Identity | None = None
    signing_dir: Path = SECRETS / "signing"
    # None: no rule, so everybody learns from what the training key may read.
    tenancy_datasets: tuple[DatasetRule, ...] | None = None
    training_allowed_images: str = ""  # with commas between them
    tenancy_endpoints: str = ""  # hosts and networks, with commas between them
    cluster_networks: str = ""  # of pods, Services and nodes, with commas between them
    api_server_host: str = Field(default="", validation_alias="KUBERNETES_SERVICE_HOST")
    sts_enabled: Mode = Mode.OFF
    sts_endpoint: str = ""  # empty: that of S3
    sts_role_arn: str = ""
    sts_duration_seconds: int = Field(default=LIFE_SECONDS, ge=SHORTEST_LIFE, le=LONGEST_LIFE)
    # None: a chart that says nothing of them. Empty: they are not wanted.
    network_policies: Network | None = None
    # Empty: the installation keeps no log of predictions.
    log_uri: str = ""
    log_credentials_dir: Path = SECRETS / "logs"
    # None: callers from outside reach no model by it.
    serving_route: RouteRule | None = None
    serving_ingress: IngressRule | None = None
    # Empty: serving pods have nobody to ask who calls.
    token_reviewer_url: str = ""
    # The ClusterRoleBinding of accounts that serving pods of former releases ask as.
    token_reviewer_binding: str = ""

    training_resources: ComputeResources | None = None
    inference_resources: ComputeResources | None = None
    training_pod_template: PodTemplate | None = None
    inference_pod_template: PodTemplate | None = None
    # auto: where the cluster does not choose the IDs of pods itself, as OpenShift does.
    fixed_ids: Literal["auto", "true", "false"] = "auto"

    registry_poll_seconds: float = Field(default=2.0, gt=0)
    resync_seconds: float = Field(default=60.0, gt=0)
    lease_name: str = "dandelion-operator"
    health_port: int = 8080
    metrics_port: int = 9090
    log_format: Literal["json", "console"] = "json"

    @field_validator("training_pod_template")
    @classmethod
    def speaks_of_the_training_container(cls, value: PodTemplate | None) -> PodTemplate | None:
        return value.of_container(TRAINING_CONTAINER) if value else None

    @field_validator("inference_pod_template")
    @classmethod
    def speaks_of_the_inference_container(cls, value: PodTemplate | None) -> PodTemplate | None:
        return value.of_container(INFERENCE_CONTAINER) if value else None

    @classmethod
    def from_environment(cls) -> Self:
        given: dict[str, Any] = {}
        return cls(**given)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Empty: all of them."""
        return _listed(self.watch_namespaces)

    @property
    def rights(self) -> Rights | None:
        if not self.namespace_role:
            return None
        return Rights(self.namespace_role, self.service_account, self.operator_namespace)

    @property
    def _registry_access(self) -> RegistryAccess | None:
        if not self.mlflow_audience:
            return None
        return RegistryAccess(self.mlflow_audience, self.mlflow_training_role)

    @property
    def defaults(self) -> Defaults:
        return Defaults(
            training_image=self.training_image,
            inference_image=self.inference_image,
            image_pull_policy=self.image_pull_policy,
            tracking_uri=self.mlflow_tracking_uri.rstrip("/"),
            s3_endpoint=self.s3_endpoint.rstrip("/"),
            s3_region=self.s3_region,
            s3_bucket=self.s3_bucket,
            s3_ca_bundle=self.s3_ca_bundle,
            log_uri=self.log_uri.rstrip("/"),
            images=_listed(self.training_allowed_images),
            token_reviewer=self.token_reviewer_url.rstrip("/"),
            datasets=self.tenancy_datasets,
            network=self.network_policies,
            endpoints=Endpoints(
                _listed(self.tenancy_endpoints),
                self.api_server_host,
                _listed(self.cluster_networks),
            ),
            sts=Sts(
                self.sts_enabled,
                self.sts_endpoint.rstrip("/"),
                self.sts_role_arn,
                self.sts_duration_seconds,
            ),
            training_resources=_or(self.training_resources, TRAINING_RESOURCES),
            inference_resources=_or(self.inference_resources, INFERENCE_RESOURCES),
            training_template=self.training_pod_template,
            inference_template=self.inference_pod_template,
            fixed_ids=self.fixed_ids != "false",
            installation=self.operator_namespace,
            registry_access=self._registry_access,
            route=self.serving_route,
            ingress=self.serving_ingress,
            credentials_dirs={
                naming.TRAINING: self.training_credentials_dir,
                naming.INFERENCE: self.inference_credentials_dir,
                naming.LOG: self.log_credentials_dir,
            },
            identity=self.identity,
            signing_files={
                naming.TRAINING: self.signing_dir / "training",
                naming.LOG: self.signing_dir / "logs",
            },
        )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _or(given: ComputeResources | None, otherwise: Mapping[str, Any]) -> Mapping[str, Any]:
    return otherwise if given is None else given.model_dump(mode="json", exclude_defaults=True)
