"""The Kubernetes objects that a ModelDeployment owns, as nouns: what they are, never what to do.

Pure functions from a parsed resource to plain dictionaries; called by `apply`.
"""

from dandelion_operator.loop.apply.builders.access import (
    service_account,
    training_account,
    training_binding,
)
from dandelion_operator.loop.apply.builders.budget import disruption_budget
from dandelion_operator.loop.apply.builders.deployment import deployment
from dandelion_operator.loop.apply.builders.jobs import evaluation_job, ingest_job, job
from dandelion_operator.loop.apply.builders.network_policy import network_policy
from dandelion_operator.loop.apply.builders.route import http_route, ingress
from dandelion_operator.loop.apply.builders.secret import (
    credentials_secret,
    purpose_secret,
    temporary_secret,
)
from dandelion_operator.loop.apply.builders.service import service

__all__ = [
    "credentials_secret",
    "deployment",
    "disruption_budget",
    "evaluation_job",
    "http_route",
    "ingest_job",
    "ingress",
    "job",
    "network_policy",
    "purpose_secret",
    "service",
    "service_account",
    "temporary_secret",
    "training_account",
    "training_binding",
]
